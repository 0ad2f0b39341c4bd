//! The call log: written by the platform, known by the platform's own names, read by role.

use futures_util::future::join_all;
use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Team, word};
use serde_json::{Value, json};
use time::Duration;

/// A call as the platform writes it down.
pub(crate) fn body(external_id: &str) -> Value {
    json!({
        "external_id": external_id, "direction": "inbound", "agent_ref": "agent_7",
        "started_at": "2026-03-01T08:00:00Z", "from": "+14155550100", "to": "+14155550199",
    })
}

/// Writes one down; gives back its id.
pub(crate) async fn write(caller: &Caller, external_id: &str) -> String {
    caller.post("/v1/calls", body(external_id)).await.expect(201).text_at("/id").to_owned()
}

pub(crate) fn path(id: &str) -> String {
    format!("/v1/calls/{id}")
}

/// A program that may do all of this with calls.
pub(crate) async fn platform(service: &Service, team: &Team, scopes: &[&str]) -> Caller {
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": scopes})).await;
    service.anonymous().with_token(&secret)
}

/// The body with another value.
fn but(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn the_platform_writes_a_call_down_completes_it_and_reads_it_with_its_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = platform(&service, &team, &["calls:write", "calls:read"]).await;
    let metadata = json!({"campaign": {"id": 7, "share": 0.25, "tags": ["spring", null]}});
    let made = platform.post("/v1/calls", but(body("CA1"), "metadata", metadata.clone())).await.expect(201);
    let id = made.text_at("/id").to_owned();
    let mut expected = json!({
        "id": id, "external_id": "CA1", "direction": "inbound", "agent_ref": "agent_7",
        "started_at": "2026-03-01T08:00:00Z", "ended_at": null, "from": "+14155550100", "to": "+14155550199",
        "metadata": metadata, "has_recording": false, "created_at": "2026-03-01T09:00:00Z",
    });
    assert!(id.starts_with("call_"));
    assert_eq!((made.header("location"), &made.body), (path(&id).as_str(), &expected));
    let shown = platform.get(&path(&id)).await.expect(200);
    assert_eq!((&shown.body, shown.header("etag")), (&expected, made.header("etag")));

    let ended = json!({"ended_at": "2026-03-01T08:05:00.1234567+00:00", "agent_ref": null, "metadata": {}});
    let tag = shown.header("etag");
    let change = |tag: &str| platform.request(Method::PATCH, &path(&id)).header("If-Match", tag).json(&ended);
    let changed = Answer::of(change(tag)).await.expect(200);
    expected["ended_at"] = json!("2026-03-01T08:05:00.123456Z");
    expected["agent_ref"] = json!(null);
    expected["metadata"] = json!({});
    assert_eq!(changed.body, expected);
    Answer::of(change(tag)).await.problem(412, "precondition_failed");
    let unchanged = Answer::of(change(changed.header("etag"))).await.expect(200);
    assert_eq!(unchanged.header("etag"), changed.header("etag"));
    assert_eq!(platform.get("/v1/calls").await.expect(200).list("data"), &[expected]);
    let conditional =
        platform.request(Method::GET, &path(&id)).header("If-None-Match", changed.header("etag"));
    Answer::of(conditional).await.expect(304);

    let log = service.audit_log(Some(&team.organization)).await;
    let of_calls: Vec<_> = log.iter().filter(|(action, _)| action.starts_with("call.")).collect();
    assert_eq!(of_calls.len(), 2, "{of_calls:?}");
    assert!(of_calls.iter().zip(["call.created", "call.updated"]).all(|(event, action)| event.0 == action));
    // What may tell who somebody is can be erased.
    let leaves = service
        .database
        .rows("SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE action LIKE 'call.%'")
        .await;
    for word in ["14155550100", "14155550199", "agent_7", "CA1", "campaign"] {
        assert!(!Value::from(leaves.clone()).to_string().contains(word), "{word}");
    }
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_call_and_other_content_is_a_conflict() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = platform(&service, &team, &["calls:write", "calls:read"]).await;
    let first = but(body("CA1"), "metadata", json!({"a": 1, "b": {"c": 2, "d": 3}}));
    let made = platform.post("/v1/calls", first.clone()).await.expect(201);
    // The same in other words.
    let same = json!({
        "to": "+14155550199", "from": " +14155550100", "metadata": {"b": {"d": 3, "c": 2}, "a": 1}, "ended_at": null,
        "started_at": "2026-03-01T09:00:00.0000001+01:00", "agent_ref": "agent_7", "direction": "inbound", "external_id": "CA1",
    });
    let again = platform.post("/v1/calls", same).await.expect(200);
    assert_eq!((&again.body, again.header("location")), (&made.body, made.header("location")));
    for (field, value) in [
        ("direction", json!("outbound")),
        ("agent_ref", json!(null)),
        ("started_at", json!("2026-03-01T08:00:00.000001Z")),
        ("ended_at", json!("2026-03-01T08:00:01Z")),
        ("from", json!("+14155550101")),
        ("to", json!(null)),
        ("metadata", json!({"a": 2})),
    ] {
        platform.post("/v1/calls", but(first.clone(), field, value)).await.problem(409, "call_exists");
    }
    // A repeat that comes late finds the call as it is by then; and what is told anew in full is no other call.
    let now = platform
        .patch(made.header("location"), json!({"ended_at": "2026-03-01T08:10:00Z"}))
        .await
        .expect(200);
    assert_eq!(platform.post("/v1/calls", first.clone()).await.expect(200).body, now.body);
    let whole = but(first.clone(), "ended_at", json!("2026-03-01T08:10:00Z"));
    assert_eq!(platform.post("/v1/calls", whole).await.expect(200).body, now.body);
    // In another organization it is another call.
    let others = Team::assemble(&service, "Others").await;
    let theirs = others.owner().post("/v1/calls", first).await.expect(201);
    assert_ne!(theirs.body["id"], made.body["id"]);
    assert_eq!(platform.get("/v1/calls").await.expect(200).list("data").len(), 1);
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.iter().filter(|(action, _)| action.starts_with("call.")).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_repeats_at_once_make_one_call_and_two_contents_one_winner() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = platform(&service, &team, &["calls:write", "calls:read"]).await;
    let answers = join_all((0..64).map(|_| platform.post("/v1/calls", body("CA1")))).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 200)), (1, 63));
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    for round in 0..10 {
        let one = body(&format!("R{round}"));
        let other = but(one.clone(), "direction", json!("outbound"));
        let (one, other) = tokio::join!(platform.post("/v1/calls", one), platform.post("/v1/calls", other));
        let (made, refused) = if one.status == 201 { (one, other) } else { (other, one) };
        made.expect(201);
        refused.problem(409, "call_exists");
    }
    assert_eq!(service.database.rows("SELECT 1 AS one FROM calls").await.len(), 11);
}

