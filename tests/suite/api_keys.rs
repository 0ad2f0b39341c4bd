//! API keys: made, shown and changed.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team, until, word};
use serde_json::{Value, json};
use time::Duration;

/// Makes a key; gives back its id and what opens it.
pub(crate) async fn make(owner: &Caller, more: Value) -> (String, String) {
    let mut body = json!({"name": "Importer", "scopes": ["organization:read", "calls:read"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = owner.post("/v1/api-keys", body).await.expect(201);
    (made.text_at("/api_key/id").to_owned(), made.text_at("/secret").to_owned())
}

pub(crate) fn path(id: &str) -> String {
    format!("/v1/api-keys/{id}")
}

#[tokio::test]
async fn a_key_is_shown_whole_once_and_kept_as_a_keyed_hash() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let body = json!({
        "name": "  Call importer ", "scopes": ["calls:write", "calls:read", "calls:read"],
        "expires_at": "2027-01-02T04:04:05.1234567+01:00", "allowed_cidrs": ["127.0.0.0/8", "2001:db8::1"],
        "rate_limit": {"requests": 600, "per_seconds": 60},
    });
    let made = team.owner().post("/v1/api-keys", body).await.expect(201);
    let (id, secret) = (made.text_at("/api_key/id"), made.text_at("/secret"));
    assert!(id.starts_with("key_") && secret.len() == 66);
    assert_eq!(made.header("location"), path(id));
    let expected = json!({
        "id": id, "prefix": &secret[..16], "name": "Call importer", "scopes": ["calls:read", "calls:write"],
        "created_by": team.id("owner"), "created_at": "2026-03-01T09:00:00Z",
        "expires_at": "2027-01-02T03:04:05.123456Z", "allowed_cidrs": ["127.0.0.0/8", "2001:db8::1/128"],
        "rate_limit": {"requests": 600, "per_seconds": 60}, "last_used_at": null, "last_used_ip": null,
        "previous_secret_until": null, "revoked_at": null,
    });
    assert_eq!(made.body["api_key"], expected);
    let shown = team.owner().get(&path(id)).await.expect(200);
    assert_eq!(shown.body, expected);
    assert_eq!(team.owner().get("/v1/api-keys").await.expect(200).list("data"), &[expected]);

    // Nothing that is kept holds it, or what follows from it without the keyring.
    let random = &secret[17..];
    for table in ["api_keys", "api_key_secrets", "audit_events", "idempotency_keys", "mails"] {
        let rows = service.database.rows(&format!("SELECT * FROM {table}")).await;
        assert!(!Value::from(rows).to_string().contains(random), "{table}");
    }
    let kept = service.database.rows("SELECT encode(secret_hash, 'hex') AS hash FROM api_key_secrets").await;
    let sha_256 = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    let hex: String = sha_256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!kept[0]["hash"].as_str().unwrap().contains(&hex));
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.last().unwrap(), &("api_key.created".to_owned(), "success".to_owned()));
}

