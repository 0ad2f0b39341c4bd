//! API keys in use: who is let in, what they may do, how fast, and what is told apart.

use std::sync::Arc;

use rollcall_tests::{Answer, Caller, ManualClock, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    api_keys::{make, path},
    tokens::{KNOWN, RING, access_token, introspect, published, read, start, state, verified},
};

/// A request that a proxy says came from an address.
async fn from(caller: &Caller, ip: &str) -> Answer {
    let request = caller.request(reqwest::Method::GET, "/v1/session");
    Answer::of(request.header("X-Forwarded-For", ip)).await
}

#[tokio::test]
async fn a_key_is_told_what_it_is_and_where_and_what_it_may_do() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["calls:write", "team:read"]})).await;
    let program = service.anonymous().with_token(&secret);
    let organization = team.owner().get("/v1/organization").await.expect(200).body;
    let expected = json!({
        "session": null, "organization": organization, "role": null,
        "permissions": ["team:read", "calls:write"], "authenticated_at": null, "elevated_until": null,
        "api_key": {
            "id": id, "name": "Importer", "prefix": &secret[..16], "scopes": ["team:read", "calls:write"],
            "expires_at": null,
        },
    });
    assert_eq!(program.get("/v1/session").await.expect(200).body, expected);
    assert_eq!(program.get("/v1/members?limit=2").await.expect(200).list("data").len(), 2);
    program.get(&format!("/v1/members/{}", team.id("viewer"))).await.expect(200);
    program.get("/v1/roles").await.expect(200);
    let checks = json!({"checks": [{"permission": "calls:write"}, {"permission": "calls:read"},
                                   {"permission": "team:invite"}]});
    let told = program.post("/v1/authorize", checks).await.expect(200);
    let reasons: Vec<&Value> = told.list("results").iter().map(|result| &result["reason"]).collect();
    assert_eq!(reasons, [&json!(null), &json!("scope_lacks_permission"), &json!("scope_lacks_permission")]);
    let refused = program.get("/v1/organization").await.problem(403, "permission_denied");
    assert_eq!(refused.text_at("/required_permission"), "organization:read");
    // A cursor of its list is not for somebody else.
    let page = program.get("/v1/members?limit=2").await.expect(200);
    let next = format!("/v1/members?limit=2&cursor={}", page.text_at("/next_cursor"));
    program.get(&next).await.expect(200);
    team.owner().get(&next).await.problem(400, "invalid_cursor");
    // A key is for programs: a browser does not bring it.
    let cookie = service.anonymous().request(reqwest::Method::GET, "/v1/session");
    let cookie = cookie.header("Cookie", format!("rollcall_session={secret}"));
    Answer::of(cookie).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_mistyped_key_is_refused_without_a_visit_to_the_database() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (_, secret) = make(&owner, json!({})).await;
    let lock = "LOCK TABLE api_keys, api_key_secrets IN ACCESS EXCLUSIVE MODE";
    let held = service.database.open_transaction(lock).await;
    for place in [4, 20, 65] {
        let mut mistyped = secret.clone().into_bytes();
        mistyped[place] = if mistyped[place] == b'a' { b'b' } else { b'a' };
        let mistyped = String::from_utf8(mistyped).unwrap();
        let asking = service.anonymous().with_token(&mistyped);
        let answer = tokio::time::timeout(std::time::Duration::from_secs(10), asking.get("/v1/session"));
        answer.await.expect("an answer while the tables are locked").problem(401, "unauthenticated");
    }
    held.roll_back().await;
    service.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn letting_a_program_in_writes_nothing() {
    let service = Service::start().await;
    let (owner, signed_up) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (_, secret) = make(&owner, json!({"rate_limit": {"requests": 1_000, "per_seconds": 1}})).await;
    service.all_mail_sent().await;
    let program = service.anonymous().with_token(&secret);
    // Whatever would be written waits for this lock, and then so does the answer.
    let lock = "LOCK TABLE api_keys, api_key_secrets, organizations, audit_events IN EXCLUSIVE MODE";
    let held = service.database.open_transaction(lock).await;
    for _ in 0..3 {
        let answer = tokio::time::timeout(std::time::Duration::from_secs(10), program.get("/v1/session"));
        answer.await.expect("an answer while nothing can be written").expect(200);
    }
    held.roll_back().await;
    let log = service.audit_log(Some(signed_up.text_at("/organization/id"))).await;
    assert!(log.last().unwrap().0.starts_with("api_key.created"), "{log:?}");
}

