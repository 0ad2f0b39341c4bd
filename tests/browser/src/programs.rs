//! Where Chromium and its driver are.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

/// The environment variable that says what happens where there is no Chromium: `required` fails, anything else leaves browser tests out
/// and says so. It is for `cargo xtask test`; a browser test that runs nevertheless fails.
pub const BROWSER: &str = "ROLLCALL_BROWSER";

const CHROMIUM: (&str, &[&str]) = (
    "ROLLCALL_CHROMIUM",
    &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
);
const CHROMEDRIVER: (&str, &[&str]) = ("ROLLCALL_CHROMEDRIVER", &["chromedriver"]);

/// The programs that browser tests need.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The browser.
    pub chromium: PathBuf,
    /// What takes orders for it (W3C WebDriver), of the same version.
    pub chromedriver: PathBuf,
}

/// What is not there, and where it comes from.
#[derive(Debug)]
pub struct Missing(&'static str, &'static str);

impl Programs {
    /// Those that the environment names, or the first on the path.
    pub fn find() -> Result<Self, Missing> {
        Ok(Self { chromium: find("Chromium", CHROMIUM)?, chromedriver: find("chromedriver", CHROMEDRIVER)? })
    }
}

fn find(what: &'static str, (variable, names): (&'static str, &[&str])) -> Result<PathBuf, Missing> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let named = env::var_os(variable);
    let names = match &named {
        Some(name) => vec![name.clone()],
        None => names.iter().map(OsString::from).collect(),
    };
    // A name that is a path already stays what it is when it is joined to a folder.
    let mut places =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(Path::new(name))));
    places.find(|place| place.is_file()).ok_or(Missing(what, variable))
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(what, variable) = self;
        write!(
            formatter,
            "{what} is not found here: install it (Debian and Ubuntu: `apt-get install chromium chromium-driver`), or name it in {variable}"
        )
    }
}

impl std::error::Error for Missing {}
