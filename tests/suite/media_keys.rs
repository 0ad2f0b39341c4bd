//! Keys for media that go from end to end (SFrame, RFC 9605): given to whoever may have them, and used by real
//! [participants](crate::participants).

use futures_util::future::join_all;
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    calls,
    participants::{Participant, Relay, STEP_BITS, base_key, key_id, ratcheted},
    recordings,
};

/// Switches a control on, on a plan that has it.
pub(crate) async fn switch_on(service: &Service, team: &Team, control: &str) {
    service.set_plan(&team.organization, "enterprise").await;
    team.owner().patch("/v1/security", json!({control: {"enabled": true}})).await.expect(200);
}

pub(crate) fn path(call: &str) -> String {
    format!("/v1/calls/{call}/media-keys")
}

async fn issue(caller: &Caller, call: &str) -> Answer {
    caller.post(&path(call), json!({})).await
}

async fn rotate(caller: &Caller, call: &str) -> Answer {
    caller.post(&format!("{}/rotate", path(call)), json!({})).await
}

#[tokio::test]
async fn attack_31_two_participants_hear_each_other_and_the_relay_hears_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    issue(&platform, &call).await.problem(409, "end_to_end_encryption_disabled");
    rotate(&platform, &call).await.problem(409, "end_to_end_encryption_disabled");
    switch_on(&service, &team, "end_to_end_encryption").await;

    let mut relay = Relay::default();
    let mut agent = Participant::with(&issue(&platform, &call).await.expect(201).body);
    let before = relay.forward(agent.say("before anybody came"));
    let joined = issue(&platform, &call).await.expect(201);
    assert_eq!(joined.header("cache-control"), "no-store");
    let mut caller = Participant::with(&joined.body);
    // Whoever joins knows nothing of what was said before; whoever was there finds the way by themselves.
    assert_eq!(caller.hear(&before), None);
    let hello = relay.forward(caller.say("hello, my number is 4155550132"));
    assert_eq!(agent.hear(&hello).as_deref(), Some("hello, my number is 4155550132"));
    agent.follow(caller.key_id);
    let answer = relay.forward(agent.say("thank you"));
    assert_eq!(caller.hear(&answer).as_deref(), Some("thank you"));
    assert_ne!(agent.key_id, caller.key_id);

    // The relay knows who sends and how often, and cannot even guess: not with what a key id says, nor with another's key.
    for packet in &relay.0 {
        let clear = String::from_utf8_lossy(packet);
        assert!(!clear.contains("hello") && !clear.contains("4155550132") && !clear.contains("thank"));
    }
    let others = calls::write(&platform, "CA2").await;
    let mut stranger = Participant::with(&issue(&platform, &others).await.expect(201).body);
    assert!(relay.0.iter().all(|packet| stranger.hear(packet).is_none()));
    // A bit that is changed on the way is found.
    let mut changed = hello.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(agent.hear(&changed), None);

    // Somebody leaves: there is another key, and theirs opens nothing of what comes.
    let mut after = Participant::with(&rotate(&platform, &call).await.expect(200).body);
    let mut joins = Participant::with(&issue(&platform, &call).await.expect(201).body);
    let secret = relay.forward(joins.say("now that they have left"));
    assert_eq!(after.hear(&secret).as_deref(), Some("now that they have left"));
    assert_eq!(agent.hear(&secret), None);
    assert_eq!(caller.hear(&secret), None);
    let log = service.audit_log(Some(&team.organization)).await;
    let of = |action: &str| log.iter().filter(|event| event.0 == action && event.1 == "success").count();
    assert_eq!((of("media_key.issued"), of("media_key.rotated")), (4, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_31_participants_that_join_at_once_have_key_ids_of_their_own() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let answers = join_all((0..32).map(|n| {
        let (platform, call) = (&platform, &call);
        async move { if n % 8 == 7 { rotate(platform, call).await } else { issue(platform, call).await } }
    }))
    .await;
    let mut keys: Vec<(u64, Vec<u8>)> =
        answers.iter().map(|answer| (key_id(&answer.body), base_key(&answer.body))).collect();
    keys.sort();
    for pair in keys.windows(2) {
        let ((one, base), (other, next)) = (&pair[0], &pair[1]);
        // Neither the whole nor the place of a sender ever comes twice, and every base key follows from the one before or from none.
        assert_ne!(one >> STEP_BITS, other >> STEP_BITS);
        let same = Participant::generation_of(*one) == Participant::generation_of(*other);
        assert_eq!(ratcheted(base) == *next, same, "{one:x} {other:x}");
    }
}

#[tokio::test]
async fn attack_31_whoever_is_let_go_is_followed_by_another_key_though_nobody_says_so() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let generation = |answer: &Answer, pointer: &str| {
        Participant::generation_of(answer.body.pointer(pointer).unwrap()["key_id"].as_u64().unwrap())
    };
    let grant = async |who: &Caller| {
        who.post(&format!("/v1/calls/{call}/live-grants"), json!({"mode": "monitor"})).await
    };
    // A member hears the call, and is made a Viewer, who may not; another is removed; a key is revoked.
    let first = grant(team.caller("member")).await.expect(201);
    let mut member = Participant::with(&first.body["media_key"]);
    assert_eq!(generation(&issue(&platform, &call).await.expect(201), ""), generation(&first, "/media_key"));
    let role = json!({"role": "viewer"});
    team.owner().patch(&format!("/v1/members/{}", team.id("member")), role).await.expect(200);
    grant(team.caller("member")).await.problem(403, "permission_denied");
    let second = issue(&platform, &call).await.expect(201);
    assert_eq!(generation(&second, ""), generation(&first, "/media_key") + 1);
    assert_eq!(member.hear(&Participant::with(&second.body).say("without them")), None);

    let third = grant(team.caller("customer_support_agent")).await.expect(201);
    assert_eq!(generation(&third, "/media_key"), generation(&second, ""));
    team.owner().delete(&format!("/v1/members/{}", team.id("customer_support_agent"))).await.expect(204);
    grant(team.caller("customer_support_agent")).await.problem(401, "unauthenticated");
    let fourth = issue(&platform, &call).await.expect(201);
    assert_eq!(generation(&fourth, ""), generation(&second, "") + 1);

    let (key, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["media_keys:issue"]})).await;
    let participant = service.anonymous().with_token(&secret);
    assert_eq!(generation(&issue(&participant, &call).await.expect(201), ""), generation(&fourth, ""));
    team.owner().delete(&crate::api_keys::path(&key)).await.expect(204);
    issue(&participant, &call).await.problem(401, "unauthenticated");
    assert_eq!(generation(&issue(&platform, &call).await.expect(201), ""), generation(&fourth, "") + 1);
    // And after an hour, for all.
    service.clock.advance(Duration::HOUR);
    assert_eq!(generation(&issue(&platform, &call).await.expect(201), ""), generation(&fourth, "") + 2);
}