#[tokio::test]
async fn a_key_that_is_held_to_networks_works_there_and_the_refusal_is_on_record() {
    let service = Service::start_with(&[("http.trusted_proxies", "127.0.0.1")]).await;
    let team = Team::assemble(&service, "Acme").await;
    let more = json!({
        "allowed_cidrs": ["192.0.2.0/24", "2001:db8::/32"], "rate_limit": {"requests": 4, "per_seconds": 60},
    });
    let (id, secret) = make(team.owner(), more).await;
    let program = service.anonymous().with_token(&secret);
    for ip in ["192.0.2.1", "2001:db8:7::1", "::ffff:192.0.2.200"] {
        from(&program, ip).await.expect(200);
    }
    let before = service.audit_log(Some(&team.organization)).await.len();
    for ip in ["192.0.3.1", "2001:db9::1", "127.0.0.1", "198.51.100.1", "198.51.100.2"] {
        from(&program, ip).await.problem(403, "network_not_allowed");
    }
    // Whoever has stolen it uses nothing up of what its owner may do. Later, as the use before may be written down by now.
    service.clock.advance(Duration::SECOND);
    from(&program, "192.0.2.1").await.expect(200);
    from(&program, "192.0.2.1").await.problem(429, "rate_limited");
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log[before..], vec![("permission.denied".to_owned(), "refused".to_owned()); 5]);
    let used = team.owner().get(&path(&id)).await.expect(200);
    assert_eq!(used.body["last_used_ip"], "192.0.2.1");
    // Revoked comes first: of a key that is worth nothing nothing else is told.
    team.owner().delete(&path(&id)).await.expect(204);
    from(&program, "198.51.100.1").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_limit_of_its_own_counts_every_use_once_and_is_told_in_the_headers() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let more = json!({"scopes": ["calls:read"], "rate_limit": {"requests": 5, "per_seconds": 50}});
    let (id, secret) = make(&owner, more).await;
    let program = service.anonymous().with_token(&secret);
    let told = |answer: &Answer| {
        (answer.header("ratelimit-policy").to_owned(), answer.header("ratelimit").to_owned())
    };
    let policy = || "\"api_key\";q=5;w=50".to_owned();

    let first = program.get("/v1/session").await.expect(200);
    assert_eq!(told(&first), (policy(), "\"api_key\";r=4;t=10".to_owned()));
    // A request that is looked at twice on its way, as one with an Idempotency-Key is, counts once.
    let keyed = program.request(reqwest::Method::POST, "/v1/calls").header("Idempotency-Key", "once");
    let looked_at = Answer::of(keyed.json(&json!({}))).await.problem(403, "permission_denied");
    assert_eq!(told(&looked_at).1, "\"api_key\";r=3;t=20");
    // One that lacks a scope counts too, and is not told anything else.
    let refused = program.get("/v1/organization").await.problem(403, "permission_denied");
    assert_eq!(told(&refused).1, "\"api_key\";r=2;t=30");
    // Two at once count twice.
    let (one, other) = tokio::join!(program.get("/v1/session"), program.get("/v1/session"));
    let mut left = [told(&one.expect(200)).1, told(&other.expect(200)).1];
    left.sort();
    assert_eq!(left, ["\"api_key\";r=0;t=50", "\"api_key\";r=1;t=40"]);
    let too_fast = program.get("/v1/session").await.problem(429, "rate_limited");
    assert_eq!(too_fast.header("retry-after"), "11");
    assert_eq!(told(&too_fast), (policy(), "\"api_key\";r=0;t=11".to_owned()));
    // Nobody else is slowed down, and nothing of it is written down.
    owner.get("/v1/session").await.expect(200);
    service.clock.advance(Duration::seconds(10));
    program.get("/v1/session").await.expect(200);
    program.get("/v1/session").await.problem(429, "rate_limited");
    // Without a limit of its own there is none to tell here, where the service has none.
    owner.patch(&path(&id), json!({"rate_limit": null})).await.expect(200);
    let free = program.get("/v1/session").await.expect(200);
    assert_eq!(told(&free), (String::new(), String::new()));
}

