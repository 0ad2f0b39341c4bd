//! Mail, against a real mail server that behaves badly.

use std::sync::Arc;

use rollcall_application::{
    mail::{MailOutcome, Outbox},
    ports::Clock,
};
use rollcall_tests::{
    ManualClock, Service, TestDatabase,
    smtp::{Behaviour, SmtpServer},
    store_at, until,
};
use serde_json::{Value, json};
use time::Duration;

/// A service that sends by SMTP, and the server it sends to.
async fn service_with(behaviour: Behaviour) -> (Service, SmtpServer) {
    let smtp = SmtpServer::start(behaviour).await;
    let service = Service::start_with(&[
        ("email.smtp_url", &smtp.url()),
        ("email.from", "Rollcall <team@rollcall.example>"),
    ])
    .await;
    (service, smtp)
}

async fn sign_up(service: &Service, email: &str) {
    let signup = json!({"email": email, "name": "Grace\u{a0}Hopper", "organization_name": "Acme"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
}

/// What the database says about the one mail there is.
async fn the_mail(service: &Service) -> Value {
    service.database.rows("SELECT state, attempts, last_error FROM mails").await.remove(0)
}

#[tokio::test]
async fn a_mail_has_one_recipient_one_subject_two_parts_and_a_link_to_the_configured_host() {
    let (service, smtp) = service_with(Behaviour::Accept).await;
    let email = Service::new_address("grace");
    sign_up(&service, &email).await;
    until("a mail", async || smtp.received().into_iter().next()).await;
    service.all_mail_sent().await;
    let received = smtp.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].recipients, std::slice::from_ref(&email));
    let (headers, body) = received[0].data.split_once("\r\n\r\n").unwrap();
    for (header, count) in [
        ("To: ", 1),
        ("From: ", 1),
        ("Subject: ", 1),
        ("Message-ID: ", 1),
        ("Auto-Submitted: auto-generated", 1),
        ("Bcc", 0),
        ("Cc", 0),
    ] {
        assert_eq!(
            headers.lines().filter(|line| line.starts_with(header)).count(),
            count,
            "{header}: {headers}"
        );
    }
    assert!(
        headers.contains("multipart/alternative")
            && body.contains("text/plain")
            && body.contains("text/html"),
        "{body}"
    );
    assert!(
        body.replace("=\r\n", "").contains(&format!("{}/signup/complete?token=", service.base())),
        "{body}"
    );
}

#[tokio::test]
async fn while_the_mail_server_is_down_nothing_is_lost_and_the_service_stays_ready() {
    let (service, smtp) = service_with(Behaviour::NotNow).await;
    let email = Service::new_address("patient");
    sign_up(&service, &email).await;
    // Hours, in which it is tried again and again, less and less often.
    for attempts in 1..=12 {
        let now = service.clock.now();
        // While it is being sent it is due when the lease ends; afterwards, when it is tried again.
        let settled = format!(
            "SELECT 1 AS one FROM mails WHERE state = 'queued' AND attempts = {attempts} AND due_at <> '{}'",
            now + Duration::minutes(5)
        );
        until("another attempt", async || (!service.database.rows(&settled).await.is_empty()).then_some(()))
            .await;
        service.clock.advance(Duration::minutes(30));
    }
    service.anonymous().get("/readyz").await.expect(200);
    let age = until("the age shows", async || {
        let metrics = service.operations().get("/metrics").await.expect(200).text;
        let age = metrics
            .lines()
            .find_map(|line| line.strip_prefix("rollcall_outbox_oldest_seconds ")?.parse::<u64>().ok())?;
        (age >= 3600).then_some(age)
    })
    .await;
    assert!(age >= 3600);
    smtp.behave(Behaviour::Accept);
    // The thirteenth attempt may still have met a server that was down.
    service.clock.advance(Duration::minutes(30));
    until("it goes out", async || (smtp.received().len() == 1).then_some(())).await;
    service.all_mail_sent().await;
    assert_eq!(smtp.received().len(), 1);
}

#[tokio::test]
async fn a_recipient_that_is_refused_for_good_is_not_tried_again_and_kept() {
    let (service, smtp) = service_with(Behaviour::RefuseRecipients).await;
    sign_up(&service, &Service::new_address("nobody")).await;
    until("it is given up", async || (the_mail(&service).await["state"] == "dead").then_some(())).await;
    let tries = smtp.connections();
    service.clock.advance(Duration::days(10));
    assert_eq!(the_mail(&service).await["last_error"], "the mail server answered 550");
    until("the dead letter shows", async || {
        service
            .operations()
            .get("/metrics")
            .await
            .expect(200)
            .text
            .contains("rollcall_outbox_dead 1")
            .then_some(())
    })
    .await;
    assert_eq!(smtp.connections(), tries);
}

