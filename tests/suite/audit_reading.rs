//! Reading the audit log: searching it, taking it along as a table, and what is erased of it.

use reqwest::Method;
use rollcall_application::ports::{Clock, Entropy};
use rollcall_domain::EventId;
use rollcall_server::SystemEntropy;
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    api_keys::make,
    audit_exports::{EXPORT, Files, checkpoint, events, team_with_log},
    audit_reports::EVENTS,
};

pub(crate) async fn search(caller: &Caller, query: &str) -> Vec<Value> {
    caller.get(&format!("{EVENTS}?limit=200&{query}")).await.expect(200).list("data").clone()
}

fn actions(found: &[Value]) -> Vec<&str> {
    found.iter().map(|event| event["action"].as_str().unwrap()).collect()
}

/// The same without that somebody has read, which says what they looked for and so is found by it.
fn but_readings<'a>(found: &[&'a str]) -> Vec<&'a str> {
    found.iter().copied().filter(|action| *action != "audit_log.read").collect()
}

pub(crate) fn names(found: &[Value]) -> Vec<&str> {
    found.iter().map(|event| event["changes"][0]["after"].as_str().unwrap_or_default()).collect()
}

/// Reports so many events in the name of somebody, each with a word of its own and a name in it.
async fn report(service: &Service, team: &Team, count: usize, name: &str) {
    let (_, secret) = make(team.owner(), json!({"scopes": ["audit_log:append"]})).await;
    let program = service.anonymous().with_token(&secret);
    let entropy: &dyn Entropy = &SystemEntropy;
    let events = (0..count).map(|number| {
        let id: EventId = entropy.id(service.clock.now());
        json!({
            "id": id, "occurred_at": "2026-03-01T08:59:59Z",
            "actor": {"type": "user", "id": team.id("viewer")}, "action": "agent.renamed",
            "target": {"type": "agent", "id": format!("agent-{number}")}, "outcome": "success",
            "changes": [{"field": "name", "before": null, "after": format!("word{number}")}],
            "personal": {"contact": format!("{name}{number}@example.org")},
        })
    });
    let events: Vec<Value> = events.collect();
    for part in events.chunks(1_000) {
        program.post(EVENTS, json!({"events": part})).await.expect(200);
    }
}

