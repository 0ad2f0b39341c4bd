//! Makes the pictures of pages that the documentation shows.

use std::{fs, path::PathBuf};

use rollcall_browser::{Browser, Look, Profile};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    customer,
    demo::{Demo, Service},
    png,
    postgres::ThrowAway,
    process::{Result, root},
};

type Picture = (&'static str, Way, &'static [(&'static str, &'static str)]);

/// Pages that somebody comes to who is not signed in: the name of their picture, how one comes there, and what is filled in.
const PAGES: &[Picture] = &[
    ("home", Way::Path("/"), &[]),
    ("api", Way::Path("/docs"), &[]),
    (
        "sign-up",
        Way::Path("/sign-up"),
        &[
            ("Your name", "Priya Raman"),
            ("Email", "priya@raman.example"),
            ("Name of your organization", "Harbor Dental Group"),
        ],
    ),
    (
        "sign-in",
        Way::Path("/sign-in"),
        &[("Email", "priya.raman@harbor.example"), ("Password", "a long password")],
    ),
    (
        "invitation",
        Way::Mail { to: "katherine@nasa.example", page: "/invitations/accept" },
        &[("Your name", "Katherine Johnson")],
    ),
];

/// The ways in which a page is looked at: a desk by day and by night, and a phone. A picture is as high as the window.
const fn looks(width: u32, height: u32) -> [(&'static str, Look); 3] {
    let desk = Look { width, height, ..Look::DESK };
    [("light", desk), ("dark", desk.in_the_dark()), ("phone", Look::PHONE)]
}

/// A sheet; a page of the console, which has its navigation beside it; and two of which there is more to be seen at once.
const SHEET: [(&str, Look); 3] = looks(1000, 640);
const CONSOLE: [(&str, Look); 3] = looks(1200, 750);
const TALL: [(&str, Look); 3] = looks(1200, 960);
const CONTROLS: [(&str, Look); 3] = looks(1200, 1290);

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
    // There is nothing else in it.
    if folder().exists() {
        fs::remove_dir_all(folder())?;
    }
    fs::create_dir_all(folder())?;
    let browser = Browser::start();
    let somebody = browser.profile().await;
    for (name, way, fields) in PAGES {
        let address = match way {
            Way::Path(path) => format!("{}{path}", service.address),
            Way::Mail { to, page } => demo.mailed_link(to, page).await?,
        };
        somebody.open_page(&address).await;
        for (label, text) in *fields {
            somebody.fill(label, text).await;
        }
        pictures(&somebody, name, SHEET).await?;
    }
    let call = customer::fill(&demo, database_url).await?;
    show_password(&somebody, &service.address, customer::WITH_SECOND_FACTOR).await;
    somebody.sees("Your password is right.").await;
    pictures(&somebody, "second-factor", SHEET).await?;
    let owner = browser.profile().await;
    enter(&owner, &service.address, customer::OWNER).await;
    console(&owner, &service.address, &call).await?;
    customer::be_there(&demo).await?;
    let agent = browser.profile().await;
    enter(&agent, &service.address, customer::AGENT).await;
    board(&agent).await
}

/// What an Owner sees.
async fn console(owner: &Profile, address: &str, call: &str) -> Result {
    let go = async |path: &str| owner.open_page(&format!("{address}{path}")).await;
    for (name, path, looks) in [
        ("team", "/settings/team", TALL),
        ("api-keys", "/settings/api-keys", CONSOLE),
        ("security", "/settings/security", CONTROLS),
        ("billing", "/settings/billing", CONSOLE),
        ("account", "/account", CONSOLE),
        ("calls", "/calls", CONSOLE),
        ("call", &format!("/calls/{call}"), CONSOLE),
    ] {
        go(path).await;
        pictures(owner, name, looks).await?;
    }
    go("/settings/team/invite-many").await;
    owner.fill("Email addresses", customer::TO_INVITE).await;
    pictures(owner, "invite", CONSOLE).await?;
    go("/settings/team").await;
    owner.click("Manage Maria Santos").await;
    owner.click("Remove…").await;
    pictures(owner, "remove", CONSOLE).await?;
    go("/settings/api-keys").await;
    owner.click("Manage Voice platform").await;
    pictures(owner, "api-key", CONSOLE).await?;
    go("/settings/api-keys/new").await;
    owner.fill("Name", "Call recorder").await;
    owner.click("Write down calls, transcripts and recordings calls:write").await;
    owner.click("Create the key").await;
    owner.sees("This is shown once.").await;
    owner.click("Copy").await;
    owner.sees("Copied.").await;
    pictures(owner, "new-api-key", CONSOLE).await?;
    owner.click("I have kept it. Go to the key").await;
    owner.click("Your account").await;
    owner.click("Second factor").await;
    owner.click("Set up an app").await;
    owner.sees("Scan this with your authenticator app.").await;
    pictures(owner, "authenticator-app", CONSOLE).await?;
    owner.click("Audit log").await;
    owner.choose("Who", "Priya Raman").await;
    owner.click("Search").await;
    owner.sees("Show everything").await;
    pictures(owner, "audit-log", CONSOLE).await?;
    go("/settings/audit").await;
    owner.choose("What", "Transcript stored").await;
    owner.click("Search").await;
    owner.sees("Show everything").await;
    owner.click("Details: Transcript stored").await;
    owner.click("Prove this event").await;
    owner.sees("The proof holds").await;
    pictures(owner, "audit-proof", CONSOLE).await
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
    agent.click("Play a sound when a call is offered").await;
    pictures(agent, "live", TALL).await
}

async fn enter(profile: &Profile, address: &str, email: &str) {
    show_password(profile, address, email).await;
    profile.sees("Sign out").await;
}

async fn show_password(profile: &Profile, address: &str, email: &str) {
    profile.open_page(&format!("{address}/sign-in")).await;
    profile.fill("Email", email).await;
    profile.fill("Password", customer::password()).await;
    profile.click("Sign in").await;
}

fn folder() -> PathBuf {
    root().join("docs/images")
}

/// The page that is open, in each way of looking at it, without a blinking cursor.
async fn pictures(profile: &Profile, name: &str, looks: [(&str, Look); 3]) -> Result {
    for (suffix, look) in looks {
        profile.look(look).await;
        profile.script("document.activeElement.blur(); scrollTo(0, 0);", &[]).await;
        let path = folder().join(format!("{name}-{suffix}.png"));
        fs::write(&path, png::with_palette(&profile.picture().await)?)?;
        println!("{}", path.display());
    }
    // What is clicked next is looked for on a desk.
    profile.look(Look::DESK).await;
    Ok(())
}