#[tokio::test]
async fn a_key_gets_access_tokens_that_say_its_scopes_and_die_with_it() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["calls:write", "organization:read"]})).await;
    let program = service.anonymous().with_token(&secret);
    let token = access_token(&program).await;
    let claims = verified(&token, &published(&program).await).expect("a signature");
    let now = 1_772_355_600;
    let expected = json!({
        "iss": service.base(), "aud": service.base(), "sub": id, "org": team.organization,
        "scope": "organization:read calls:write", "jti": claims["jti"], "iat": now, "exp": now + 300,
        "asked_with": claims["asked_with"],
    });
    assert_eq!(claims, expected);
    // Which secret it was is told to nobody but Rollcall, and otherwise in each token.
    let (_, again) = read(&access_token(&program).await);
    assert_eq!(claims["asked_with"].as_str().map(str::len), Some(22));
    assert_ne!(claims["asked_with"], again["asked_with"]);
    let bearer = service.anonymous().with_token(&token);
    assert_eq!(bearer.get("/v1/session").await.expect(200).body["api_key"]["id"], id.as_str());
    bearer.get("/v1/organization").await.expect(200);
    bearer.post("/v1/tokens", json!({})).await.problem(403, "session_required");
    let mut told = claims.clone();
    told["active"] = json!(true);
    told["token_type"] = json!("Bearer");
    told.as_object_mut().unwrap().remove("asked_with");
    assert_eq!(state(&service, &token).await, told);
    // Its scopes are those that the key has now.
    team.owner().patch(&path(&id), json!({"scopes": ["calls:write"]})).await.expect(200);
    bearer.get("/v1/organization").await.problem(403, "permission_denied");
    assert_eq!(state(&service, &token).await["scope"], "calls:write");
    team.owner().delete(&path(&id)).await.expect(204);
    bearer.get("/v1/session").await.problem(401, "unauthenticated");
    assert_eq!(state(&service, &token).await, json!({"active": false}));
}

#[tokio::test]
async fn a_token_does_not_outlive_the_secret_that_it_was_asked_for_with() {
    let service = start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, old) = make(&owner, json!({})).await;
    let body = json!({"overlap_seconds": 60});
    owner.post(&format!("{}/rotate", path(&id)), body).await.expect(200);
    let token = access_token(&service.anonymous().with_token(&old)).await;
    let (_, claims) = read(&token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    service.clock.advance(Duration::MINUTE);
    service.anonymous().with_token(&token).get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_10_a_token_ends_with_its_secret_though_that_be_replaced_after_it_was_made() {
    let service = start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, first) = make(&owner, json!({})).await;
    let rotate = async |overlap: u32| {
        let body = json!({"overlap_seconds": overlap});
        let rotated = owner.post(&format!("{}/rotate", path(&id)), body).await.expect(200);
        rotated.text_at("/secret").to_owned()
    };
    let by = async |secret: &str| access_token(&service.anonymous().with_token(secret)).await;
    let status = async |token: &str| service.anonymous().with_token(token).get("/v1/session").await.status;
    let of_first = by(&first).await;
    let end = read(&of_first).1["exp"].as_i64().unwrap();
    // Both go on while both secrets do, and services are told of the nearer end.
    let second = rotate(60).await;
    let of_second = by(&second).await;
    assert_eq!((status(&of_first).await.as_u16(), status(&of_second).await.as_u16()), (200, 200));
    assert_eq!(state(&service, &of_first).await["exp"], end - 240);
    assert_eq!(state(&service, &of_second).await["exp"], end);
    service.clock.advance(Duration::MINUTE);
    assert_eq!((status(&of_first).await.as_u16(), status(&of_second).await.as_u16()), (401, 200));
    assert_eq!(state(&service, &of_first).await, json!({"active": false}));
    // Without an overlap it is over at once, and the new secret's tokens are not.
    let third = rotate(0).await;
    let of_third = by(&third).await;
    assert_eq!((status(&of_second).await.as_u16(), status(&of_third).await.as_u16()), (401, 200));
    assert_eq!(state(&service, &of_second).await, json!({"active": false}));
    assert_eq!(state(&service, &of_third).await["active"], true);
}

