//! Makes the pictures of pages that the documentation shows.

use std::{fs, path::PathBuf};

use rollcall_browser::{Browser, Look, Profile};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    customer,
    demo::{Demo, Service},
    postgres::ThrowAway,
    process::{Result, root},
};

/// Pages that somebody comes to who is not signed in, by the name of their picture. What differs from one run to the next (times, tokens)
/// is not in them.
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

/// The same for the console, which has its navigation beside the page.
const CONSOLE_LOOKS: &[(&str, Look)] = &[
    ("light", Look { width: 1200, height: 750, ..Look::DESK }),
    ("dark", Look { width: 1200, height: 750, ..Look::DESK.in_the_dark() }),
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
    fs::create_dir_all(folder())?;
    let browser = Browser::start();
    let somebody = browser.profile().await;
    for (name, way) in PAGES {
        let address = match way {
            Way::Path(path) => format!("{}{path}", service.address),
            Way::Mail { to, page } => demo.mailed_link(to, page).await?,
        };
        somebody.open_page(&address).await;
        pictures(&somebody, name, LOOKS).await?;
    }
    let call = customer::fill(&demo, database_url).await?;
    let (owner, agent) = (browser.profile().await, browser.profile().await);
    enter(&owner, &service.address, customer::OWNER).await;
    console(&owner, &service.address, &call).await?;
    enter(&agent, &service.address, customer::AGENT).await;
    board(&agent).await
}

/// What an Owner sees.
async fn console(owner: &Profile, address: &str, call: &str) -> Result {
    for (name, path) in [
        ("team", "/settings/team"),
        ("api-keys", "/settings/api-keys"),
        ("security", "/settings/security"),
        ("billing", "/settings/billing"),
        ("account", "/account"),
        ("calls", "/calls"),
        ("call", &format!("/calls/{call}")),
    ] {
        owner.open_page(&format!("{address}{path}")).await;
        pictures(owner, name, CONSOLE_LOOKS).await?;
    }
    owner.open_page(&format!("{address}/settings/api-keys")).await;
    owner.click("Manage Voice platform").await;
    pictures(owner, "api-key", CONSOLE_LOOKS).await?;
    owner.open_page(&format!("{address}/settings/api-keys/new")).await;
    owner.fill("Name", "Call recorder").await;
    owner.click("Write down calls, transcripts and recordings calls:write").await;
    owner.click("Create the key").await;
    owner.sees("This is shown once.").await;
    owner.click("Copy").await;
    owner.sees("Copied.").await;
    pictures(owner, "new-api-key", CONSOLE_LOOKS).await?;
    owner.click("I have kept it. Go to the key").await;
    owner.click("Audit log").await;
    pictures(owner, "audit-log", CONSOLE_LOOKS).await?;
    owner.choose("What", "Transcript stored").await;
    owner.click("Search").await;
    owner.sees("Show everything").await;
    owner.click("Details: Transcript stored").await;
    owner.click("Prove this event").await;
    owner.sees("The proof holds").await;
    pictures(owner, "audit-proof", CONSOLE_LOOKS).await
}

/// What an agent sees while calls wait.
async fn board(agent: &Profile) -> Result {
    agent.choose("Your status", "Available").await;
    agent.click("Set my status").await;
    agent.sees("You are available.").await;
    agent.click("Take it: Question about the bill for a crown").await;
    agent.sees("The call is yours.").await;
    agent.click("Refresh").await;
    agent.sees("Live Live Refresh").await;
    pictures(agent, "live", CONSOLE_LOOKS).await
}

async fn enter(profile: &Profile, address: &str, email: &str) {
    profile.open_page(&format!("{address}/sign-in")).await;
    profile.fill("Email", email).await;
    profile.fill("Password", customer::password()).await;
    profile.click("Sign in").await;
    profile.sees("Sign out").await;
}

fn folder() -> PathBuf {
    root().join("docs/images")
}

/// The page that is open, in each way of looking at it, without a blinking cursor.
async fn pictures(profile: &Profile, name: &str, looks: &[(&str, Look)]) -> Result {
    for (suffix, look) in looks {
        profile.look(*look).await;
        profile.script("document.activeElement.blur(); scrollTo(0, 0);", &[]).await;
        let path = folder().join(format!("{name}-{suffix}.png"));
        fs::write(&path, profile.picture().await)?;
        println!("{}", path.display());
    }
    // What is clicked next is looked for on a desk.
    profile.look(Look::DESK).await;
    Ok(())
}
