//! How API keys and their secrets end: another secret, a revocation, their age, the end of their organization, or whoever finds one; and how
//! they go on without whoever made them.

use rollcall_tests::{Caller, PASSWORD, Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::api_keys::{make, path};

async fn rotate(owner: &Caller, id: &str, overlap_seconds: u32) -> String {
    let body = json!({"overlap_seconds": overlap_seconds});
    let rotated = owner.post(&format!("{}/rotate", path(id)), body).await.expect(200);
    rotated.text_at("/secret").to_owned()
}

#[tokio::test]
async fn a_revoked_key_is_worth_nothing_at_once_and_stays_in_the_list() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({})).await;
    let renewed = rotate(team.owner(), &id, 3_600).await;
    let programs = [&secret, &renewed].map(|secret| service.anonymous().with_token(secret));
    for program in &programs {
        program.get("/v1/session").await.expect(200);
    }
    team.owner().delete(&path(&id)).await.expect(204);
    for program in &programs {
        program.get("/v1/session").await.problem(401, "unauthenticated");
    }
    // Again is no change; and nothing brings it back.
    let before = service.audit_log(Some(&team.organization)).await;
    team.owner().delete(&path(&id)).await.expect(204);
    assert_eq!(service.audit_log(Some(&team.organization)).await, before);
    team.owner().patch(&path(&id), json!({"name": "Back"})).await.problem(409, "api_key_revoked");
    team.owner().post(&format!("{}/rotate", path(&id)), json!({})).await.problem(409, "api_key_revoked");
    let shown = team.owner().get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["revoked_at"], "2026-03-01T09:00:00Z");
    assert_eq!(shown.body["previous_secret_until"], Value::Null);
}

#[tokio::test]
async fn the_old_secret_works_until_the_overlap_ends_also_from_memory_and_never_do_three() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, first) = make(&owner, json!({})).await;
    let status = async |secret: &str| service.anonymous().with_token(secret).get("/v1/session").await.status;
    let second = rotate(&owner, &id, 3_600).await;
    assert_eq!(second[..16], first[..16], "the prefix stays");
    let shown = owner.get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["previous_secret_until"], "2026-03-01T10:00:00Z");
    for _ in 0..3 {
        assert_eq!((status(&first).await.as_u16(), status(&second).await.as_u16()), (200, 200));
    }
    service.clock.advance(Duration::minutes(60) - Duration::SECOND);
    assert_eq!(status(&first).await, 200);
    service.clock.advance(Duration::SECOND);
    assert_eq!((status(&first).await.as_u16(), status(&second).await.as_u16()), (401, 200));

    owner.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    let third = rotate(&owner, &id, 604_800).await;
    assert_eq!(status(&second).await, 200);
    let fourth = rotate(&owner, &id, 60).await;
    assert_eq!(status(&second).await, 401, "one that was replaced before ends at once");
    assert_eq!((status(&third).await.as_u16(), status(&fourth).await.as_u16()), (200, 200));
    let fifth = rotate(&owner, &id, 0).await;
    assert_eq!((status(&fourth).await.as_u16(), status(&fifth).await.as_u16()), (401, 200));
    // As if it were left out.
    let sixth =
        owner.post(&format!("{}/rotate", path(&id)), json!({"overlap_seconds": null})).await.expect(200);
    let sixth = sixth.text_at("/secret").to_owned();
    assert_eq!((status(&fifth).await.as_u16(), status(&sixth).await.as_u16()), (401, 200));
    for overlap in [json!(604_801), json!(-1), json!(1.5), json!("1")] {
        let body = json!({"overlap_seconds": overlap});
        owner.post(&format!("{}/rotate", path(&id)), body).await.invalid("overlap_seconds");
    }
}

#[tokio::test]
async fn of_rotations_at_the_same_moment_two_secrets_are_left_and_a_revocation_leaves_none() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, first) = make(&owner, json!({})).await;
    let (a, b, c, d) = tokio::join!(
        rotate(&owner, &id, 3_600),
        rotate(&owner, &id, 3_600),
        rotate(&owner, &id, 3_600),
        rotate(&owner, &id, 3_600),
    );
    let working = async || {
        let mut working = 0;
        for secret in [&first, &a, &b, &c, &d] {
            let answer = service.anonymous().with_token(secret).get("/v1/session").await;
            working += usize::from(answer.status == 200);
        }
        working
    };
    assert_eq!(working().await, 2);
    let (rotation, key) = (format!("{}/rotate", path(&id)), path(&id));
    let renewal = owner.post(&rotation, json!({"overlap_seconds": 60}));
    let (renewed, revoked) = tokio::join!(renewal, owner.delete(&key));
    revoked.expect(204);
    assert!(matches!(renewed.status.as_u16(), 200 | 409), "{}", renewed.text);
    if renewed.status == 200 {
        let secret = renewed.text_at("/secret");
        service.anonymous().with_token(secret).get("/v1/session").await.problem(401, "unauthenticated");
    }
    assert_eq!(working().await, 0);
}