/// Waits until every full stretch of a log has a sketch.
pub(crate) async fn all_sketched(service: &Service) {
    until("sketches of all full stretches", async || {
        let missing = "SELECT 1 AS one FROM audit_sketches WHERE sections IS NULL";
        service.database.rows(missing).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn events_are_found_by_whoever_whatever_when_and_words_the_newest_first() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let (owner, admin) = (team.owner(), team.caller("admin"));
    service.clock.advance(Duration::MINUTE);
    let invitation = admin.post("/v1/invitations", json!({"email": "ada@navy.example", "role": "viewer"}));
    let invitation = invitation.await.expect(201).text_at("/id").to_owned();
    admin.patch("/v1/organization", json!({"name": "Mine"})).await.problem(403, "permission_denied");

    let all = search(owner, "").await;
    let places: Vec<u64> = all.iter().map(|event| event["index"].as_u64().unwrap()).collect();
    assert_eq!(places, (0..places.len() as u64).rev().collect::<Vec<_>>(), "without a gap, the newest first");
    assert_eq!(
        all.last().unwrap()["changes"],
        json!([{"field": "audit_log", "before": "off", "after": "on"}])
    );
    let newest = &all[1];
    assert_eq!(
        (&newest["action"], &newest["target"]["id"]),
        (&json!("invitation.created"), &json!(invitation))
    );
    assert_eq!(newest["actor"], json!({"type": "user", "id": team.id("admin")}));
    assert_eq!(newest["personal"]["email"], "ada@navy.example");
    assert!(newest["request_id"].is_string() && newest["session"].as_str().unwrap().starts_with("sess_"));
    assert_eq!(newest["occurred_at"], "2026-03-01T09:01:00Z");

    for (query, expected) in [
        (format!("actor={}", team.id("admin")), vec!["permission.denied", "invitation.created"]),
        ("outcome=refused".to_owned(), vec!["permission.denied"]),
        ("action=invitation.created".to_owned(), vec!["invitation.created"]),
        ("action=invitation.*".to_owned(), vec!["invitation.created"]),
        (format!("target={invitation}"), vec!["invitation.created"]),
        ("q=ADA%40navy.example".to_owned(), vec!["invitation.created"]),
        ("q=navy%20ada".to_owned(), vec!["invitation.created"]),
        (format!("q={invitation}"), vec!["invitation.created"]),
        ("q=nav".to_owned(), vec![]),
        ("since=2026-03-01T09:01:00Z&action=invitation.*".to_owned(), vec!["invitation.created"]),
        ("until=2026-03-01T09:01:00Z&action=invitation.*".to_owned(), vec![]),
        (
            "since=2026-03-01T10:01:00%2B01:00&action=invitation.*&outcome=success".to_owned(),
            vec!["invitation.created"],
        ),
        ("actor=system&action=invitation.created".to_owned(), vec![]),
        (format!("actor={}&outcome=success", team.id("admin")), vec!["invitation.created"]),
    ] {
        // Somebody who has just been denied something may have been written down as something else.
        let found = search(owner, &query).await;
        let found: Vec<&str> = actions(&found)
            .into_iter()
            .map(|action| if action == "organization.updated" { "permission.denied" } else { action })
            .collect();
        assert_eq!(but_readings(&found), expected, "{query}");
    }
    // What it was before is in it as well as what it is.
    assert_eq!(names(&search(owner, "q=two").await), ["Three", "Two"]);
    assert_eq!(
        names(&search(owner, "action=organization.updated&outcome=success").await),
        ["Three", "Two", "One"]
    );

    let one = owner.get(&format!("{EVENTS}/{}", newest["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(&one.body, newest);
}

#[tokio::test]
async fn attack_11_a_cursor_goes_on_where_it_was_given_out_and_nowhere_else() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    let expected = names(&search(owner, "action=organization.*").await).join(" ");
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let asked = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = owner.get(&format!("{EVENTS}?limit=1&action=organization.*{asked}")).await.expect(200);
        found.extend(names(page.list("data")).into_iter().map(str::to_owned));
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = Some(next.to_owned());
        for other in [
            format!("{EVENTS}?limit=1&cursor={next}"),
            format!("{EVENTS}?limit=1&action=organization.*&outcome=success&cursor={next}"),
            format!("{EVENTS}?limit=1&action=organization.*&cursor={next}A"),
        ] {
            owner.get(&other).await.problem(400, "invalid_cursor");
        }
        let same = format!("{EVENTS}?limit=1&action=organization.*&cursor={next}");
        team.caller("admin").get(&same).await.problem(400, "invalid_cursor");
    }
    assert_eq!(found.join(" "), expected);
    assert_eq!(found.len(), 3);
}

#[tokio::test]
async fn what_services_report_is_found_by_the_ids_that_they_give_and_the_log_does_not_tell_which() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    report(&service, &team, 2, "grace").await;
    let found = search(team.owner(), "target=agent-1").await;
    assert_eq!(names(&found), ["word1"]);
    assert_eq!(actions(&search(team.owner(), "target=agent-7").await), Vec::<&str>::new());
    // An id of theirs may name a person.
    let told = search(team.owner(), "action=audit_log.read").await;
    let expected = json!([{"field": "target", "before": null, "after": "given"}]);
    assert!(told.iter().any(|event| event["changes"] == expected), "{told:?}");
    assert!(!told.iter().any(|event| event.to_string().contains("agent-")), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_named() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    for (query, field) in [
        ("actor=nobody", "actor"),
        ("actor=user_1", "actor"),
        ("target=a%00b", "target"),
        ("action=Member.removed", "action"),
        ("action=*", "action"),
        ("outcome=failed", "outcome"),
        ("since=yesterday", "since"),
        ("until=2026-13-01T00:00:00Z", "until"),
        ("q=--", "q"),
        ("limit=0", "limit"),
        ("organization_id=org_01h455vb4pex5vsknk084sn02q", "organization_id"),
    ] {
        team.owner().get(&format!("{EVENTS}?{query}")).await.invalid(field);
    }
    team.owner().get(&format!("{EVENTS}?target={}", "x".repeat(201))).await.invalid("target");
    team.owner().get(&format!("{EXPORT}?format=xml")).await.invalid("format");
}

#[tokio::test]
async fn whoever_looks_into_the_log_is_in_it_once_a_minute_for_the_same_and_not_with_their_words() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    let readings = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(action, _)| action == "audit_log.read").count()
    };
    // They do not see themselves before they have looked.
    assert!(!actions(&search(owner, "q=ada").await).contains(&"audit_log.read"));
    search(owner, "q=ada").await;
    assert_eq!(readings().await, 1);
    search(owner, "q=grace&outcome=refused").await;
    search(team.caller("admin"), "q=ada").await;
    assert_eq!(readings().await, 3);
    service.clock.advance(Duration::MINUTE);
    search(owner, "q=ada").await;
    assert_eq!(readings().await, 4);

    let told = search(owner, "action=audit_log.read&outcome=success").await;
    assert_eq!(told.len(), 4);
    let expected = json!([{"field": "outcome", "before": null, "after": "refused"}, {"field": "words", "before": null, "after": "given"}]);
    assert!(told.iter().any(|event| event["changes"] == expected), "{told:?}");
    assert!(
        told.iter().all(|event| !event.to_string().contains("grace") && !event.to_string().contains("ada\""))
    );
    let id = told[0]["id"].as_str().unwrap();
    owner.get(&format!("{EVENTS}/{id}")).await.expect(200);
    assert_eq!(readings().await, 6);
}