#[tokio::test]
async fn a_connection_that_drops_is_tried_again() {
    let (service, smtp) = service_with(Behaviour::DropInTheMiddle).await;
    sign_up(&service, &Service::new_address("dropped")).await;
    until("a failed attempt", async || {
        let failed = service.database.rows("SELECT 1 AS one FROM mails WHERE last_error IS NOT NULL").await;
        (!failed.is_empty()).then_some(())
    })
    .await;
    assert!(smtp.received().is_empty());
    smtp.behave(Behaviour::Accept);
    service.clock.advance(Duration::minutes(1));
    until("it goes out", async || (smtp.received().len() == 1).then_some(())).await;
}

#[tokio::test]
async fn only_what_smtp_itself_cannot_rule_out_is_sent_twice_and_then_the_later_link_works() {
    let (service, smtp) = service_with(Behaviour::AcceptAndDrop).await;
    let email = Service::new_address("twice");
    sign_up(&service, &email).await;
    until("a mail that nobody has confirmed", async || (smtp.received().len() == 1).then_some(())).await;
    until("the failed attempt is noted", async || {
        let failed = service.database.rows("SELECT 1 AS one FROM mails WHERE last_error IS NOT NULL").await;
        (!failed.is_empty()).then_some(())
    })
    .await;
    smtp.behave(Behaviour::Accept);
    service.clock.advance(Duration::minutes(1));
    until("the same mail again", async || (smtp.received().len() == 2).then_some(())).await;
    let field = |n: usize, name: &str| {
        let data = smtp.received()[n].data.clone();
        data.lines().find(|line| line.starts_with(name)).unwrap().to_owned()
    };
    assert_eq!(
        field(0, "Message-ID"),
        field(1, "Message-ID"),
        "mail systems can tell that it is the same mail"
    );
    let token = |n: usize| {
        let body = smtp.received()[n].data.replace("=\r\n", "").replace("=3D", "=");
        let token = body.split("token=").nth(1).unwrap();
        token.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
    };
    let complete = |token: String| json!({"token": token, "password": rollcall_tests::PASSWORD});
    service.anonymous().post("/v1/signup/complete", complete(token(0))).await.problem(410, "signup_gone");
    service.anonymous().post("/v1/signup/complete", complete(token(1))).await.expect(201);
}

#[tokio::test]
async fn a_mail_server_that_hangs_delays_nobody_s_request() {
    let (service, smtp) = service_with(Behaviour::Hang).await;
    sign_up(&service, &Service::new_address("hung")).await;
    until("the server has been reached", async || (smtp.connections() > 0).then_some(())).await;
    for _ in 0..5 {
        sign_up(&service, &Service::new_address("more")).await;
    }
    service.anonymous().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn two_nodes_send_each_mail_once() {
    let smtp = SmtpServer::start(Behaviour::Accept).await;
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let values = [("email.smtp_url", smtp.url())];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let first = Service::start_on(database.clone(), clock.clone(), &values).await;
    let second = Service::start_on(database, clock, &values).await;
    for n in 0..40 {
        let service = if n % 2 == 0 { &first } else { &second };
        sign_up(service, &Service::new_address("many")).await;
    }
    first.all_mail_sent().await;
    let mut recipients: Vec<String> = smtp.received().into_iter().flat_map(|mail| mail.recipients).collect();
    assert_eq!(recipients.len(), 40);
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), 40);
}

#[tokio::test]
async fn attack_18_links_lead_to_the_configured_host_whatever_a_request_says() {
    let service = Service::start_with(&[("http.public_url", "https://rollcall.example")]).await;
    let email = Service::new_address("grace");
    let signup = json!({"email": email, "name": "Grace", "organization_name": "Acme"});
    let request = service.anonymous().request(reqwest::Method::POST, "/v1/signup").json(&signup);
    let poisoned = request
        .header("Host", "evil.example")
        .header("X-Forwarded-Host", "evil.example")
        .header("Forwarded", "host=evil.example");
    rollcall_tests::Answer::of(poisoned).await.expect(202);
    let mail = service.mail_to(&email).await;
    assert!(!mail.to_string().contains("evil"), "{mail}");
    assert!(
        mail["links"][0].as_str().unwrap().starts_with("https://rollcall.example/signup/complete?token=")
    );
}

