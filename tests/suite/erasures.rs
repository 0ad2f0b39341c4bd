//! What is left of somebody in the audit logs when their account has ended, however much others have written about them.

use std::sync::Arc;

use rollcall_tests::{Caller, ManualClock, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::{Duration, macros::datetime};

use crate::audit_reports::{EVENTS, event, reporting};

async fn report(program: &Caller, events: &[Value]) {
    for events in events.chunks(1_000) {
        program.post(EVENTS, json!({"events": events})).await.expect(200);
    }
}

fn shouted(address: &str) -> String {
    address.to_uppercase()
}

/// How many values of a kind are left.
async fn left(service: &Service, what: &str) -> u64 {
    let rows = service.database.rows(&format!("SELECT count(*) AS n FROM audit_events WHERE {what}")).await;
    rows[0]["n"].as_u64().unwrap()
}

#[tokio::test]
async fn attack_35_no_stranger_keeps_anybody_from_leaving_with_events_in_their_name() {
    let service = Service::start().await;
    let (strangers, _, program) = reporting(&service).await;
    let team = Team::assemble(&service, "Theirs").await;
    let (victim, id, email) = (team.caller("viewer"), team.id("viewer"), team.email("viewer"));
    let forged: Vec<Value> = (0..3_000)
        .map(|_| {
            let mut event = event(&service, id);
            event["personal"] = json!({"ip": "192.0.2.7", "contact.mail": shouted(email)});
            event
        })
        .collect();
    report(&program, &forged).await;
    // What programs say of themselves may be anybody's address.
    let in_passing: Vec<Value> = (0..3_000)
        .map(|_| {
            let mut event = event(&service, strangers.id("owner"));
            event["personal"] = json!({"user_agent": email});
            event
        })
        .collect();
    report(&program, &in_passing).await;
    // They are nobody's events but the stranger's.
    let export = victim.get("/v1/me/export").await.expect(200);
    assert!(!export.text.contains("agent.created") && !export.text.contains("192.0.2.7"));
    assert!(export.text.contains("session.created"));

    victim.delete("/v1/me").await.expect(204);
    // From now on nothing is told, whatever is still to be erased.
    let path = format!("{EVENTS}?limit=200&actor={id}");
    let shown = strangers.owner().get(&path).await.expect(200);
    assert_eq!(shown.list("data").len(), 200);
    for event in shown.list("data") {
        assert_eq!(event["personal"], json!({"contact.mail": null, "ip": null}));
    }
    let one = shown.list("data")[199]["id"].as_str().unwrap();
    let one = strangers.owner().get(&format!("{EVENTS}/{one}")).await.expect(200);
    assert_eq!(one.body["personal"], json!({"contact.mail": null, "ip": null}));
    let exported = crate::audit_exports::export(strangers.owner(), "").await;
    assert!(!exported.contains("192.0.2.7") && !exported.to_lowercase().contains(email));
    let whole = strangers.owner().get("/v1/organization/export").await.expect(200);
    assert!(!whole.text.contains("192.0.2.7") && !whole.text.to_lowercase().contains(email));
    let theirs =
        format!("actor_id = '{id}' AND personal <> '{{}}' OR lower(personal::text) LIKE '%{email}%'");
    until("all of it erased", async || (left(&service, &theirs).await == 0).then_some(())).await;
}

#[tokio::test]
async fn attack_29_no_spelling_and_no_field_of_what_is_reported_escapes_erasing() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let email = team.email("viewer").to_owned();
    let (mut named, mut elsewhere) = (event(&service, team.id("admin")), event(&service, team.id("admin")));
    named["personal"] = json!({"email": shouted(&email), "name": "Somebody"});
    elsewhere["personal"] = json!({"contact.mail": email, "ip": "192.0.2.8"});
    report(&program, &[named, elsewhere]).await;
    // What was reported before addresses were brought into one form.
    service
        .database
        .execute("ALTER TABLE audit_events DISABLE TRIGGER audit_events_only_forget_persons")
        .await;
    let spelled = format!(
        "UPDATE audit_events SET personal = jsonb_set(personal, '{{email,value}}', to_jsonb(upper('{email}')))
          WHERE action = 'agent.created' AND personal ? 'email'"
    );
    service.database.execute(&spelled).await;
    service
        .database
        .execute("ALTER TABLE audit_events ENABLE TRIGGER audit_events_only_forget_persons")
        .await;
    let named = format!("lower(personal::text) LIKE '%{email}%'");
    assert!(left(&service, &named).await >= 2);
    team.caller("viewer").delete("/v1/me").await.expect(204);
    assert_eq!(left(&service, &named).await, 0);
    // What the same events say of others stays.
    assert_eq!(left(&service, "personal #>> '{name,value}' = 'Somebody'").await, 1);
    assert_eq!(left(&service, "personal #>> '{ip,value}' = '192.0.2.8'").await, 1);
}

#[tokio::test]
async fn what_an_organization_has_reported_of_somebody_who_was_in_it_is_in_their_export() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let id = team.id("viewer");
    report(&program, &[event(&service, id)]).await;
    let own = service.sign_up(&Service::new_address("own"), "Own").await.0;
    let (_, token) = service.invite(&own, team.email("viewer"), "viewer").await;
    let accepted =
        team.caller("viewer").post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let elsewhere = service.anonymous().with_token(accepted.text_at("/session/token"));
    for leaves in [false, true] {
        if leaves {
            team.owner().delete(&format!("/v1/members/{id}")).await.expect(204);
        }
        let export = elsewhere.get("/v1/me/export").await.expect(200);
        let reported = export.list("audit_events").iter().filter(|event| event["action"] == "agent.created");
        assert_eq!(reported.count(), 1, "{leaves}");
    }
}