#[tokio::test]
async fn attack_15_another_organization_s_events_are_not_there() {
    let service = Service::start().await;
    let (ours, theirs) = (team_with_log(&service, "Ours").await, team_with_log(&service, "Theirs").await);
    let theirs_all = search(theirs.owner(), "").await;
    for event in &theirs_all {
        let id = event["id"].as_str().unwrap();
        ours.owner().get(&format!("{EVENTS}/{id}")).await.problem(404, "not_found");
    }
    for query in [format!("actor={}", theirs.id("owner")), format!("q={}", theirs.id("owner"))] {
        let found = search(ours.owner(), &query).await;
        assert_eq!(but_readings(&actions(&found)), Vec::<&str>::new());
    }
    let seen = search(ours.owner(), "").await;
    assert!(seen.iter().all(|event| !theirs_all.iter().any(|other| other["id"] == event["id"])));
}

#[tokio::test]
async fn a_log_is_read_while_there_is_something_in_it_and_only_what_was_written_while_it_was_on() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    for path in [EVENTS, EXPORT, &format!("{EVENTS}/evt_01h455vb4pex5vsknk084sn02q")] {
        owner.get(path).await.problem(409, "audit_log_disabled");
    }
    owner
        .put("/v1/audit/witness", json!({"email": "w@example.com"}))
        .await
        .problem(409, "audit_log_disabled");
    service.turn_audit_log_on(&team).await;
    owner.patch("/v1/organization", json!({"name": "On"})).await.expect(200);
    service.turn_audit_log_off(&team).await;
    owner.patch("/v1/organization", json!({"name": "Off"})).await.expect(200);
    let found = search(owner, "action=organization.updated").await;
    assert_eq!(names(&found), ["On"]);
    assert_eq!(search(owner, "").await[0]["changes"][0]["after"], "off", "switching it off is the last");
    // Programs read it, too.
    let (_, secret) = make(owner, json!({"scopes": ["audit_log:read"]})).await;
    let program = service.anonymous().with_token(&secret);
    assert_eq!(names(&search(&program, "action=organization.updated").await), ["On"]);
}