#[tokio::test]
async fn attack_22_names_bring_no_header_link_or_markup_into_a_mail() {
    let (service, smtp) = service_with(Behaviour::Accept).await;
    let email = Service::new_address("victim");
    let names = ["<b>Win</b> https://evil.example", "\"><img src=x> eve@evil.example", "evil.example/win"];
    for name in names {
        let signup = json!({"email": email, "name": name, "organization_name": name});
        service.anonymous().post("/v1/signup", signup).await.expect(202);
    }
    for injected in ["Acme\r\nBcc: eve@evil.example", "Acme\nX: y", "Acme\u{2028}"] {
        let signup = json!({"email": email, "name": "Eve", "organization_name": injected});
        service.anonymous().post("/v1/signup", signup).await.invalid("organization_name");
    }
    until("the mails", async || (smtp.received().len() == names.len()).then_some(())).await;
    for mail in smtp.received() {
        assert_eq!(mail.recipients.len(), 1);
        let text = mail.data.replace("=\r\n", "");
        for link in ["//evil.example", "@evil.example", " evil.example"] {
            assert!(!text.contains(link), "{link} in {text}");
        }
        let (_, html) = text.split_once("Content-Type: text/html").unwrap();
        for markup in ["<b>Win", "<img"] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
    }
}

#[tokio::test]
async fn an_invitation_that_is_sent_again_before_it_went_out_goes_out_once_with_the_link_that_works() {
    let (service, smtp) = service_with(Behaviour::NotNow).await;
    // Signing up needs a mail server that is there.
    smtp.behave(Behaviour::Accept);
    let email = Service::new_address("owner");
    sign_up(&service, &email).await;
    until("the owner's link", async || (smtp.received().len() == 1).then_some(())).await;
    let token = |n: usize| {
        let body = smtp.received()[n].data.replace("=\r\n", "").replace("=3D", "=");
        let token = body.split("token=").nth(1).unwrap();
        token.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
    };
    let complete = json!({"token": token(0), "password": rollcall_tests::PASSWORD});
    let owner = service.anonymous().post("/v1/signup/complete", complete).await.expect(201);
    let owner = service.anonymous().with_token(owner.text_at("/session/token"));
    smtp.behave(Behaviour::NotNow);
    let invitation = json!({"email": Service::new_address("ada"), "role": "viewer"});
    let id = owner.post("/v1/invitations", invitation).await.expect(201).text_at("/id").to_owned();
    until("a failed attempt", async || {
        let failed = service.database.rows("SELECT 1 AS one FROM mails WHERE last_error IS NOT NULL").await;
        (!failed.is_empty()).then_some(())
    })
    .await;
    owner.post(&format!("/v1/invitations/{id}/resend"), json!({})).await.expect(200);
    smtp.behave(Behaviour::Accept);
    until("all that waits has gone out", async || {
        // An attempt that began before may yet fail, and wait anew.
        service.clock.advance(Duration::minutes(1));
        let queued = service.database.rows("SELECT 1 AS one FROM mails WHERE state = 'queued'").await;
        queued.is_empty().then_some(())
    })
    .await;
    assert_eq!(smtp.received().len(), 2, "the owner's mail and one invitation");
    let accept = json!({"token": token(1), "name": "Ada", "password": rollcall_tests::PASSWORD});
    service.anonymous().post("/v1/invitations/accept", accept).await.expect(201);
}

