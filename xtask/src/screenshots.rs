//! Makes the pictures of pages that the documentation shows.

use std::fs;

use rollcall_browser::{Browser, Look, Profile};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    demo::{Demo, Service},
    postgres::ThrowAway,
    process::{Result, root},
};

/// The pages, by the name of their picture. What differs from one run to the next (times, tokens) is not in them.
const PAGES: &[(&str, Way)] = &[
    ("home", Way::Path("/")),
    ("api", Way::Path("/docs")),
    ("sign-up", Way::Mail { to: "hypatia@museum.example", page: "/signup/complete" }),
    ("invitation", Way::Mail { to: "katherine@nasa.example", page: "/invitations/accept" }),
    ("new-password", Way::Mail { to: "viewer@acme.example", page: "/password/reset" }),
];

/// The ways in which they are looked at: a desk by day and by night, and a phone. A picture is as high as there is something to see, up
/// to the window's height.
const LOOKS: &[(&str, Look)] = &[
    ("light", Look { width: 1000, height: 640, ..Look::DESK }),
    ("dark", Look { width: 1000, height: 640, ..Look::DESK.in_the_dark() }),
    ("phone", Look::PHONE),
];

/// How somebody comes to a page.
enum Way {
    /// They know where it is.
    Path(&'static str),
    /// By the link in a mail.
    Mail {
        /// Whose mail.
        to: &'static str,
        /// Where the link leads.
        page: &'static str,
    },
}

/// Starts a service with demo data on a database of its own, and writes the pictures into docs/images.
pub(crate) async fn run() -> Result {
    let postgres = ThrowAway::start().await?.ok_or("the pictures need a PostgreSQL on this machine")?;
    let made = with_database(&postgres).await;
    postgres.stop().await?;
    made
}

async fn with_database(postgres: &ThrowAway) -> Result {
    let name = format!("rollcall_pictures_{}", std::process::id());
    let mut server = PgConnection::connect(&postgres.url("postgres")).await?;
    server.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let made = with_service(&postgres.url(&name)).await;
    server.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
    made
}

async fn with_service(database_url: &str) -> Result {
    let data = tempfile::tempdir()?;
    let data_dir = data.path().to_str().ok_or("a folder without a name")?;
    let service = tokio::task::block_in_place(|| {
        Service::start(&[
            ("ROLLCALL__DATABASE__URL", database_url),
            ("ROLLCALL__DATA_DIR", data_dir),
            ("ROLLCALL__HTTP__ADDRESS", "127.0.0.1:0"),
            ("ROLLCALL__HTTP__OPERATIONS_ADDRESS", "127.0.0.1:0"),
            ("ROLLCALL__LIMITS__ENABLED", "false"),
            ("ROLLCALL__LOG__LEVEL", "warn"),
        ])
    })?;
    let demo = Demo::at(&service.address)?;
    demo.fill().await?;
    demo.leave_links_open().await?;
    let folder = root().join("docs/images");
    fs::create_dir_all(&folder)?;
    let browser = Browser::start();
    for (suffix, look) in LOOKS {
        let profile = browser.profile_with(*look).await;
        for (name, way) in PAGES {
            let address = match way {
                Way::Path(path) => format!("{}{path}", service.address),
                Way::Mail { to, page } => demo.mailed_link(to, page).await?,
            };
            let path = folder.join(format!("{name}-{suffix}.png"));
            fs::write(&path, picture(&profile, &address).await)?;
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// A picture without a blinking cursor in it.
async fn picture(profile: &Profile, address: &str) -> Vec<u8> {
    profile.open_page(address).await;
    profile.script("document.activeElement.blur(); scrollTo(0, 0);", &[]).await;
    profile.picture().await
}