/// A table as a reader of RFC 4180 has it: rows by the names of their columns.
pub(crate) fn table(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

#[tokio::test]
async fn attack_23_a_table_of_the_log_holds_every_event_and_no_formula() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    for agent in ["=cmd|'/c calc'!A0", "@SUM(1)", "+1", "-1", "a\",\"b"] {
        let request = owner.request(Method::PATCH, "/v1/organization").header("user-agent", agent);
        Answer::of(request.json(&json!({"name": format!("With {agent}")}))).await.expect(200);
    }
    let answer = owner.get(&format!("{EXPORT}?format=csv")).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(answer.header("content-disposition").ends_with(".csv\""));
    let rows = table(&answer.text);
    let json = owner.get(EXPORT).await.expect(200);
    // The second export has the first in it.
    assert_eq!(rows.len() + 1, events(&json.text).len());
    for (row, event) in rows.iter().zip(events(&json.text)) {
        assert_eq!(row["index"], event["index"].to_string());
        assert_eq!(row["id"], event["leaf"]["id"].as_str().unwrap());
        assert_eq!(row["action"], event["leaf"]["action"].as_str().unwrap());
        for cell in row.values() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }
    let agents: Vec<&str> = rows.iter().map(|row| row["user_agent"].as_str()).collect();
    for agent in ["'=cmd|'/c calc'!A0", "'@SUM(1)", "'+1", "'-1", "a\",\"b"] {
        assert!(agents.contains(&agent), "{agents:?}");
    }
    let request = owner.request(Method::GET, EXPORT).header("accept", "text/csv");
    assert_eq!(table(&Answer::of(request).await.expect(200).text).len(), rows.len() + 2);
    let some = owner.get(&format!("{EXPORT}?format=csv&since=2030-01-01T00:00:00Z")).await.expect(200);
    assert_eq!(table(&some.text).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_searched_by_its_sketches_and_what_is_erased_is_out_of_them_at_once() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let owner = team.owner();
    let (leaver, _) = service.bring_in(owner, "ada.lovelace@navy.example", "viewer").await;
    report(&service, &team, 1_500, "grace").await;
    let seen = checkpoint(owner).await;
    all_sketched(&service).await;
    let sketches = service.database.rows("SELECT stretch FROM audit_sketches ORDER BY stretch").await;
    assert_eq!(sketches.len(), 2);
    for number in [0, 400, 900, 1_499] {
        assert_eq!(names(&search(owner, &format!("q=word{number}")).await), [format!("word{number}")]);
        assert_eq!(search(owner, &format!("q=grace{number}@example.org")).await.len(), 1);
    }
    assert_eq!(search(owner, &format!("actor={}&action=agent.*", team.id("viewer"))).await.len(), 200);
    let refused = search(owner, "outcome=refused").await;
    assert!(refused.is_empty(), "{refused:?}");
    assert!(!search(owner, "q=lovelace").await.is_empty());
    // The first stretch holds what was told of before nine, and what happened after that.
    let early = "since=2026-03-01T08:59:59Z&until=2026-03-01T09:00:00Z&q=word0";
    assert_eq!(names(&search(owner, early).await), ["word0"]);
    assert_eq!(search(owner, "since=2026-03-01T09:00:00Z&action=organization.updated").await.len(), 3);
    assert!(search(owner, "since=2026-03-01T09:00:00Z&action=agent.renamed").await.is_empty());

    // Everything that is in clear somewhere in an event that is erased is not found from this moment on.
    leaver.delete("/v1/me").await.expect(204);
    let found = search(owner, "q=lovelace").await;
    assert!(found.is_empty(), "{found:?}");
    all_sketched(&service).await;
    assert!(search(owner, "q=lovelace").await.is_empty());
    assert_eq!(search(owner, "q=grace900@example.org").await.len(), 1);
    let erased = search(owner, "action=invitation.created").await;
    assert_eq!(erased[0]["personal"]["email"], Value::Null);
    // And everything is proved as before.
    let text = owner.get(EXPORT).await.expect(200).text;
    let (code, said) = Files::new().verify(&text, &[&seen]);
    assert_eq!(code, 0, "{said}");
}

/// What is kept of stretches.
const SKETCHES: &str =
    "SELECT encode(sketch, 'hex') AS sketch, encode(sections, 'hex') AS sections FROM audit_sketches";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_while_its_stretch_is_sketched_is_not_in_the_sketch() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let (leaver, _) = service.bring_in(team.owner(), "ada.lovelace@navy.example", "viewer").await;
    report(&service, &team, 600, "grace").await;
    checkpoint(team.owner()).await;
    all_sketched(&service).await;
    let before = service.database.rows(SKETCHES).await;
    // Nobody makes another while this is open.
    let held = service.database.open_transaction("SELECT FROM audit_sketches FOR SHARE").await;
    let leaving = tokio::spawn(async move { leaver.delete("/v1/me").await.expect(204) });
    service.database.lock_waits(1).await;
    held.commit().await;
    leaving.await.unwrap();
    all_sketched(&service).await;
    let after = service.database.rows(SKETCHES).await;
    assert_ne!(before[0]["sketch"], after[0]["sketch"]);
    assert_ne!(before[0]["sections"], after[0]["sections"]);
    assert!(search(team.owner(), "q=lovelace").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_release_before_sketched_is_searched_and_sketched_anew() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    report(&service, &team, 600, "grace").await;
    checkpoint(team.owner()).await;
    all_sketched(&service).await;
    let before = service.database.rows(SKETCHES).await;
    // It knows nothing of sections.
    service.database.execute("UPDATE audit_sketches SET sections = NULL").await;
    assert_eq!(names(&search(team.owner(), "q=word100").await), ["word100"]);
    all_sketched(&service).await;
    assert_eq!(service.database.rows(SKETCHES).await, before);
    assert_eq!(names(&search(team.owner(), "q=word100").await), ["word100"]);
}