#[tokio::test]
async fn a_letter_that_cannot_be_read_keeps_no_other_back_and_is_kept_in_the_end() {
    let (service, smtp) = service_with(Behaviour::NotNow).await;
    sign_up(&service, &Service::new_address("grace")).await;
    until("it waits for its second attempt", async || {
        let mail = the_mail(&service).await;
        (mail["attempts"] == 1 && mail["last_error"].is_string()).then_some(())
    })
    .await;
    // Beside it, due at the same moment, one as a node of another version would write it.
    service
        .database
        .execute(
            "ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
             INSERT INTO mails (org_id, mail_id, kind, subject, locale, created_at, due_at)
             SELECT org_id, gen_random_uuid(), 'of another kind', subject, locale, created_at, due_at FROM mails;
             INSERT INTO notices (notice_id, user_id, email, name)
             SELECT subject, gen_random_uuid(), 'x@example.com', 'X' FROM mails WHERE kind = 'of another kind'",
        )
        .await;
    smtp.behave(Behaviour::Accept);
    service.clock.advance(Duration::seconds(5));
    until("the other goes out", async || (smtp.received().len() == 1).then_some(())).await;
    let of_another_kind = async || {
        let query = "SELECT state, attempts, last_error FROM mails WHERE kind = 'of another kind'";
        service.database.rows(query).await.remove(0)
    };
    let mail = until("it is noted that it cannot be read", async || {
        Some(of_another_kind().await).filter(|mail| mail["last_error"].is_string())
    })
    .await;
    assert!(mail["last_error"].as_str().unwrap().ends_with(": a letter of no known kind"), "{mail}");
    assert_eq!((&mail["state"], &mail["attempts"]), (&json!("queued"), &json!(1)));
    // Whom it is for is kept for as long as it is tried, whatever becomes of others that name the same.
    let sent = "SELECT 1 AS one FROM mails WHERE kind = 'confirm_signup' AND state = 'sent'";
    until("the other is settled", async || (!service.database.rows(sent).await.is_empty()).then_some(()))
        .await;
    let notices = async || service.database.rows("SELECT email FROM notices").await.len();
    assert_eq!(notices().await, 1);
    service
        .database
        .execute("UPDATE mails SET attempts = 119, due_at = created_at WHERE kind = 'of another kind'")
        .await;
    until("it is given up", async || (of_another_kind().await["state"] == "dead").then_some(())).await;
    assert_eq!(notices().await, 0);
}

/// How many letters are so.
async fn mails(service: &Service, which: &str) -> usize {
    service.database.rows(&format!("SELECT 1 AS one FROM mails WHERE {which}")).await.len()
}

/// Three letters that wait for the same moment. Of one it cannot be noted that it was sent.
async fn one_of_three_is_stuck() -> (Service, SmtpServer) {
    let (service, smtp) = service_with(Behaviour::NotNow).await;
    for name in ["one", "stuck", "other"] {
        sign_up(&service, &Service::new_address(name)).await;
    }
    until("all wait for the same moment", async || {
        (mails(&service, "attempts = 1 AND last_error IS NOT NULL").await == 3).then_some(())
    })
    .await;
    service
        .database
        .execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
             'BEGIN
                IF NEW.state = ''sent''
                   AND EXISTS (SELECT FROM signups WHERE signup_id = NEW.subject AND email LIKE ''stuck%'')
                THEN RAISE EXCEPTION ''no room'' USING ERRCODE = ''53100''; END IF;
                RETURN NEW;
              END';
             CREATE TRIGGER refuses BEFORE UPDATE ON mails FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .await;
    (service, smtp)
}

#[tokio::test]
async fn a_letter_of_which_nothing_can_be_noted_takes_no_other_along() {
    let (service, smtp) = one_of_three_is_stuck().await;
    let count = async |which: &str| mails(&service, which).await;
    smtp.behave(Behaviour::Accept);
    service.clock.advance(Duration::seconds(5));
    until("the others are noted", async || (count("state = 'sent'").await == 2).then_some(())).await;
    until("all are sent", async || (smtp.received().len() == 3).then_some(())).await;
    assert_eq!(count("state = 'queued' AND attempts = 2").await, 1);
    // It goes out once more when its lease is over: nothing says that it has.
    service.database.execute("DROP TRIGGER refuses ON mails").await;
    service.clock.advance(Duration::minutes(5));
    service.all_mail_sent().await;
    assert_eq!(smtp.received().len(), 4);
}

#[tokio::test]
async fn letters_that_are_noted_together_are_noted_one_by_one_where_that_fails() {
    let (service, _smtp) = one_of_three_is_stuck().await;
    let store = store_at(service.database.url(), 4).await;
    let now = service.clock.now() + Duration::seconds(5);
    let claimed = store.claim(now, now + Duration::MINUTE, 10).await.unwrap();
    let ended: Vec<_> = claimed.into_iter().map(|mail| (mail, MailOutcome::Sent { at: now })).collect();
    assert_eq!(ended.len(), 3);
    assert!(store.settle(&ended).await.is_err());
    assert_eq!(mails(&service, "state = 'sent'").await, 2);
    assert_eq!(mails(&service, "state = 'queued' AND attempts = 2").await, 1);
}