#[tokio::test]
async fn attack_31_a_program_that_may_listen_has_no_key_unless_it_may_have_keys() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for control in ["end_to_end_encryption", "call_recording"] {
        switch_on(&service, &team, control).await;
    }
    let call = calls::write(team.owner(), "CA1").await;
    let listener = calls::platform(&service, &team, &["live_space:monitor", "calls:write"]).await;
    assert_eq!(let_in(&listener, &call).await, Value::Null);
    // Nor does it count as somebody who has one.
    recordings::put(&listener, &call, &recordings::wav(1000, 1)).await.problem(409, "media_key_required");
    let participant = calls::platform(&service, &team, &["live_space:monitor", "media_keys:issue"]).await;
    assert!(let_in(&participant, &call).await.is_object());
}

/// Asks for a key of a call; gives back its generation, and what was shown.
async fn issued(platform: &Caller, call: &str) -> (u64, Value) {
    let issued = issue(platform, call).await.expect(201).body;
    (Participant::generation_of(key_id(&issued)), issued)
}

/// Lets somebody into a call; gives back the key that comes with it.
async fn let_in(who: &Caller, call: &str) -> Value {
    let path = format!("/v1/calls/{call}/live-grants");
    who.post(&path, json!({"mode": "monitor"})).await.expect(201).body["media_key"].clone()
}

#[tokio::test]
async fn attack_31_whoever_was_removed_and_came_back_is_followed_by_another_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let (first, _) = issued(&platform, &call).await;
    let mut removed = Participant::with(&let_in(team.caller("customer_support_agent"), &call).await);
    assert_eq!(issued(&platform, &call).await.0, first);
    team.owner().delete(&format!("/v1/members/{}", team.id("customer_support_agent"))).await.expect(204);
    service.clock.advance(Duration::SECOND);
    let email = team.email("customer_support_agent");
    let (_, token) = service.invite(team.owner(), email, "customer_support_agent").await;
    let returned = service.sign_in(email).await;
    returned.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let (second, shown) = issued(&platform, &call).await;
    assert_eq!(second, first + 1);
    assert_eq!(removed.hear(&Participant::with(&shown).say("while they were gone")), None);
    // As a member again they have one like everybody.
    let returned = service.sign_in(email).await;
    assert_eq!(Participant::generation_of(key_id(&let_in(&returned, &call).await)), second);
    assert_eq!(issued(&platform, &call).await.0, second);
}

