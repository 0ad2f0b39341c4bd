//! The development profile: one command, and everything else is found or made.

use std::{collections::BTreeSet, process::Stdio};

use rollcall_tests::{
    Binary, Caller, PASSWORD, Tab, TestDatabase,
    smtp::{Behaviour, SmtpServer},
    until,
};
use serde_json::json;

/// A folder that the user that PostgreSQL runs as can get to.
fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix("rollcall-dev-").permissions(open).tempdir().unwrap()
}

async fn sign_up(anonymous: &Caller, email: &str) {
    let signup = json!({"email": email, "name": "Grace", "organization_name": "Acme"});
    anonymous.post("/v1/signup", signup).await.expect(202);
    let link = until("a link", async || {
        let mails = anonymous.get("/dev/mailbox.json").await.expect(200);
        let mail = mails.list("data").iter().find(|mail| mail["to"] == email)?.clone();
        Some(mail["links"][0].as_str()?.to_owned())
    })
    .await;
    let (_, token) = link.split_once("token=").unwrap();
    let complete = json!({"token": token, "password": PASSWORD});
    anonymous.post("/v1/signup/complete", complete).await.expect(201);
}

async fn sign_in(anonymous: &Caller, email: &str) {
    anonymous.post("/v1/sessions", json!({"email": email, "password": PASSWORD})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_starts_with_a_private_database_whose_data_survive_a_restart_and_a_kill() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let environment = [("ROLLCALL__DATA_DIR", data_dir.to_str().unwrap())];
    let first = Binary::serve(&environment);
    sign_up(&first.anonymous(), "first@example.com").await;

    // A second start on the same data directory says so, in one clear line.
    let second = Binary::command(&environment)
        .arg("serve")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success());
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("is in use by another rollcall") && said.contains(&first.pid().to_string()),
        "{said}"
    );
    // A visit by a subcommand disturbs nobody.
    assert!(Binary::command(&environment).arg("migrate").stdout(Stdio::null()).status().unwrap().success());
    sign_in(&first.anonymous(), "first@example.com").await;

    first.terminate();
    let restarted = Binary::serve(&environment);
    sign_in(&restarted.anonymous(), "first@example.com").await;
    sign_up(&restarted.anonymous(), "second@example.com").await;
    restarted.kill();
    let after_kill = Binary::serve(&environment);
    for email in ["first@example.com", "second@example.com"] {
        sign_in(&after_kill.anonymous(), email).await;
    }
    // The generated keys are nobody else's to read.
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(data_dir.join("keyring")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    after_kill.terminate();
}

#[test]
fn production_makes_nothing_up() {
    let refused = Binary::command(&[("ROLLCALL_ENV", "production")]).arg("check-config").output().unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("ROLLCALL__DATABASE__URL must be set in production"), "{said}");
    let unknown =
        Binary::command(&[("ROLLCALL__HTTP__ADRESS", "127.0.0.1:1")]).arg("check-config").output().unwrap();
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && said.contains("adress"), "{said}");
}

