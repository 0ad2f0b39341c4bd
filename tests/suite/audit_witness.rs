//! Who is sent the checkpoints of an audit log.

use rollcall_tests::{HookServer, Service, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    audit_exports::{EXPORT, Files, team_with_log},
    tokens::RING,
    webhooks::{outlives_the_ring, ring},
};

const WITNESS: &str = "/v1/audit/witness";

/// The deliveries, once so many are settled.
async fn settled(owner: &rollcall_tests::Caller, count: usize) -> Vec<Value> {
    until(&format!("{count} deliveries"), async || {
        let shown = owner.get(WITNESS).await.expect(200);
        let deliveries = shown.list("deliveries");
        let settled = deliveries.iter().filter(|delivery| delivery["state"] != "queued").count();
        (settled >= count).then(|| deliveries.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_gets_each_day_s_checkpoint_signed_and_once_however_many_nodes_there_are() {
    // Nodes of one deployment: one keyring, and one name in checkpoints.
    let alike = [("keys.ring", RING), ("audit.origin", "rollcall.example")];
    let service = Service::start_with(&alike).await;
    let other = Service::start_on(service.database.clone(), service.clock.clone(), &alike).await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    owner.get(WITNESS).await.problem(404, "not_found");
    let hook = HookServer::start().await;
    let url = format!("{}/rollcall?token=s3cret", hook.base());
    let chosen = owner.put(WITNESS, json!({"url": url})).await.expect(200);
    assert_eq!((&chosen.body["type"], &chosen.body["email"]), (&json!("webhook"), &Value::Null));
    let secret = chosen.text_at("/secret").to_owned();
    assert!(secret.starts_with("whsec_"));

    let first = hook.next(1).await;
    assert_eq!(first.path, "/rollcall?token=s3cret");
    first.assert_signed(&secret);
    let body: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["organization_id"]),
        (&json!("audit.checkpoint"), &json!(team.organization))
    );
    let note = body["data"]["checkpoint"].as_str().unwrap().to_owned();
    let deliveries = settled(owner, 1).await;
    assert_eq!((&deliveries[0]["state"], &deliveries[0]["attempts"]), (&json!("sent"), &json!(1)));
    assert_eq!(deliveries[0]["id"], first.header("webhook-id"));
    let shown = owner.get(WITNESS).await.expect(200);
    assert!(shown.body.get("secret").is_none() && !shown.text.contains(&secret[6..]), "it is shown once");
    assert_eq!(shown.body["next_at"], "2026-03-02T09:00:00Z");
    let kept = service.database.rows("SELECT encode(secret, 'escape') AS secret FROM subscribers").await;
    assert!(!kept[0]["secret"].as_str().unwrap().contains(&secret[6..]));

    service.clock.advance(Duration::days(1));
    let owner = &service.sign_in(team.email("owner")).await;
    let second = hook.next(2).await;
    assert_ne!(second.header("webhook-id"), first.header("webhook-id"));
    settled(owner, 2).await;
    assert_eq!(hook.count(), 2, "each was sent once");
    // What it was sent shows that the log is still that one.
    let export = owner.get(EXPORT).await.expect(200).text;
    let (code, said) = Files::new().verify(&export, &[&note, &second.body]);
    assert_eq!(code, 0, "{said}");

    let log = service.audit_log(Some(&team.organization)).await;
    let about: Vec<&str> = log
        .iter()
        .map(|(action, _)| action.as_str())
        .filter(|action| action.starts_with("audit_log.witness") || *action == "audit_log.checkpoint_sent")
        .collect();
    assert_eq!(about, ["audit_log.witness_set", "audit_log.checkpoint_sent", "audit_log.checkpoint_sent"]);
    let leaves =
        "SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE action = 'audit_log.witness_set'";
    let leaf = service.database.rows(leaves).await[0]["leaf"].as_str().unwrap().to_owned();
    assert!(leaf.contains("127.0.0.1") && !leaf.contains("s3cret"), "{leaf}");

    owner.delete(WITNESS).await.expect(204);
    owner.get(WITNESS).await.problem(404, "not_found");
    owner.delete(WITNESS).await.problem(404, "not_found");
    drop(other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_gets_each_day_s_checkpoint_as_a_mail_that_can_be_checked_with() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    let auditor = Service::new_address("auditor");
    let chosen = owner.put(WITNESS, json!({"email": auditor})).await.expect(200);
    assert_eq!((&chosen.body["email"], &chosen.body["secret"]), (&json!(auditor), &Value::Null));
    let mail = service.mail_to(&auditor).await;
    assert!(mail["subject"].as_str().unwrap().contains("Three"), "{mail}");
    let deliveries = settled(owner, 1).await;
    assert_eq!(deliveries[0]["state"], "sent");
    let health = owner.get(WITNESS).await.expect(200).body["health"].clone();
    assert_eq!(
        (&health["last_sent_at"], &health["last_error"]),
        (&deliveries[0]["settled_at"], &Value::Null)
    );

    owner.patch("/v1/organization", json!({"name": "Later"})).await.expect(200);
    let export = owner.get(EXPORT).await.expect(200).text;
    let text = mail["text"].as_str().unwrap();
    let (code, said) = Files::new().verify(&export, &[text]);
    assert_eq!(code, 0, "{said}");
    // Whoever has removed something since is found out by it.
    let shorter: Vec<&str> = export.lines().collect();
    let altered = shorter.join("\n").replace("\"Two\"", "\"Tow\"");
    assert_ne!(Files::new().verify(&altered, &[text]).0, 0);

    service.clock.advance(Duration::days(1));
    let owner = &service.sign_in(team.email("owner")).await;
    until("the next day's mail", async || (service.mails_to(&auditor).await.len() == 2).then_some(())).await;
    settled(owner, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_fails_is_tried_again_and_what_went_wrong_is_shown() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    let hook = HookServer::start().await;
    hook.answer(503);
    owner.put(WITNESS, json!({"url": hook.base()})).await.expect(200);
    let first = hook.next(1).await;
    let failed = until("an error to be shown", async || {
        let shown = owner.get(WITNESS).await.expect(200);
        let delivery = shown.body["deliveries"][0].clone();
        delivery["error"].is_string().then_some(delivery)
    })
    .await;
    assert_eq!(
        (&failed["state"], &failed["error"]),
        (&json!("queued"), &json!("it answered with status 503"))
    );
    hook.answer(204);
    service.clock.advance(Duration::seconds(6));
    let again = hook.next(2).await;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"), "it is the same message");
    let deliveries = settled(owner, 1).await;
    assert_eq!((&deliveries[0]["state"], &deliveries[0]["attempts"]), (&json!("sent"), &json!(2)));
    let health = owner.get(WITNESS).await.expect(200).body["health"].clone();
    assert_eq!(
        (&health["last_error"], &health["waiting"]),
        (&json!("it answered with status 503"), &json!(0))
    );
    assert!(health["last_sent_at"].as_str() > health["last_failed_at"].as_str(), "{health}");

    // Another choice makes what is on its way moot.
    hook.answer(500);
    service.clock.advance(Duration::days(1));
    hook.next(3).await;
    let owner = &service.sign_in(team.email("owner")).await;
    owner.put(WITNESS, json!({"email": Service::new_address("auditor")})).await.expect(200);
    let deliveries = settled(owner, 3).await;
    assert!(deliveries.iter().any(|delivery| delivery["state"] == "moot"), "{deliveries:?}");
}

#[tokio::test]
async fn attack_33_no_webhook_leads_to_where_only_this_machine_can_reach() {
    let service = Service::start_with(&[("webhooks.anywhere", "false")]).await;
    let team = team_with_log(&service, "Acme").await;
    let hook = HookServer::start().await;
    let port = hook.base().rsplit(':').next().unwrap().to_owned();
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        "https://[::]/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[::ffff:169.254.169.254]/".to_owned(),
        "https://2130706433/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://metadata.google.internal/".to_owned(),
        hook.base(),
        "http://example.com/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "https://user:pass@example.com/".to_owned(),
        "https://example.com/\r\nx: y".to_owned(),
    ] {
        team.owner().put(WITNESS, json!({"url": url})).await.invalid("url");
    }
    for body in [json!({}), json!({"email": "no address"})] {
        team.owner().put(WITNESS, body).await.invalid("email");
    }
    team.owner()
        .put(WITNESS, json!({"email": "a@example.com", "url": "https://example.com/"}))
        .await
        .invalid("url");
    team.owner().get(WITNESS).await.problem(404, "not_found");
    assert_eq!(hook.count(), 0);
}

#[tokio::test]
async fn only_an_owner_who_has_just_proved_it_chooses_the_witness_and_not_without_end() {
    let service = Service::start_with(&[("limits.enabled", "true")]).await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    owner.put(WITNESS, json!({"email": "w@example.com"})).await.expect(200);
    settled(owner, 1).await;
    let sent = format!(
        "INSERT INTO deliveries (org_id, delivery_id, topic, action, data, state, created_at, due_at, settled_at)
         SELECT '{}', gen_random_uuid(), d.topic, d.action, d.data, 'moot', d.created_at, d.due_at, d.settled_at
           FROM deliveries d, generate_series(1, 19)",
        team.uuid()
    );
    service.database.execute(&sent).await;
    let refused =
        owner.put(WITNESS, json!({"email": "one.more@example.com"})).await.problem(429, "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
    service.clock.advance(Duration::minutes(11));
    owner.put(WITNESS, json!({"email": "w@example.com"})).await.problem(403, "elevation_required");
    owner.delete(WITNESS).await.problem(403, "elevation_required");
}

#[tokio::test]
async fn asvs_13_3_4_the_secret_of_a_webhook_outlives_the_keys_of_the_ring() {
    let service = Service::start_with(&[("keys.ring", &ring(1))]).await;
    let team = team_with_log(&service, "Acme").await;
    let hook = HookServer::start().await;
    hook.answer(503);
    let chosen = team.owner().put(WITNESS, json!({"url": hook.base()})).await.expect(200);
    outlives_the_ring(service, &hook, &chosen).await;
}

#[tokio::test]
async fn of_two_who_choose_the_first_witness_at_once_the_later_takes_the_place_of_the_earlier() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let choose = |name| team.owner().put(WITNESS, json!({"email": Service::new_address(name)}));
    let (one, other) = tokio::join!(choose("one"), choose("other"));
    let shown = team.owner().get(WITNESS).await.expect(200);
    let chosen = [one.expect(200), other.expect(200)].map(|answer| answer.text_at("/email").to_owned());
    assert!(chosen.contains(&shown.text_at("/email").to_owned()), "{}", shown.text);
}

#[tokio::test]
async fn what_waits_of_deleted_organizations_keeps_nobody_else_s_from_being_sent() {
    let service = Service::start().await;
    let hook = HookServer::start().await;
    hook.answer(503);
    // More than are sent at a time.
    for number in 0..11 {
        let team = team_with_log(&service, &format!("Gone {number}")).await;
        team.owner().put(WITNESS, json!({"url": hook.base()})).await.expect(200);
        hook.next(number + 1).await;
    }
    service
        .database
        .execute("UPDATE organizations SET deleted_at = now(), purge_at = now() + interval '720 hours'")
        .await;
    let team = team_with_log(&service, "Acme").await;
    hook.answer(204);
    service.clock.advance(Duration::minutes(3));
    let owner = &service.sign_in(team.email("owner")).await;
    owner.put(WITNESS, json!({"url": hook.base()})).await.expect(200);
    assert_eq!(settled(owner, 1).await[0]["state"], "sent");
}