#[tokio::test]
async fn attack_31_a_secret_of_an_api_key_that_has_ended_is_followed_by_another_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let (key, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["media_keys:issue"]})).await;
    let old = service.anonymous().with_token(&secret);
    let (first, _) = issued(&old, &call).await;
    let rotation = format!("{}/rotate", crate::api_keys::path(&key));
    team.owner().post(&rotation, json!({"overlap_seconds": 60})).await.expect(200);
    // Whoever knows the old one has a key until it has ended.
    assert_eq!(issued(&platform, &call).await.0, first);
    service.clock.advance(Duration::seconds(61));
    issue(&old, &call).await.problem(401, "unauthenticated");
    assert_eq!(issued(&platform, &call).await.0, first + 1);
    assert_eq!(issued(&platform, &call).await.0, first + 1);
}

#[tokio::test]
async fn attack_31_a_session_that_was_ended_in_a_call_gives_the_next_one_a_new_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let stolen = service.sign_in(team.email("member")).await;
    let mut thief = Participant::with(&let_in(&stolen, &call).await);
    let (first, _) = issued(&platform, &call).await;
    // One in which no key was fetched takes none with it.
    service.sign_in(team.email("member")).await.delete("/v1/session").await.expect(204);
    assert_eq!(issued(&platform, &call).await.0, first);

    let id = stolen.get("/v1/session").await.expect(200).text_at("/session/id").to_owned();
    team.caller("member").delete(&format!("/v1/sessions/{id}")).await.expect(204);
    stolen.get("/v1/session").await.problem(401, "unauthenticated");
    let (second, shown) = issued(&platform, &call).await;
    assert_eq!(second, first + 1);
    assert_eq!(thief.hear(&Participant::with(&shown).say("without the thief")), None);
    // Whose it was takes part in a session of their own, which goes on.
    assert_eq!(Participant::generation_of(key_id(&let_in(team.caller("member"), &call).await)), second);
    assert_eq!(issued(&platform, &call).await.0, second);

    // So it is for whoever may have keys without being let in; signing out is an end like others.
    let owner = service.sign_in(team.email("owner")).await;
    assert_eq!(issued(&owner, &call).await.0, second);
    owner.delete("/v1/session").await.expect(204);
    let (third, _) = issued(&platform, &call).await;
    assert_eq!(third, second + 1);

    // A node of the last release does not say in which session a key was fetched: whoever has theirs from there holds it as before.
    let_in(team.caller("member"), &call).await;
    service.database.execute("UPDATE media_key_holders SET session_id = NULL").await;
    team.caller("member").delete("/v1/session").await.expect(204);
    assert_eq!(issued(&platform, &call).await.0, third);
}

#[tokio::test]
async fn attack_31_whoever_is_late_with_a_second_factor_is_followed_by_another_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let_in(team.caller("member"), &call).await;
    let (first, _) = issued(&platform, &call).await;
    crate::mfa_rule::require(team.owner(), 0).await;
    let monitor = json!({"mode": "monitor"});
    let late = team.caller("member").post(&format!("/v1/calls/{call}/live-grants"), monitor).await;
    late.problem(403, "mfa_required");
    assert_eq!(issued(&platform, &call).await.0, first + 1);
    assert_eq!(issued(&platform, &call).await.0, first + 1);
}