#[tokio::test]
async fn a_key_ends_by_its_age_also_from_memory() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, secret) = make(&owner, json!({"expires_at": "2026-03-01T09:05:00Z"})).await;
    let program = service.anonymous().with_token(&secret);
    for _ in 0..3 {
        program.get("/v1/session").await.expect(200);
    }
    service.clock.advance(Duration::minutes(5) - Duration::SECOND);
    program.get("/v1/session").await.expect(200);
    service.clock.advance(Duration::SECOND);
    program.get("/v1/session").await.problem(401, "unauthenticated");
    owner.post(&format!("{}/rotate", path(&id)), json!({})).await.problem(409, "api_key_expired");
    owner.patch(&path(&id), json!({"expires_at": "2026-03-01T09:05:00Z"})).await.invalid("expires_at");
}

#[tokio::test]
async fn keys_go_on_when_their_creator_leaves_and_are_handed_over_to_whoever_is_named() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let admin_path = format!("/v1/members/{}", team.id("admin"));
    team.owner().patch(&admin_path, json!({"role": "owner"})).await.expect(200);
    let second = team.caller("admin");
    let (id, secret) = make(second, json!({})).await;
    let (revoked, _) = make(second, json!({})).await;
    make(second, json!({"expires_at": "2026-03-01T09:01:00Z"})).await;
    second.delete(&path(&revoked)).await.expect(204);
    service.clock.advance(Duration::MINUTE);
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/session").await.expect(200);
    let preview = team.owner().get(&format!("{admin_path}/offboarding")).await.expect(200);
    assert_eq!(preview.body["api_keys"], 1, "{}", preview.text);
    let removal = format!("{admin_path}?hand_over_to={}", team.id("owner"));
    team.owner().delete(&removal).await.expect(204);
    program.get("/v1/session").await.expect(200);
    let created_by =
        async |id: &str| team.owner().get(&path(id)).await.expect(200).body["created_by"].clone();
    assert_eq!(created_by(&id).await, team.id("owner"));
    assert_eq!(created_by(&revoked).await, Value::Null);
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.iter().filter(|(action, _)| action == "api_key.handed_over").count(), 2);

    // Without an heir they go on all the same.
    let member_path = format!("/v1/members/{}", team.id("member"));
    team.owner().patch(&member_path, json!({"role": "owner"})).await.expect(200);
    let (id, secret) = make(team.caller("member"), json!({})).await;
    team.owner().delete(&member_path).await.expect(204);
    service.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
    assert_eq!(created_by(&id).await, Value::Null);
}

#[tokio::test]
async fn the_end_of_an_organization_is_the_end_of_its_keys_also_when_it_is_undone() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = make(team.owner(), json!({})).await;
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/session").await.expect(200);
    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    program.get("/v1/session").await.problem(401, "unauthenticated");
    service.restore(&team.organization).await.unwrap();
    program.get("/v1/session").await.problem(401, "unauthenticated");
    let owner = service.sign_in(team.email("owner")).await;
    let keys = owner.get("/v1/api-keys").await.expect(200);
    assert_eq!(keys.list("data")[0]["revoked_at"], "2026-03-01T09:00:00Z");
}

#[tokio::test]
async fn whoever_finds_a_key_can_end_it_and_learns_nothing_from_the_answer() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({})).await;
    let (other, other_secret) = make(team.owner(), json!({"expires_at": "2026-03-01T09:00:01Z"})).await;
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/session").await.expect(200);
    service.clock.advance(Duration::SECOND);
    let report = async |key: &str| {
        service.anonymous().post("/v1/api-keys/report", json!({"key": key})).await.expect(202).text
    };
    // Another last character than the one it has.
    let mistyped = format!("{}{}", &secret[..65], if secret.ends_with('x') { 'y' } else { 'x' });
    let answers = [
        report("nonsense").await,
        report("").await,
        report(&mistyped).await,
        report(&id).await,
        report(&secret[..16]).await,
        report(&other_secret).await,
        report(team.owner().token()).await,
    ];
    program.get("/v1/session").await.expect(200);
    let real = report(&format!(" {secret}\n")).await;
    assert!(answers.iter().all(|answer| *answer == real), "{answers:?}");
    assert_eq!(report(&secret).await, real);
    program.get("/v1/session").await.problem(401, "unauthenticated");
    let shown = team.owner().get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["revoked_at"], "2026-03-01T09:00:01Z");
    assert_eq!(team.owner().get(&path(&other)).await.expect(200).body["revoked_at"], Value::Null);

    let subject = "An API key of Acme was found and is revoked";
    let mail = service.told(team.email("owner"), subject).await;
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains(&secret[..16]) && text.contains("Importer"), "{text}");
    assert!(!mail.to_string().contains(&secret[17..60]));
    service.all_mail_sent().await;
    assert!(!service.mails_to(team.email("admin")).await.iter().any(|mail| mail["subject"] == subject));
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.iter().filter(|(action, _)| action == "api_key.reported").count(), 1);
    service.anonymous().post("/v1/api-keys/report", json!({"token": secret})).await.invalid("token");
}