#[tokio::test]
async fn attack_29_what_is_written_beside_the_end_of_an_account_is_erased_as_well() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, email) = (team.id("viewer").to_owned(), team.email("viewer").to_owned());
    let wrong = json!({"email": email, "password": "not the password at all"});
    service.anonymous().post("/v1/sessions", wrong).await.problem(401, "invalid_credentials");
    // Requests that are on their way write what those before them have written.
    let theirs = format!("(actor_id = '{id}' OR target_id = '{id}' OR personal::text LIKE '%{email}%')");
    let keep =
        format!("CREATE TABLE beside AS SELECT * FROM audit_events WHERE {theirs} AND personal <> '{{}}'");
    service.database.execute(&keep).await;
    let write = "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, session_id, action, target_kind,
                                           target_id, outcome, request_id, leaf, personal)
                 SELECT org_id, gen_random_uuid(), occurred_at + interval '11 minutes', actor_kind, actor_id, session_id, action,
                        target_kind, target_id, outcome, request_id, leaf, personal FROM beside";
    let named = format!("actor_id = '{id}' AND personal <> '{{}}' OR personal::text LIKE '%{email}%'");
    team.caller("viewer").delete("/v1/me").await.expect(204);
    assert_eq!(left(&service, &named).await, 0);
    for minutes in [2, 9] {
        service.database.execute(write).await;
        assert!(left(&service, &named).await >= 3);
        service.clock.advance(Duration::minutes(minutes));
        until("what was written beside it is erased", async || {
            (left(&service, &named).await == 0).then_some(())
        })
        .await;
    }
    // That something was to be erased is kept no longer than that.
    until("nothing is left to do", async || {
        service.database.rows("SELECT 1 AS one FROM erasures").await.is_empty().then_some(())
    })
    .await;
    let rows = service.database.rows("SELECT 1 AS one FROM beside").await.len();
    assert!(rows >= 3, "the test has written {rows} events beside it");
}

#[tokio::test]
async fn who_has_the_address_next_keeps_what_is_written_about_them() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = team.email("viewer").to_owned();
    team.caller("viewer").delete("/v1/me").await.expect(204);
    service.clock.advance(Duration::SECOND);
    let (anew, _) = service.sign_up(&email, "Anew").await;
    service.clock.advance(Duration::minutes(2));
    service.clock.advance(Duration::minutes(9));
    until("nothing is left to do", async || {
        service.database.rows("SELECT 1 AS one FROM erasures").await.is_empty().then_some(())
    })
    .await;
    let export = anew.get("/v1/me/export").await.expect(200);
    let created =
        export.list("audit_events").iter().find(|event| event["action"] == "account.created").unwrap();
    assert_eq!(created["personal"]["email"], email);
}

#[tokio::test]
async fn attack_29_whoever_has_left_is_sent_no_more_checkpoints() {
    const WITNESS: &str = "/v1/audit/witness";
    let service = Service::start().await;
    let (team, other) = (reporting(&service).await.0, reporting(&service).await.0);
    let email = team.email("viewer");
    team.owner().put(WITNESS, json!({"email": shouted(email)})).await.expect(200);
    other.owner().put(WITNESS, json!({"email": other.email("viewer")})).await.expect(200);
    service.all_mail_sent().await;
    team.caller("viewer").delete("/v1/me").await.expect(204);
    team.owner().get(WITNESS).await.problem(404, "not_found");
    let log = service.audit_log(Some(&team.organization)).await;
    assert!(log.contains(&("audit_log.witness_removed".to_owned(), "success".to_owned())), "{log:?}");
    let named = format!("SELECT 1 AS one FROM subscribers WHERE lower(address) = '{email}'");
    assert!(service.database.rows(&named).await.is_empty());
    other.owner().get(WITNESS).await.expect(200);
}

#[tokio::test]
async fn the_platform_s_own_log_forgets_persons_with_time() {
    let clock = ManualClock::at(datetime!(2020-01-01 00:00:00 UTC));
    let database = Arc::new(TestDatabase::create().await);
    let settings = [("audit.platform_days", "30")];
    let service = Service::start_on(database.clone(), clock.clone(), &settings).await;
    let (stranger, unconfirmed) = ("quillfeather@example.com", "featherquill@example.com");
    let wrong = json!({"email": stranger, "password": "not the password at all"});
    service.anonymous().post("/v1/sessions", wrong).await.problem(401, "invalid_credentials");
    let signup = json!({"email": unconfirmed, "name": "Zsófia", "organization_name": "Acme"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    let named = format!("personal::text LIKE '%{stranger}%' OR personal::text LIKE '%{unconfirmed}%'");
    let before = left(&service, &named).await;
    assert!(before >= 2);
    let all = left(&service, "true").await;
    // A node looks when it starts.
    clock.advance(Duration::days(29));
    let node = Service::start_on(database.clone(), clock.clone(), &settings).await;
    until("a look at the log", async || {
        let looked =
            "SELECT 1 AS one FROM audit_retention WHERE org_id = '00000000-0000-0000-0000-000000000000'";
        (!database.rows(looked).await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(left(&service, &named).await, before);
    node.stop().await;
    clock.advance(Duration::days(2));
    let node = Service::start_on(database.clone(), clock.clone(), &settings).await;
    until("nobody named any more", async || (left(&service, &named).await == 0).then_some(())).await;
    assert!(left(&service, "true").await >= all);
    node.stop().await;
}