#[tokio::test]
async fn rfc_7662_a_service_learns_what_a_key_is_worth_and_from_where() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let more = json!({"scopes": ["calls:write", "calls:read"], "allowed_cidrs": ["192.0.2.0/24"],
                      "rate_limit": {"requests": 1, "per_seconds": 60}});
    let (id, secret) = make(team.owner(), more).await;
    let now = 1_772_355_600;
    let mut expected = json!({
        "active": true, "sub": id, "org": team.organization, "scope": "calls:read calls:write",
        "allowed_cidrs": ["192.0.2.0/24"], "token_type": "Bearer", "iss": service.base(), "aud": service.base(),
        "iat": now,
    });
    // Asking is no use, however often.
    for _ in 0..3 {
        assert_eq!(state(&service, &secret).await, expected);
    }
    let shown = team.owner().get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["last_used_at"], Value::Null);
    let change = json!({"expires_at": "2026-03-01T09:01:00Z", "allowed_cidrs": null});
    team.owner().patch(&path(&id), change).await.expect(200);
    expected["exp"] = json!(now + 60);
    expected.as_object_mut().unwrap().remove("allowed_cidrs");
    assert_eq!(state(&service, &secret).await, expected);
    service.clock.advance(Duration::MINUTE);
    assert_eq!(state(&service, &secret).await, json!({"active": false}));
    // A key is not the credential of a service.
    introspect(&service, &secret, team.owner().token()).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn asvs_13_3_4_a_key_that_is_used_moves_to_the_newest_key_of_the_keyring_and_the_old_one_can_go() {
    const OLD: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "2:IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let before = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", OLD)]).await;
    let (grace, _) = before.sign_up(&Service::new_address("grace"), "Acme").await;
    let (_, used) = make(&grace, json!({})).await;
    let (id, replaced) = make(&grace, json!({})).await;
    let (_, unused) = make(&grace, json!({})).await;
    let (_, ended) = make(&grace, json!({"expires_at": "2026-03-02T00:00:00Z"})).await;
    let rotate = grace.post(&format!("{}/rotate", path(&id)), json!({"overlap_seconds": 604_800})).await;
    let newer = rotate.expect(200).text_at("/secret").to_owned();

    let both = format!("{NEW},{OLD}");
    let during = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", &both)]).await;
    let other = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", &both)]).await;
    assert_eq!(
        during.ring_in_use().await.lines.lines().collect::<Vec<_>>(),
        [
            "the key 1 is on the ring, and 5 API keys are kept by it until they are used",
            "the key 1 is on the ring, and seals what signs as access_token: `rollcall keys rotate access_token` makes another",
            "the key 1 is on the ring, and seals what signs as audit_checkpoint: `rollcall keys rotate audit_checkpoint` makes another",
            "the key 1 is on the ring, and seals what signs as live_grant: `rollcall keys rotate live_grant` makes another",
        ]
    );
    let kept = async || {
        let rows =
            database.rows("SELECT get_byte(secret_hash, 0) AS key FROM api_key_secrets ORDER BY 1").await;
        rows.iter().map(|row| row["key"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    // Looking at keys alone moves none; using them does, whichever node it is at, and both secrets of one that was replaced.
    assert_eq!(kept().await, [1, 1, 1, 1, 1]);
    for secret in [&used, &replaced, &newer] {
        for node in [&during, &other] {
            node.anonymous().with_token(secret).get("/v1/session").await.expect(200);
        }
    }
    until("the keys that were used to be kept by the new key", async || {
        (kept().await == [1, 1, 2, 2, 2]).then_some(())
    })
    .await;
    // They work on, at both, also where they are remembered as they were.
    for secret in [&used, &replaced, &newer] {
        for node in [&during, &other] {
            node.anonymous().with_token(secret).get("/v1/session").await.expect(200);
        }
    }
    clock.advance(Duration::days(2));
    during.anonymous().with_token(&ended).get("/v1/session").await.problem(401, "unauthenticated");
    assert_eq!(
        during.ring_in_use().await.lines.lines().next(),
        Some("the key 1 is on the ring, and 1 API keys are kept by it until they are used")
    );

    let after = Service::start_on(database.clone(), clock, &[("keys.ring", NEW)]).await;
    for secret in [&used, &replaced, &newer] {
        after.anonymous().with_token(secret).get("/v1/session").await.expect(200);
    }
    after.anonymous().with_token(&unused).get("/v1/session").await.problem(401, "unauthenticated");
    assert!(during.ring_in_use().await.is_whole);
    let ring = after.ring_in_use().await;
    let kept = "the key 1 is not on the ring, and 1 API keys that are kept by it cannot be used";
    assert_eq!(ring.lines.lines().next(), Some(kept));
    assert!(ring.lines.contains("does not open what signs as live_grant"), "{}", ring.lines);
    assert!(!ring.is_whole);
}

#[tokio::test]
async fn asvs_13_3_4_keys_work_on_after_the_keyring_was_rotated() {
    let (database, clock) =
        (std::sync::Arc::new(rollcall_tests::TestDatabase::create().await), Default::default());
    let service = Service::start_on(database, clock, &KNOWN).await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (_, secret) = make(&owner, json!({})).await;
    let (database, clock) = (service.database.clone(), service.clock.clone());
    service.stop().await;
    let new = "2:HxwdHB8aGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    let both = format!("{new},{RING}");
    let rotated = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", &both)]).await;
    for _ in 0..2 {
        rotated.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
    }
    let (_, newer) = make(&rotated.anonymous().with_token(owner.token()), json!({})).await;
    rotated.stop().await;
    let without = Service::start_on(database, clock, &[("keys.ring", new)]).await;
    // A node that stops writes down what it has not yet: the key has moved.
    without.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
    without.anonymous().with_token(&newer).get("/v1/session").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_at_work_and_a_deletion_do_not_wait_for_each_other_for_ever() {
    let service = Service::start().await;
    for round in 0..5 {
        let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
        let (_, secret) = make(&owner, json!({"scopes": ["calls:write"]})).await;
        let program = service.anonymous().with_token(&secret);
        let calls = (0..20).map(|number| {
            let (program, call) = (&program, crate::calls::body(&format!("CA{number}")));
            async move { program.post("/v1/calls", call).await }
        });
        let (written, deleted) = tokio::join!(
            futures_util::future::join_all(calls),
            owner.delete_with("/v1/organization", json!({"confirm_name": "Acme"})),
        );
        deleted.expect(204);
        for answer in written {
            assert!(matches!(answer.status.as_u16(), 201 | 401), "round {round}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn how_much_a_key_was_used_is_told_by_day_wherever_it_was() {
    let service = Service::start_with(&KNOWN).await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["team:read"]})).await;
    let told = async |caller: &Caller| {
        let told = caller.get(&format!("{}/use", path(&id))).await.expect(200);
        assert_eq!(told.list("days").len(), 30);
        told.list("days").iter().rev().take(3).map(|day| day["calls"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(team.owner()).await, [0, 0, 0]);
    for (day, here, there) in [(0, 1, 2), (1, 2, 0), (2, 0, 3)] {
        // What a node has counted is written down when it ends.
        let node = Service::start_on_values(&service, &KNOWN).await;
        for (service, calls) in [(&service, here), (&node, there)] {
            let program = service.anonymous().with_token(&secret);
            for _ in 0..calls {
                program.get("/v1/members").await.expect(200);
            }
        }
        node.stop().await;
        let owner = service.sign_in(team.email("owner")).await;
        let expected = match day {
            0 => [3, 0, 0],
            1 => [2, 3, 0],
            _ => [3, 2, 3],
        };
        assert_eq!(told(&owner).await, expected, "day {day}");
        service.clock.advance(Duration::DAY);
    }
    // Older days are let go of.
    service.clock.advance(Duration::days(40));
    let owner = service.sign_in(team.email("owner")).await;
    assert_eq!(told(&owner).await, [0, 0, 0]);
    // Another organization's key is none.
    let other = Team::assemble(&service, "Other").await;
    other.owner().get(&format!("{}/use", path(&id))).await.problem(404, "not_found");
}