#[tokio::test]
async fn what_a_key_cannot_be_is_told_by_field() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let good = json!({"name": "Importer", "scopes": ["calls:read"]});
    for (field, value, named) in [
        ("name", json!(""), "name"),
        ("name", json!(word(101)), "name"),
        ("name", json!("a\u{202e}b"), "name"),
        ("scopes", json!([]), "scopes"),
        ("scopes", json!(["calls:read", "calls:destroy"]), "scopes[1]"),
        ("scopes", json!(["calls:read", "api_keys:manage"]), "scopes"),
        ("scopes", json!(["team:invite"]), "scopes"),
        ("scopes", json!("calls:read"), "scopes"),
        ("expires_at", json!("tomorrow"), "expires_at"),
        ("expires_at", json!("2026-03-01T09:00:00Z"), "expires_at"),
        ("expires_at", json!(1_900_000_000), "expires_at"),
        ("allowed_cidrs", json!([]), "allowed_cidrs"),
        ("allowed_cidrs", json!(["192.0.2.0/24", "nowhere"]), "allowed_cidrs[1]"),
        ("allowed_cidrs", json!(["10.0.0.1/8"]), "allowed_cidrs[0]"),
        ("allowed_cidrs", json!(vec!["::1"; 51]), "allowed_cidrs"),
        ("rate_limit", json!({"requests": 0, "per_seconds": 1}), "rate_limit.requests"),
        ("rate_limit", json!({"requests": 1, "per_seconds": 86_401}), "rate_limit.per_seconds"),
        ("rate_limit", json!({"requests": 1}), "rate_limit.per_seconds"),
        ("rate_limit", json!([1, 1]), "rate_limit"),
        ("id", json!("key_01h455vb4pex5vsknk084sn02q"), "id"),
        ("prefix", json!("rck_000000000000"), "prefix"),
        ("created_by", json!("user_01h455vb4pex5vsknk084sn02q"), "created_by"),
        ("organization_id", json!("org_01h455vb4pex5vsknk084sn02q"), "organization_id"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        owner.post("/v1/api-keys", body).await.invalid(named);
    }
    // In the words of JSON.
    for (field, value, message) in [
        ("scopes", json!("calls:read"), "must be a list"),
        (
            "rate_limit",
            json!({"requests": -1, "per_seconds": 1}),
            "must be a whole number, not negative, and not too large",
        ),
        (
            "rate_limit",
            json!({"requests": 1_000_000_000_000_u64, "per_seconds": 1}),
            "must be a whole number, not negative, and not too large",
        ),
        (
            "rate_limit",
            json!({"requests": 1.5, "per_seconds": 1}),
            "must be a whole number, not negative, and not too large",
        ),
        ("rate_limit", json!([1, 1]), "must be an object"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = owner.post("/v1/api-keys", body).await.problem(422, "invalid_request");
        assert_eq!(refused.list("errors")[0]["message"], message, "{field}");
    }
    let several = json!({"name": "", "scopes": [], "expires_at": "x", "allowed_cidrs": [""]});
    let refused = owner.post("/v1/api-keys", several).await.problem(422, "invalid_request");
    assert_eq!(refused.list("errors").len(), 4, "{}", refused.text);
    assert!(owner.get("/v1/api-keys").await.expect(200).list("data").is_empty());
}

#[tokio::test]
async fn making_and_renewing_a_key_takes_a_fresh_proof_and_reading_does_not() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, _) = make(&owner, json!({})).await;
    service.clock.advance(Duration::minutes(10));
    let good = json!({"name": "Importer", "scopes": ["calls:read"]});
    owner.post("/v1/api-keys", good.clone()).await.problem(403, "elevation_required");
    owner.post(&format!("{}/rotate", path(&id)), json!({})).await.problem(403, "elevation_required");
    owner.get(&path(&id)).await.expect(200);
    owner.patch(&path(&id), json!({"name": "Another"})).await.expect(200);
    owner.delete(&path(&id)).await.expect(204);
    owner.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    owner.post("/v1/api-keys", good).await.expect(201);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_makes_one_and_shows_the_same_secret() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let body = json!({"name": "Importer", "scopes": ["calls:read"]});
    let ask = async || {
        let request = owner.request(reqwest::Method::POST, "/v1/api-keys").json(&body);
        rollcall_tests::Answer::of(request.header("Idempotency-Key", "once")).await.expect(201)
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first.text, second.text);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(owner.get("/v1/api-keys").await.expect(200).list("data").len(), 1);
}

#[tokio::test]
async fn a_change_counts_from_the_next_use_on_and_names_the_version_it_is_meant_for() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["organization:read"]})).await;
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/organization").await.expect(200);
    let tag = team.owner().get(&path(&id)).await.expect(200).header("etag").to_owned();
    let patch = async |body: Value, tag: &str| {
        let request = team.owner().request(reqwest::Method::PATCH, &path(&id)).json(&body);
        rollcall_tests::Answer::of(request.header("If-Match", tag)).await
    };
    let changed = patch(json!({"name": "Reader", "scopes": ["team:read"]}), &tag).await.expect(200);
    assert_eq!((&changed.body["name"], &changed.body["scopes"]), (&json!("Reader"), &json!(["team:read"])));
    assert_ne!(changed.header("etag"), tag);
    program.get("/v1/organization").await.problem(403, "permission_denied");
    program.get("/v1/members").await.expect(200);
    patch(json!({"name": "Stale"}), &tag).await.problem(412, "precondition_failed");

    // Null takes away what can be absent, and nothing else.
    let bounds = json!({
        "expires_at": "2026-03-02T00:00:00Z", "allowed_cidrs": ["127.0.0.1"],
        "rate_limit": {"requests": 9, "per_seconds": 1},
    });
    let bounded = team.owner().patch(&path(&id), bounds).await.expect(200);
    assert_eq!(bounded.body["allowed_cidrs"], json!(["127.0.0.1/32"]));
    let free = json!({"expires_at": null, "allowed_cidrs": null, "rate_limit": null});
    let freed = team.owner().patch(&path(&id), free).await.expect(200);
    for field in ["expires_at", "allowed_cidrs", "rate_limit"] {
        assert_eq!(freed.body[field], Value::Null, "{field}");
    }
    for field in ["name", "scopes"] {
        team.owner().patch(&path(&id), json!({field: null})).await.invalid(field);
    }
    for (field, value) in [("revoked_at", json!(null)), ("prefix", json!("x")), ("created_by", json!(null))] {
        team.owner().patch(&path(&id), json!({field: value})).await.invalid(field);
    }
    // Nothing to change leaves no event.
    let before = service.audit_log(Some(&team.organization)).await;
    team.owner().patch(&path(&id), json!({"name": "Reader"})).await.expect(200);
    assert_eq!(service.audit_log(Some(&team.organization)).await, before);
}