#[test]
fn asvs_16_2_5_what_is_no_text_is_named_and_not_repeated() {
    use std::os::unix::ffi::OsStrExt;
    let no_text = std::ffi::OsStr::from_bytes(b"hunter2\xff");
    let mut command = Binary::command(&[]);
    let refused = command.env("ROLLCALL__OPERATOR__TOKEN", no_text).arg("check-config").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("ROLLCALL__OPERATOR__TOKEN is not UTF-8"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    // What is no text is no profile either, least of all that of development.
    let refused = Binary::command(&[]).env("ROLLCALL_ENV", no_text).arg("check-config").output().unwrap();
    assert!(!refused.status.success());
}

#[tokio::test]
async fn asvs_16_2_5_what_nothing_reads_in_a_database_s_url_is_named_and_not_repeated() {
    let database = rollcall_tests::TestDatabase::create().await;
    let more = if database.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{more}sslpassword=hunter2", database.url());
    for (name, visit) in [
        ("ROLLCALL__DATABASE__URL", &["keys", "ring"][..]),
        ("ROLLCALL__DATABASE__REPLICA_URL", &["keys", "ring"]),
        ("ROLLCALL__DATABASE__URL", &["migrate"]),
    ] {
        let environment = [("ROLLCALL__DATABASE__URL", database.url()), (name, url.as_str())];
        let visited = Binary::command(&environment).args(visit).output().unwrap();
        let said = String::from_utf8_lossy(&[visited.stdout, visited.stderr].concat()).into_owned();
        assert!(!said.contains("hunter2"), "{said}");
        assert!(visit == ["migrate"] || said.contains("sslpassword") && said.contains(name), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_there_is_no_mailbox_and_cookies_are_for_tls_only() {
    let database = rollcall_tests::TestDatabase::create().await;
    let environment = [
        ("ROLLCALL_ENV", "production"),
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__HTTP__PUBLIC_URL", "https://rollcall.example"),
        ("ROLLCALL__KEYS__RING", "1:QmFvXbRPHH8tFcz0Pq9aXlPnhD3vjCqUUJdsYb0tVzE="),
        ("ROLLCALL__EMAIL__SMTP_URL", "smtps://mail.example"),
    ];
    let server = Binary::serve(&environment);
    for path in ["/dev/mailbox", "/dev/mailbox.json"] {
        server.anonymous().get(path).await.problem(404, "not_found");
        server.anonymous().delete(path).await.problem(404, "not_found");
    }
    // Nor is there anything of the repository, a folder, or what servers tell of themselves.
    for path in [
        "/.git/config",
        "/.env",
        "/Cargo.toml",
        "/config",
        "/assets",
        "/assets/",
        "/metrics",
        "/server-status",
    ] {
        server.anonymous().get(path).await.problem(404, "not_found");
    }
    let answer = server.anonymous().get("/healthz").await.expect(200);
    assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"));
    server.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asvs_3_3_1_and_3_3_3_in_production_every_cookie_is_for_this_host_alone_and_no_script_sees_it() {
    const ORIGIN: &str = "https://rollcall.example";
    const EMAIL: &str = "grace@hopper.example";
    let (database, smtp) = (TestDatabase::create().await, SmtpServer::start(Behaviour::Accept).await);
    let smtp_url = smtp.url();
    let server = Binary::serve(&[
        ("ROLLCALL_ENV", "production"),
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__HTTP__PUBLIC_URL", ORIGIN),
        ("ROLLCALL__KEYS__RING", "1:QmFvXbRPHH8tFcz0Pq9aXlPnhD3vjCqUUJdsYb0tVzE="),
        ("ROLLCALL__EMAIL__SMTP_URL", &smtp_url),
    ]);
    let tab = Tab::behind(server.anonymous(), ORIGIN);
    let fields = [("name", "Grace"), ("email", EMAIL), ("organization_name", "Navy")];
    tab.send("/sign-up", "/sign-up", &fields).await.expect(303);
    let token = until("the link", async || crate::crash::mailed_token(&smtp, EMAIL)).await;
    let page = format!("/signup/complete?token={token}");
    let done = tab.send(&page, "/signup/complete", &[("password", PASSWORD)]).await.expect(303);
    tab.follow(done.header("location")).await.expect(200);
    let grace = server.anonymous().with_token(&tab.cookie("session").unwrap());

    // A call is taken, and given back.
    let id = crate::escalations::escalate(&grace, "CA1", 5).await;
    let set = tab.send("/live", "/live/status", &[("status", "available"), ("note", "")]).await.expect(303);
    let there = tab.follow(set.header("location")).await.expect(200);
    tab.fill(&there, &format!("/live/calls/{id}/claim"), &[]).await.expect(303);
    assert!(tab.cookie(&format!("lease_{id}")).is_some());
    tab.send("/live", &format!("/live/calls/{id}/release"), &[]).await.expect(303);

    // The API gives a device its cookie, too.
    let sign_in = json!({"email": EMAIL, "password": PASSWORD});
    let by_api = server.anonymous().post("/v1/sessions", sign_in).await.expect(201);
    let by_api = by_api.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
    let by_api: Vec<String> = by_api.collect();
    assert_eq!(by_api.len(), 1, "{by_api:?}");

    // With a second factor, the first step has one of its own.
    let begun = grace.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let code = crate::observability::authenticator(&database, begun.text_at("/secret")).await.code();
    let confirmed = grace.post("/v1/me/mfa/totp/confirm", json!({"code": code})).await.expect(200);
    let recovery_code = confirmed.list("recovery_codes")[0].as_str().unwrap();
    tab.send("/account", "/sign-out", &[]).await.expect(303);
    let asked = tab.send("/sign-in", "/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let second = asked.expect(303).header("location").to_owned();
    tab.send(&second, "/sign-in/second-factor", &[("code", recovery_code)]).await.expect(303);
    tab.get("/account").await.expect(200);
    server.terminate();

    let mut kinds = BTreeSet::new();
    for line in tab.given().iter().chain(&by_api) {
        let mut parts = line.split("; ");
        let name = parts.next().unwrap().split('=').next().unwrap();
        let kind = name.strip_prefix("__Host-rollcall_").unwrap_or_else(|| panic!("{line}"));
        kinds.insert(kind.split('_').next().unwrap().to_owned());
        let attributes: Vec<&str> = parts.collect();
        for needed in ["Secure", "Path=/", "HttpOnly"] {
            assert!(attributes.contains(&needed), "{needed}: {line}");
        }
        assert!(["SameSite=Lax", "SameSite=Strict"].iter().any(|one| attributes.contains(one)), "{line}");
        let of_a_domain = |attribute: &&str| attribute.to_ascii_lowercase().starts_with("domain");
        assert!(!attributes.iter().any(of_a_domain), "{line}");
    }
    assert_eq!(
        kinds.iter().collect::<Vec<_>>(),
        ["challenge", "device", "form", "lease", "notice", "session"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_another_url_does_not_make_other_logs_of_the_audit_logs() {
    let database = rollcall_tests::TestDatabase::create().await;
    let environment = |url| {
        [
            ("ROLLCALL_ENV", "production"),
            ("ROLLCALL__DATABASE__URL", database.url()),
            ("ROLLCALL__HTTP__PUBLIC_URL", url),
            ("ROLLCALL__KEYS__RING", "1:QmFvXbRPHH8tFcz0Pq9aXlPnhD3vjCqUUJdsYb0tVzE="),
            ("ROLLCALL__EMAIL__SMTP_URL", "smtps://mail.example"),
        ]
    };
    let said = |environment: &[(&str, &str)], arguments: &[&str]| {
        let output = Binary::command(environment).args(arguments).output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.success(), text.concat())
    };
    let (before, after) = (environment("https://one.example"), environment("https://two.example"));
    // What tests make cheap is unsafe, which is another matter.
    let (_, warned) = said(&before, &["check-config"]);
    assert!(
        warned.contains("can be used")
            && warned.contains("ROLLCALL__AUDIT__ORIGIN")
            && warned.contains("one.example"),
        "{warned}"
    );
    Binary::serve(&before).terminate();
    // Nothing was signed yet, so another URL is as good.
    Binary::serve(&after).terminate();
    let (signed, note) = said(&before, &["audit", "checkpoint"]);
    assert!(signed && note.starts_with("one.example/platform\n"), "{note}");

    for arguments in [["serve"].as_slice(), &["audit", "checkpoint"], &["audit", "check"]] {
        let (done, refused) = said(&after, arguments);
        assert!(!done, "{refused}");
        for part in ["one.example", "two.example", "ROLLCALL__AUDIT__ORIGIN"] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
    }
    // Either way is open to whoever says which.
    let named = |origin| after.into_iter().chain([("ROLLCALL__AUDIT__ORIGIN", origin)]).collect::<Vec<_>>();
    let kept = named("one.example");
    let (checked, quiet) = said(&kept, &["check-config"]);
    // That it is unsafe in other ways is the same with either name.
    assert!(!checked && !quiet.contains("ROLLCALL__AUDIT__ORIGIN"), "{quiet}");
    Binary::serve(&kept).terminate();
    let renamed = named("two.example");
    Binary::serve(&renamed).terminate();
    let (signed, note) = said(&renamed, &["audit", "checkpoint"]);
    assert!(signed && note.contains("two.example/platform\n"), "{note}");
    // From then on that is the name.
    Binary::serve(&after).terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_answered_when_it_is_told_to_stop_is_answered() {
    use std::io::{Read, Write};
    let database = rollcall_tests::TestDatabase::create().await;
    let data = tempfile::tempdir().unwrap();
    let server = Binary::serve(&[
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap()),
    ]);
    let body = json!({"email": "late@example.com", "name": "Late", "organization_name": "Acme"}).to_string();
    let (first, rest) = body.split_at(10);
    let mut connection =
        std::net::TcpStream::connect(server.base().strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /v1/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(first.as_bytes()).unwrap();
    // Another request on another connection has been answered, so this one has certainly arrived.
    server.anonymous().get("/healthz").await.expect(200);
    let base = server.base().to_owned();
    let stopping = std::thread::spawn(move || server.terminate());
    until("no more connections are taken", async || {
        std::net::TcpStream::connect(base.strip_prefix("http://").unwrap()).is_err().then_some(())
    })
    .await;
    connection.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    stopping.join().unwrap();
}