#[tokio::test]
async fn attack_31_what_is_switched_in_the_middle_of_a_call_opens_it_to_nobody() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let call = calls::write(&platform, "CA1").await;
    let monitor = json!({"mode": "monitor"});
    let grant = async |who: &Caller, call: &str| {
        who.post(&format!("/v1/calls/{call}/live-grants"), monitor.clone()).await
    };
    let listens = grant(team.caller("customer_support_agent"), &call).await.expect(201);
    let mut listens = Participant::with(&listens.body["media_key"]);
    let plain = calls::write(&platform, "CA2").await;

    recordings::switch(&team, "end_to_end_encryption", false).await;
    // A call without a key gets none. One that has a key keeps to it: newcomers get theirs, also those who are let in.
    issue(&platform, &plain).await.problem(409, "end_to_end_encryption_disabled");
    assert_eq!(grant(team.caller("member"), &plain).await.expect(201).body["media_key"], Value::Null);
    let mut joins = Participant::with(&issue(&platform, &call).await.expect(201).body);
    assert!(grant(team.caller("member"), &call).await.expect(201).body["media_key"].is_object());
    assert_eq!(listens.hear(&joins.say("for everybody")).as_deref(), Some("for everybody"));
    // Whoever is removed does not listen on.
    team.owner().delete(&format!("/v1/members/{}", team.id("customer_support_agent"))).await.expect(204);
    let mut after = Participant::with(&issue(&platform, &call).await.expect(201).body);
    assert_eq!(listens.hear(&after.say("without them")), None);
    let mut rotated = Participant::with(&rotate(&platform, &call).await.expect(200).body);
    assert_eq!(after.hear(&rotated.say("and without the others")), None);
}

#[tokio::test]
async fn attack_31_a_recording_of_a_call_that_has_a_key_needs_one_whatever_is_switched() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "end_to_end_encryption").await;
    recordings::switch(&team, "call_recording", true).await;
    let platform = calls::platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    let (call, plain) = (calls::write(&platform, "CA1").await, calls::write(&platform, "CA2").await);
    issue(&platform, &call).await.expect(201);
    recordings::switch(&team, "end_to_end_encryption", false).await;
    // It is taken from whoever has had a key; that of a plain call from everybody who may write calls.
    let relay = calls::platform(&service, &team, &["calls:write"]).await;
    let sound = recordings::wav(1_000, 1);
    recordings::put(&relay, &call, &sound).await.problem(409, "media_key_required");
    recordings::put(&platform, &call, &sound).await.expect(201);
    recordings::put(&relay, &plain, &sound).await.expect(201);

    // Switched on, it holds for calls that have begun without a key.
    let begun = calls::write(&platform, "CA3").await;
    recordings::switch(&team, "end_to_end_encryption", true).await;
    recordings::put(&platform, &begun, &sound).await.problem(409, "media_key_required");
    issue(&platform, &begun).await.expect(201);
    recordings::put(&platform, &begun, &sound).await.expect(201);
}

#[tokio::test]
async fn attack_31_no_key_is_in_the_database_in_clear_and_none_is_kept_of_a_call_that_is_over() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    for team in [&ours, &theirs] {
        switch_on(&service, team, "end_to_end_encryption").await;
    }
    let call = calls::write(ours.owner(), "CA1").await;
    issue(theirs.owner(), &call).await.problem(404, "not_found");
    rotate(theirs.owner(), &call).await.problem(404, "not_found");
    issue(ours.caller("admin"), &call).await.problem(403, "permission_denied");
    let keys = [
        issue(ours.owner(), &call).await.expect(201).body,
        issue(ours.owner(), &call).await.expect(201).body,
        rotate(ours.owner(), &call).await.expect(200).body,
    ];
    for key in &keys {
        let hex: String = base_key(key).iter().map(|byte| format!("{byte:02x}")).collect();
        for clear in [hex.as_str(), key["base_key"].as_str().unwrap()] {
            assert_eq!(service.database.tables_with(clear).await, [""; 0]);
        }
    }
    assert_eq!(service.database.rows("SELECT 1 AS one FROM media_keys").await.len(), 1);
    ours.owner().patch(&calls::path(&call), json!({"ended_at": "2026-03-01T09:00:00Z"})).await.expect(200);
    assert!(service.database.rows("SELECT 1 AS one FROM media_keys").await.is_empty());
    issue(ours.owner(), &call).await.problem(409, "call_ended");
    rotate(ours.owner(), &call).await.problem(409, "call_ended");
    // Nor of one that was over when it was written down.
    let mut over = calls::body("CA2");
    over["ended_at"] = json!("2026-03-01T08:30:00Z");
    let over = ours.owner().post("/v1/calls", over).await.expect(201).text_at("/id").to_owned();
    issue(ours.owner(), &over).await.problem(409, "call_ended");
    ours.owner()
        .post(&path(&over), json!({"cipher_suite": "AES_128_CTR_HMAC_SHA256_32"}))
        .await
        .invalid("cipher_suite");
}
