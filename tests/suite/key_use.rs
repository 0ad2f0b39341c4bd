//! API keys in use: who is let in, what they may do, how fast, and what is told apart.

use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    api_keys::{make, path},
    tokens::KNOWN,
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
