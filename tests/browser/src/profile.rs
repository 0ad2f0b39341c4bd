//! Somebody's browser.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Look, NetLog,
    browser::Driver,
    complaints,
    wire::{Refused, Wire},
};

/// The longest that something is waited for, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it is waited before something is looked for again: not long at first, as most things are there at once, and ever longer
/// after that, so that waiting takes no time from a machine that is busy making it true. WebDriver tells of nothing by itself: it only
/// answers (W3C WebDriver, section 6.3).
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(160));

/// Somebody's browser, with cookies and a window of its own. It closes when the value is dropped, and a complaint that nobody has seen
/// by then is one nevertheless.
pub struct Profile {
    pub(crate) wire: Wire,
    /// The process of the browser.
    pid: u64,
    /// Where it has been: a page that answers with a failure is none of a browser.
    pub(crate) visited: RefCell<BTreeSet<String>>,
    /// Complaints that are expected, by a part of them.
    pub(crate) forgiven: RefCell<Vec<String>>,
    pub(crate) folder: TempDir,
    closed: bool,
    // Last: the driver outlives its session.
    _driver: Arc<Driver>,
}

impl Profile {
    pub(crate) async fn open(driver: Arc<Driver>, look: Look) -> Self {
        let folder = tempfile::Builder::new().prefix("profile-").tempdir_in(driver.folder.path()).unwrap();
        let options = json!({
            "binary": driver.programs.chromium,
            "args": arguments(folder.path()),
            "prefs": {
                "intl.accept_languages": look.languages,
                "download.default_directory": folder.path().join("downloads"),
            },
        });
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "unhandledPromptBehavior": "ignore",
        });
        let body = json!({"capabilities": {"alwaysMatch": capabilities}});
        let session = driver.wire.post("/session", body).await;
        let session = session.unwrap_or_else(|refused| panic!("Chromium does not start: {refused}"));
        let profile = Self {
            wire: driver.wire.session(session["sessionId"].as_str().unwrap()),
            pid: session["capabilities"]["goog:processID"].as_u64().unwrap(),
            visited: RefCell::default(),
            forgiven: RefCell::default(),
            folder,
            closed: false,
            _driver: driver,
        };
        profile.look(look).await;
        profile
    }

    /// Looks at pages in another way from now on, and at the one that is open. The languages stay.
    pub async fn look(&self, look: Look) {
        for (command, parameters) in look.commands() {
            self.devtools(command, parameters).await;
        }
    }

    /// Opens a page, and waits until it and all its parts have come.
    pub async fn open_page(&self, url: &str) {
        let opened = self.wire.post("/url", json!({"url": url})).await;
        if let Err(refused) = opened {
            panic!("{url} does not open: {refused}");
        }
        self.no_complaints().await;
    }

    /// Gives the browser a cookie for the site whose page is open, as that site would.
    pub async fn set_cookie(&self, name: &str, value: &str) {
        let cookie = json!({"name": name, "value": value, "httpOnly": true, "sameSite": "Lax"});
        self.wire.post("/cookie", json!({"cookie": cookie})).await.unwrap();
    }

    /// The cookies that it has for the page that is open, as WebDriver tells them (section 14).
    pub async fn cookies(&self) -> Vec<Value> {
        self.wire.get("/cookie").await.unwrap().as_array().unwrap().clone()
    }

    /// Opens the page anew.
    pub async fn reload(&self) {
        self.wire.post("/refresh", json!({})).await.unwrap();
        self.no_complaints().await;
    }

    /// The address of the page, without what follows a `?` or `#`.
    pub async fn address(&self) -> String {
        let url = self.wire.get("/url").await.unwrap();
        let url = url.as_str().unwrap();
        url.split(['?', '#']).next().unwrap().to_owned()
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.wire.get("/title").await.unwrap().as_str().unwrap().to_owned()
    }

    /// Runs a script in the page and gives back what it returns. The page's policy does not hold for it.
    pub async fn script(&self, script: &str, arguments: &[Value]) -> Value {
        let body = json!({"script": script, "args": arguments});
        self.wire
            .post("/execute/sync", body)
            .await
            .unwrap_or_else(|refused| panic!("a script failed: {refused}"))
    }

    /// The same for a script that calls its last argument when it is done.
    pub async fn script_that_calls_back(&self, script: &str, arguments: &[Value]) -> Value {
        let body = json!({"script": script, "args": arguments});
        self.wire
            .post("/execute/async", body)
            .await
            .unwrap_or_else(|refused| panic!("a script failed: {refused}"))
    }

    /// What is in the window, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let picture = self.wire.get("/screenshot").await.unwrap();
        STANDARD.decode(picture.as_str().unwrap()).unwrap()
    }

    /// The process of the browser.
    pub fn pid(&self) -> u64 {
        self.pid
    }

    /// Closes it, and tells what it has spoken to.
    pub async fn close(mut self) -> NetLog {
        self.no_complaints().await;
        self.closed = true;
        self.wire.delete("").await.unwrap();
        NetLog::read(&net_log(self.folder.path()))
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.wire
            .devtools(command, parameters)
            .await
            .unwrap_or_else(|refused| panic!("{command} failed: {refused}"))
    }

    /// Tries until it is done.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut attempt: impl AsyncFnMut() -> Result<T, String>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        let (mut pause, longest) = PAUSES;
        loop {
            let tried = attempt().await;
            self.no_complaints().await;
            match tried {
                Ok(found) => return found,
                Err(trouble) if Instant::now() >= deadline => {
                    panic!("{what} never happened: {trouble}\n{}", self.report().await)
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = longest.min(pause * 2);
        }
    }

    /// What a person would tell about the page: where they are, what they see, and a picture of it.
    pub(crate) async fn report(&self) -> String {
        let told = async {
            let url = self.wire.get("/url").await?;
            let text = self.shown(None).await.unwrap_or_else(|trouble| trouble);
            let picture = self.keep_picture().await?;
            Ok::<_, Refused>(format!(
                "At {url} is shown:\n{text}\nThe picture of it is {}",
                picture.display()
            ))
        };
        told.await.unwrap_or_else(|refused| format!("and the page cannot be looked at: {refused}"))
    }

    /// A picture that is there when the test has failed.
    async fn keep_picture(&self) -> Result<PathBuf, Refused> {
        let picture = self.wire.get("/screenshot").await?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/browser-failures");
        fs::create_dir_all(&folder).unwrap();
        // The thread of a test has its name.
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("profile").replace("::", "-");
        let path = folder.join(format!("{name}-{}.png", self.pid));
        fs::write(&path, STANDARD.decode(picture.as_str().unwrap_or_default()).unwrap_or_default()).unwrap();
        Ok(path)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let (wire, visited) = (self.wire.anew(), self.visited.take());
        let forgiven = self.forgiven.take();
        // Closing cannot wait for the test's own runtime, so it has one of its own for a moment.
        let closing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let complaints = complaints::read(&wire, &visited, &forgiven).await;
                let _ = wire.delete("").await;
                complaints
            })
        });
        let complaints = closing.join().unwrap_or_default();
        assert!(
            complaints.is_empty() || std::thread::panicking(),
            "the page complains:\n{}",
            complaints.join("\n")
        );
    }
}

fn net_log(folder: &Path) -> PathBuf {
    folder.join("net-log.json")
}

/// How Chromium is started: without a window, with nothing of its own to ask for in the world, and with no way to get there. Every name
/// and address but this machine's is none.
fn arguments(folder: &Path) -> Vec<String> {
    let fixed = [
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pings",
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-component-update",
        "--disable-domain-reliability",
        "--disable-sync",
        "--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        // Chromium hears its orders from a pipe instead of a port: nobody else can give any, and it ends when chromedriver does,
        // however that ends.
        "--remote-debugging-pipe",
        // Letters look the same wherever they are drawn, as far as fonts are the same.
        "--font-render-hinting=none",
        "--disable-lcd-text",
        "--hide-scrollbars",
    ];
    let mut arguments: Vec<String> = fixed.iter().map(|argument| (*argument).to_owned()).collect();
    // Chromium refuses its sandbox to root, as which it runs in containers.
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments.push(format!("--user-data-dir={}", folder.join("data").display()));
    arguments.push(format!("--log-net-log={}", net_log(folder).display()));
    arguments
}