#[tokio::test]
async fn keys_come_in_pages_and_a_cursor_is_for_its_own_list() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (other, _) = service.sign_up(&Service::new_address("owner"), "Other").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        service.clock.advance(Duration::SECOND);
        made.push(make(&owner, json!({})).await.0);
    }
    made.reverse();
    let (mut seen, mut next) = (Vec::new(), String::from("/v1/api-keys?limit=2"));
    loop {
        let page = owner.get(&next).await.expect(200);
        seen.extend(page.list("data").iter().map(|key| key["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        next = format!("/v1/api-keys?limit=2&cursor={cursor}");
        other.get(&next).await.problem(400, "invalid_cursor");
        owner.get(&format!("/v1/sessions?cursor={cursor}")).await.problem(400, "invalid_cursor");
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn an_organization_has_as_many_keys_as_it_may_have() {
    let values = [("limits.enabled", "true"), ("limits.api_keys_per_organization", "2")];
    let service = Service::start_with(&values).await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, _) = make(&owner, json!({})).await;
    make(&owner, json!({})).await;
    let third = json!({"name": "Third", "scopes": ["calls:read"]});
    owner.post("/v1/api-keys", third.clone()).await.problem(409, "too_many_api_keys");
    owner.delete(&path(&id)).await.expect(204);
    owner.post("/v1/api-keys", third).await.expect(201);
}

#[tokio::test]
async fn when_a_key_was_last_used_is_known_at_once_and_written_down_in_the_end() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, secret) = make(&owner, json!({})).await;
    let (_, unused) = make(&owner, json!({})).await;
    let tag = owner.get(&path(&id)).await.expect(200).header("etag").to_owned();
    service.clock.advance(Duration::MINUTE);
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/session").await.expect(200);
    let shown = owner.get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["last_used_at"], "2026-03-01T09:01:00Z");
    assert_eq!(shown.body["last_used_ip"], "127.0.0.1");
    // What is shown is something else by then, but the key can still be changed by whoever saw it before.
    assert_ne!(shown.header("etag"), tag);
    let known = owner.request(Method::GET, &path(&id)).header("If-None-Match", &tag);
    assert_eq!(Answer::of(known).await.status, 200);
    let rename = |name: &str| {
        let request = owner.request(Method::PATCH, &path(&id)).header("If-Match", &tag);
        Answer::of(request.json(&json!({"name": name})))
    };
    rename("Renamed").await.expect(200);
    rename("And again").await.problem(412, "precondition_failed");
    let kept = async || {
        let rows = "SELECT last_used_at::text, host(last_used_ip) AS ip FROM api_keys WHERE last_used_at IS NOT NULL";
        service.database.rows(rows).await
    };
    until("the use to be written down", async || (kept().await.len() == 1).then_some(())).await;
    assert_eq!(kept().await[0]["ip"], "127.0.0.1");
    // A use that is noted on its way out is written down when the node stops.
    service.clock.advance(Duration::MINUTE);
    service.anonymous().with_token(&unused).get("/v1/session").await.expect(200);
    let database = service.database.clone();
    service.stop().await;
    let rows = database.rows("SELECT last_used_at FROM api_keys WHERE last_used_at IS NOT NULL").await;
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn asvs_7_5_a_key_is_made_good_for_more_only_after_a_fresh_proof() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, _) = make(team.owner(), json!({"scopes": ["calls:read"]})).await;
    service.clock.advance(Duration::minutes(11));
    let wider = json!({"scopes": ["calls:read", "agents:manage"]});
    team.owner().patch(&path(&id), wider.clone()).await.problem(403, "elevation_required");
    team.owner().patch(&path(&id), json!({"allowed_cidrs": ["192.0.2.0/24"]})).await.expect(200);
    let owner = service.sign_in(team.email("owner")).await;
    owner.patch(&path(&id), wider).await.expect(200);
}