#[tokio::test]
async fn the_log_is_read_by_role_and_narrowed_down_by_everything_that_is_known() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let start = time::macros::datetime!(2026-03-01 08:00 UTC);
    for n in 0..7 {
        let at = (start + Duration::minutes(n / 2))
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap();
        let call = json!({
            "external_id": format!("CA{n}"), "direction": if n % 3 == 0 { "outbound" } else { "inbound" },
            "agent_ref": format!("agent_{}", n % 2), "started_at": at, "from": format!("+1415555010{}", n % 4),
            "to": format!("+1415555020{}", n % 5),
        });
        owner.post("/v1/calls", call).await.expect(201);
        // Ids are in the order of time, to the millisecond.
        service.clock.advance(Duration::MILLISECOND);
    }
    let names = async |query: &str| {
        let page = team.caller("viewer").get(&format!("/v1/calls{query}")).await.expect(200);
        let names = page.list("data").iter().map(|call| call["external_id"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    // The latest first; among those of one moment the one written down last.
    assert_eq!(names("").await, "CA6 CA5 CA4 CA3 CA2 CA1 CA0");
    for (query, expected) in [
        ("?since=2026-03-01T08:01:00Z&until=2026-03-01T08:03:00Z", "CA5 CA4 CA3 CA2"),
        ("?direction=outbound", "CA6 CA3 CA0"),
        ("?agent_ref=agent_1", "CA5 CA3 CA1"),
        ("?from=%2B14155550102", "CA6 CA2"),
        ("?to=%2B14155550200", "CA5 CA0"),
        ("?external_id=CA4", "CA4"),
        ("?agent_ref=agent_0&direction=outbound&until=2026-03-01T08:03:00Z", "CA0"),
        ("?from=%2B14155550102&to=%2B14155550201", "CA6"),
        ("?external_id=CA4&direction=outbound", ""),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
    // Page by page, with the cursor of this list only.
    let mut collected = Vec::new();
    let mut path = "/v1/calls?direction=inbound&limit=3".to_owned();
    loop {
        let page = owner.get(&path).await.expect(200);
        collected.extend(page.list("data").iter().map(|call| call["external_id"].clone()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        owner.get(&format!("/v1/calls?cursor={cursor}")).await.problem(400, "invalid_cursor");
        team.caller("member").get(&format!("{path}&cursor={cursor}")).await.problem(400, "invalid_cursor");
        path = format!("/v1/calls?direction=inbound&limit=3&cursor={cursor}");
    }
    assert_eq!(Value::from(collected), json!(["CA5", "CA4", "CA2", "CA1"]));
    for (query, field) in [
        ("?since=yesterday", "since"),
        ("?until=1", "until"),
        ("?direction=sideways", "direction"),
        ("?from=", "from"),
        ("?number=1", "number"),
        ("?limit=201", "limit"),
    ] {
        owner.get(&format!("/v1/calls{query}")).await.invalid(field);
    }
}

#[tokio::test]
async fn what_a_call_cannot_be_is_told_by_field() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let deep = (0..5).fold(json!(1), |inner, _| json!({"a": inner}));
    for (field, value, named) in [
        ("external_id", json!(""), "external_id"),
        ("external_id", json!(word(201)), "external_id"),
        ("external_id", json!("a\u{0}b"), "external_id"),
        ("external_id", json!(null), "external_id"),
        ("direction", json!("Inbound"), "direction"),
        ("agent_ref", json!(word(201)), "agent_ref"),
        ("started_at", json!("2026-03-01"), "started_at"),
        // A moment of the year before the first that can be written.
        ("started_at", json!("0000-01-01T00:00:00+23:59"), "started_at"),
        ("started_at", json!("9999-12-31T23:59:59-23:59"), "started_at"),
        ("started_at", json!(1_772_352_000), "started_at"),
        ("ended_at", json!("2026-03-01T07:59:59Z"), "ended_at"),
        ("from", json!(word(256)), "from"),
        ("to", json!("+1\u{202e}415"), "to"),
        ("metadata", json!([]), "metadata"),
        ("metadata", json!("{}"), "metadata"),
        ("metadata", json!({"a": word(16 * 1024)}), "metadata"),
        ("metadata", json!({"a": deep}), "metadata"),
        ("metadata", json!({"a": "\u{0}"}), "metadata"),
        ("id", json!("call_01h455vb4pex5vsknk084sn02q"), "id"),
        ("organization_id", json!("org_01h455vb4pex5vsknk084sn02q"), "organization_id"),
    ] {
        owner.post("/v1/calls", but(body("CA1"), field, value)).await.invalid(named);
    }
    let several = json!({"external_id": "", "direction": "", "started_at": "", "from": "", "metadata": 1});
    let refused = owner.post("/v1/calls", several).await.problem(422, "invalid_request");
    assert_eq!(refused.list("errors").len(), 5, "{}", refused.text);
    assert!(owner.get("/v1/calls").await.expect(200).list("data").is_empty());

    let id = write(&owner, "CA1").await;
    owner.patch(&path(&id), json!({"external_id": "CA2"})).await.invalid("external_id");
    owner.patch(&path(&id), json!({"ended_at": null})).await.invalid("ended_at");
    owner.patch(&path(&id), json!({"ended_at": "2026-03-01T07:00:00Z"})).await.invalid("ended_at");
    owner.patch(&path(&id), json!({"direction": null})).await.invalid("direction");
    owner.patch(&path(&id), json!({})).await.expect(200);
    // What could not be kept as it is written is refused, and not changed on the way.
    let long = "123456789012345678901234567890";
    for (metadata, named, message) in [
        (format!(r#"{{"a": {{"b": [0, {long}]}}}}"#), "metadata.a.b[1]", "a whole number of at most 64 bits"),
        (format!(r#"{{"a": -{long}}}"#), "metadata.a", "a whole number of at most 64 bits"),
        (r#"{"a": 1, "b": 2, "a": 1}"#.to_owned(), "metadata.a", "is given twice"),
        (r#"{"a": {"c": 1, "\u0063": 2}}"#.to_owned(), "metadata.a.c", "is given twice"),
    ] {
        let mut created = body("CA9").to_string();
        created.truncate(created.len() - 1);
        for (method, path, text) in [
            (Method::POST, "/v1/calls".to_owned(), format!(r#"{created},"metadata":{metadata}}}"#)),
            (Method::PATCH, path(&id), format!(r#"{{"metadata":{metadata}}}"#)),
        ] {
            let request = owner.request(method, &path).header("Content-Type", "application/json");
            let refused = Answer::of(request.body(text)).await.invalid(named);
            assert!(refused.text.contains(message), "{}", refused.text);
        }
    }
    // What a database would take for another number comes back as it was.
    let odd = json!({"metadata": {"a": 1e300, "b": 18_446_744_073_709_551_615_u64, "c": -7, "d": 0.1}});
    let shown = owner.patch(&path(&id), odd.clone()).await.expect(200);
    assert_eq!(shown.body["metadata"], odd["metadata"]);
    assert_eq!(owner.get(&path(&id)).await.expect(200).body["metadata"], odd["metadata"]);
}

#[tokio::test]
async fn a_key_reads_or_writes_calls_only_as_its_scopes_say() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (writer, reader) =
        (platform(&service, &team, &["calls:write"]).await, platform(&service, &team, &["calls:read"]).await);
    let id = write(&writer, "CA1").await;
    for refused in [writer.get("/v1/calls").await, writer.get(&path(&id)).await] {
        assert_eq!(refused.problem(403, "permission_denied").text_at("/required_permission"), "calls:read");
    }
    reader.get(&path(&id)).await.expect(200);
    for refused in [reader.post("/v1/calls", body("CA2")).await, reader.patch(&path(&id), json!({})).await] {
        assert_eq!(refused.problem(403, "permission_denied").text_at("/required_permission"), "calls:write");
    }
}
