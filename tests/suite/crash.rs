//! `kill -9` in the middle of work: what was answered is there, and nothing is half-made.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rollcall_tests::{
    Answer, Binary, Caller, PASSWORD, TestDatabase,
    smtp::{Behaviour, SmtpServer},
    until,
};
use serde_json::json;

async fn try_post(caller: &Caller, path: &str, body: serde_json::Value) -> Option<Answer> {
    Answer::try_of(caller.request(reqwest::Method::POST, path).json(&body)).await.ok()
}

/// The token in the mail to an address, decoded from what the mail server got.
pub(crate) fn mailed_token(smtp: &SmtpServer, email: &str) -> Option<String> {
    let mail = smtp.received().into_iter().rev().find(|mail| mail.recipients.contains(&email.to_owned()))?;
    let text = mail.data.replace("=\r\n", "").replace("=3D", "=");
    Some(text.split("token=").nth(1)?.chars().take_while(char::is_ascii_alphanumeric).collect())
}

/// What somebody signs up with.
fn signup(email: &str) -> serde_json::Value {
    json!({"email": email, "name": "Grace", "organization_name": "Acme"})
}

/// An Owner, who has signed up by the link that the mail server got.
async fn sign_up_owner(anonymous: &Caller, smtp: &SmtpServer) -> Caller {
    let email = "owner@example.com";
    try_post(anonymous, "/v1/signup", signup(email)).await.unwrap().expect(202);
    let token = until("the owner's link", async || mailed_token(smtp, email)).await;
    let complete = json!({"token": token, "password": PASSWORD});
    let owner = try_post(anonymous, "/v1/signup/complete", complete).await.unwrap().expect(201);
    anonymous.with_token(owner.text_at("/session/token"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_sign_ups_and_invitations_it_loses_nothing_that_was_answered() {
    let database = TestDatabase::create().await;
    let smtp = SmtpServer::start(Behaviour::Accept).await;
    let (data, url) = (tempfile::tempdir().unwrap(), smtp.url());
    let environment = [
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap()),
        ("ROLLCALL__EMAIL__SMTP_URL", url.as_str()),
    ];
    let server = Binary::serve(&environment);
    let anonymous = server.anonymous();
    let owner = sign_up_owner(&anonymous, &smtp).await;

    // A stream of sign-ups and invitations, cut off at some moment.
    let work = |n: usize| {
        let (anonymous, owner) = (anonymous.clone(), owner.clone());
        async move {
            let mut answered = Vec::new();
            for round in 0..1_000 {
                let email = format!("{}{n}x{round}@example.com", if n.is_multiple_of(2) { "s" } else { "i" });
                let answer = if n.is_multiple_of(2) {
                    try_post(&anonymous, "/v1/signup", signup(&email)).await
                } else {
                    try_post(&owner, "/v1/invitations", json!({"email": email, "role": "viewer"})).await
                };
                match answer {
                    Some(answer) if answer.status.is_success() => answered.push(email),
                    _ => break,
                }
            }
            answered
        }
    };
    let working: Vec<_> = (0..8).map(|n| tokio::spawn(work(n))).collect();
    until("some work is done", async || {
        let rows = database.rows("SELECT count(*) AS done FROM mails").await;
        (rows[0]["done"].as_u64().unwrap() > 60).then_some(())
    })
    .await;
    server.kill();
    let answered: Vec<String> = join_all(working).await.into_iter().flat_map(|done| done.unwrap()).collect();
    assert!(answered.len() > 40, "only {} were answered before the kill", answered.len());

    let again = Binary::serve(&environment);
    until("every queued mail goes out", async || {
        let waiting =
            database.rows("SELECT 1 AS one FROM mails WHERE state = 'queued' AND due_at <= now()").await;
        waiting.is_empty().then_some(())
    })
    .await;
    // Letters that were being sent when the server died are under its lease for a while.
    database.execute("UPDATE mails SET due_at = now() WHERE state = 'queued'").await;
    let sent = until("every answered request has its mail", async || {
        let sent: BTreeSet<String> = smtp.received().into_iter().flat_map(|mail| mail.recipients).collect();
        answered.iter().all(|email| sent.contains(email)).then_some(sent)
    })
    .await;
    assert!(sent.len() >= answered.len());

    // A link that went out after the restart works, and nothing is half-made.
    let newcomer = answered.iter().rev().find(|email| email.starts_with('s')).unwrap();
    let token = mailed_token(&smtp, newcomer).unwrap();
    let complete = json!({"token": token, "password": PASSWORD});
    try_post(&again.anonymous(), "/v1/signup/complete", complete).await.unwrap().expect(201);
    for (what, query) in [
        (
            "an organization without an Owner",
            "SELECT 1 AS one FROM organizations o WHERE NOT EXISTS (SELECT FROM members m WHERE m.org_id = o.org_id AND m.role = 'owner')",
        ),
        (
            "an invitation without its event",
            "SELECT 1 AS one WHERE (SELECT count(*) FROM invitations) <> (SELECT count(*) FROM audit_events WHERE action = 'invitation.created')",
        ),
        (
            "an invitation without its mail",
            "SELECT 1 AS one FROM invitations i WHERE NOT EXISTS (SELECT FROM mails m WHERE m.subject = i.invitation_id)",
        ),
        (
            "a sign-up without its mail",
            "SELECT 1 AS one FROM signups s WHERE NOT EXISTS (SELECT FROM mails m WHERE m.subject = s.signup_id)",
        ),
    ] {
        assert!(database.rows(query).await.is_empty(), "{what}");
    }
    again.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_the_commit_and_keeping_its_answer_a_keyed_request_is_not_done_again() {
    let database = TestDatabase::create().await;
    let smtp = SmtpServer::start(Behaviour::Accept).await;
    let (data, url) = (tempfile::tempdir().unwrap(), smtp.url());
    let environment = [
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap()),
        ("ROLLCALL__EMAIL__SMTP_URL", url.as_str()),
        ("ROLLCALL__HTTP__TIMEOUT_SECONDS", "2"),
    ];
    let server = Binary::serve(&environment);
    let anonymous = server.anonymous();
    let token = sign_up_owner(&anonymous, &smtp).await.token().to_owned();
    // Whoever keeps an answer gets no further.
    database
        .execute(
            "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN IF NEW.answer IS NOT NULL THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END';
             CREATE TRIGGER hold_up BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION hold_up()",
        )
        .await;
    let ask = async |anonymous: Caller| {
        let owner = anonymous.with_token(&token);
        let request = owner.request(reqwest::Method::POST, "/v1/api-keys").header("Idempotency-Key", "k");
        let body = json!({"name": "Importer", "scopes": ["calls:read"]});
        Answer::try_of(request.json(&body)).await.ok()
    };
    const HELD_UP: &str = "SELECT pid FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let killed = async {
        until("the answer is being kept", async || (!database.rows(HELD_UP).await.is_empty()).then_some(()))
            .await;
        server.kill();
    };
    let (_, ()) = tokio::join!(ask(anonymous.clone()), killed);
    database.execute(&format!("SELECT pg_terminate_backend(pid) FROM ({HELD_UP}) held_up")).await;
    until("nothing is held up", async || database.rows(HELD_UP).await.is_empty().then_some(())).await;
    database.execute("DROP TRIGGER hold_up ON idempotency_keys").await;

    let again = Binary::serve(&environment);
    let told = until("it is not running any more", async || {
        ask(again.anonymous()).await.filter(|answer| answer.text_at("/code") != "request_in_progress")
    })
    .await;
    told.problem(409, "answer_gone");
    assert_eq!(database.rows("SELECT name FROM api_keys").await.len(), 1);
    let events = database.rows("SELECT 1 AS one FROM audit_events WHERE action = 'api_key.created'").await;
    assert_eq!(events.len(), 1);
    again.terminate();
}
