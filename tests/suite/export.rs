//! Exporting an organization.

use reqwest::{Method, Response};
use rollcall_domain::{CallId, OrganizationId};
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

const PATH: &str = "/v1/organization/export";

/// An export that has begun, of which as much has been read as one wants.
pub(crate) struct Running {
    response: Response,
    pub(crate) text: String,
}

impl Running {
    pub(crate) async fn begin(caller: &Caller) -> Self {
        let response = caller.request(Method::GET, PATH).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// Reads another piece; whether there was one.
    async fn read(&mut self) -> reqwest::Result<bool> {
        let piece = self.response.chunk().await?;
        self.text.push_str(&piece.iter().map(|piece| String::from_utf8_lossy(piece)).collect::<String>());
        Ok(piece.is_some())
    }

    /// Reads as long as something comes; whether it came to a clean end.
    pub(crate) async fn read_all(&mut self) -> bool {
        loop {
            match self.read().await {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.text.lines().last().is_some_and(|line| line.starts_with(r#"{"type":"end""#))
            && self.text.ends_with('\n')
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// So many events more, of a thousand bytes each: more than what is between two sockets takes.
pub(crate) async fn grow(service: &Service, organization: &str, events: u32) {
    let uuid = organization.parse::<OrganizationId>().unwrap().uuid();
    service
        .database
        .execute(&format!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
             SELECT '{uuid}', gen_random_uuid(), '2026-02-01'::timestamptz + n * interval '1 ms', 'system', 'test', 'nothing', 'success',
                    convert_to(format('{{\"n\":%s,\"filling\":\"%s\"}}', n, repeat('x', 1000)), 'UTF8'), '{{}}'
               FROM generate_series(1, {events}) n"
        ))
        .await;
}

/// How many transactions are open.
async fn open_transactions(service: &Service) -> usize {
    let query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
                    AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
    service.database.rows(query).await.len()
}

#[tokio::test]
async fn an_export_holds_all_of_the_organization_in_the_shape_of_the_api_and_nothing_else() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    service.invite(ours.owner(), &Service::new_address("ours"), "viewer").await;
    let (their_invitation, _) =
        service.invite(theirs.owner(), &Service::new_address("theirs"), "viewer").await;
    service.clock.advance(Duration::minutes(10));
    ours.owner().get(PATH).await.problem(403, "elevation_required");
    let password = json!({"password": rollcall_tests::PASSWORD});
    ours.owner().post("/v1/session/elevate", password).await.expect(200);
    crate::api_keys::make(ours.owner(), json!({})).await;
    // Whoever has left has had a deadline all the same.
    crate::mfa_rule::require(ours.owner(), 7).await.expect(200);
    ours.caller("viewer").delete("/v1/members/me").await.expect(204);
    let call = crate::calls::write(ours.owner(), "ours").await;
    let transcript = crate::transcripts::store(ours.owner(), &call, "nothing much").await.expect(201);
    crate::recordings::switch_on(&service, &ours, &["call_recording"]).await;
    let recording =
        crate::recordings::put(ours.owner(), &call, &crate::recordings::wav(1000, 1)).await.expect(201);
    // Of one that is damaged nothing is certain, and that it is damaged is in the log.
    let damaged = crate::calls::write(ours.owner(), "damaged").await;
    crate::recordings::put(ours.owner(), &damaged, &crate::recordings::wav(1000, 2)).await.expect(201);
    let moved = damaged.parse::<CallId>().unwrap().uuid();
    service
        .database
        .execute(&format!("UPDATE recordings SET manifest = '\\x00' WHERE call_id = '{moved}'"))
        .await;
    crate::calls::write(theirs.owner(), "theirs").await;
    crate::agents::choose(ours.owner(), "away").await.expect(200);
    crate::escalations::escalate(ours.owner(), "ours too", 5).await;
    crate::escalations::escalate(theirs.owner(), "theirs too", 5).await;
    let hook = json!({"url": "https://example.com/ours"});
    let chosen = ours.owner().put("/v1/escalations/webhook", hook).await.expect(200);
    // A witness from before the audit log was off; nothing is due to it.
    let ours_uuid = ours.uuid();
    let witness = format!(
        "INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, next_at)
         VALUES ('{ours_uuid}', 'checkpoints', 'webhook', 'https://example.com/witness', 'kept of the witness', '2026-02-01T00:00:00Z', '2027-01-01T00:00:00Z')"
    );
    service.database.execute(&witness).await;
    // The members are reminded of their deadlines by whichever node comes first, which is an event.
    until("all are reminded", async || {
        let reminded = crate::recordings::events(&service, "security.mfa_reminders_sent").await;
        (!reminded.is_empty()).then_some(())
    })
    .await;
    let exported = ours.owner().get(PATH).await.expect(200);
    assert_eq!(exported.header("content-type"), "application/x-ndjson");
    assert_eq!(exported.header("cache-control"), "no-store");
    let slug = ours.owner().get("/v1/organization").await.expect(200).text_at("/slug").to_owned();
    assert_eq!(
        exported.header("content-disposition"),
        format!("attachment; filename=\"{slug}-2026-03-01.ndjson\"")
    );

    let lines = lines(&exported.text);
    let begin = json!({"type": "begin", "format_version": 1, "organization": ours.organization, "exported_at": "2026-03-01T09:10:00Z"});
    assert_eq!(lines[0], begin);
    let organization = ours.owner().get("/v1/organization").await.expect(200).body;
    assert_eq!(lines[1], json!({"type": "organization", "organization": organization}));
    for (kind, path) in [
        ("member", "/v1/members?limit=200"),
        ("invitation", "/v1/invitations?limit=200"),
        ("api_key", "/v1/api-keys?limit=200"),
        ("call", "/v1/calls?limit=200"),
        ("agent", "/v1/availability?limit=200"),
        ("escalation", "/v1/escalations?limit=200"),
    ] {
        let listed = ours.owner().get(path).await.expect(200);
        let shown: Vec<&Value> = of_type(&lines, kind).into_iter().map(|line| &line[kind]).collect();
        assert_eq!(shown, listed.list("data").iter().collect::<Vec<_>>(), "{kind}");
    }
    let security = ours.owner().get("/v1/security").await.expect(200).body;
    assert_eq!(lines[2], json!({"type": "security", "security": security}));
    let webhook = ours.owner().get("/v1/escalations/webhook").await.expect(200).body;
    assert_eq!(lines[3], json!({"type": "escalation_webhook", "escalation_webhook": webhook}));
    let shown = ours.owner().get("/v1/audit/witness").await.expect(200).body;
    assert_eq!(shown["url"], "https://example.com/witness");
    assert!(!exported.text.contains("kept of the witness"));
    assert_eq!(lines[4]["type"], "audit_witness");
    for field in ["kind", "url", "set_at", "next_at"] {
        assert_eq!(lines[4]["audit_witness"][field], shown[field], "{field}");
    }
    assert!(!exported.text.contains(chosen.text_at("/secret")));
    let deadlines = of_type(&lines, "mfa_deadline");
    let of = |id: &str| deadlines.iter().find(|line| line["mfa_deadline"]["user_id"] == id).unwrap();
    assert_eq!(of(ours.id("viewer"))["mfa_deadline"]["organization_id"], ours.organization);
    assert!(of(ours.id("owner"))["mfa_deadline"]["deadline_at"].as_str().unwrap().ends_with('Z'));
    let transcripts = of_type(&lines, "transcript");
    assert_eq!(transcripts, [&json!({"type": "transcript", "transcript": transcript.body})]);
    let recordings = of_type(&lines, "recording");
    assert_eq!(recordings, [&json!({"type": "recording", "recording": recording.body})]);
    assert_eq!(crate::recordings::events(&service, "recording.damaged").await.len(), 1);
    // Leaves byte by byte, as they are hashed, with what can be erased beside them.
    let uuid = ours.uuid();
    let kept = service
        .database
        .rows(&format!(
            "SELECT convert_from(leaf, 'UTF8') AS leaf, personal FROM audit_events
              WHERE org_id = '{uuid}' AND action <> 'recording.damaged' ORDER BY written"
        ))
        .await;
    let events: Vec<&str> =
        exported.text.lines().filter(|line| line.starts_with(r#"{"type":"audit_event""#)).collect();
    assert_eq!(events.len(), kept.len(), "{:?}", kept.last());
    for (event, kept) in events.iter().zip(&kept) {
        assert!(event.contains(&format!(r#""leaf":{},"#, kept["leaf"].as_str().unwrap())), "{event}");
        assert_eq!(serde_json::from_str::<Value>(event).unwrap()["personal"], kept["personal"]);
    }
    let actions: Vec<&Value> =
        of_type(&lines, "audit_event").iter().map(|line| &line["leaf"]["action"]).collect();
    assert_eq!(
        actions.last().unwrap().as_str(),
        Some("organization.exported"),
        "the export itself is in the log"
    );
    let counts = json!({
        "organization": 1, "security": 1, "escalation_webhook": 1, "audit_witness": 1, "member": 4, "invitation": 5, "api_key": 1, "mfa_deadline": 5, "agent": 3,
        "call": 3, "transcript": 1, "recording": 1, "escalation": 1, "audit_event": kept.len(),
    });
    assert_eq!(lines.last().unwrap(), &json!({"type": "end", "counts": counts}));

    // Attacks 2 and 15: nothing of another organization, and nothing that lets anybody in.
    let secrets = [rollcall_tests::PASSWORD, "token", "hash", "argon2"];
    let their_people = theirs.members.values().flat_map(|(_, id, email)| [id.as_str(), email.as_str()]);
    let of_theirs = [theirs.organization.as_str(), &their_invitation, "Theirs"];
    for absent in their_people.chain(of_theirs).chain(secrets) {
        assert!(!exported.text.contains(absent), "{absent}");
    }
    for query in ["?org=x", "?organization_id=x"] {
        let other = ours.owner().get(&format!("{PATH}{query}")).await.expect(200);
        assert!(!other.text.contains(&theirs.organization));
    }
}

#[tokio::test]
async fn thousands_of_rows_come_in_order_and_are_counted() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let uuid = team.uuid();
    service
        .database
        .execute(&format!(
            "WITH people AS (
                 INSERT INTO users (user_id, email, email_key, name, password_hash, locale, time_zone, created_at)
                 SELECT gen_random_uuid(), n || '@many.example', n || '@many.example', 'Person ' || n, '', 'en', 'UTC', '2026-03-01'
                   FROM generate_series(1, 3000) n RETURNING user_id)
             INSERT INTO members (org_id, user_id, role, joined_at) SELECT '{uuid}', user_id, 'member', '2026-03-01' FROM people;"
        ))
        .await;
    service
        .database
        .execute(&format!(
            "INSERT INTO invitations (org_id, invitation_id, email, email_key, role, state, created_at, expires_at)
             SELECT '{uuid}', gen_random_uuid(), n || '@invited.example', n || '@invited.example', 'viewer', 'revoked', '2026-03-01', '2026-03-08'
               FROM generate_series(1, 1500) n"
        ))
        .await;
    grow(&service, &team.organization, 5_000).await;
    let mut running = Running::begin(team.owner()).await;
    assert!(running.read_all().await && running.is_whole());
    let lines = lines(&running.text);
    let counts = &lines.last().unwrap()["counts"];
    for (kind, least) in [("member", 3_005), ("invitation", 1_504), ("audit_event", 5_000)] {
        let of_kind = of_type(&lines, kind);
        assert_eq!(counts[kind], of_kind.len());
        assert!(of_kind.len() >= least, "{kind}: {}", of_kind.len());
        let distinct: std::collections::BTreeSet<String> =
            of_kind.iter().map(|line| line.to_string()).collect();
        assert_eq!(distinct.len(), of_kind.len(), "{kind}");
    }
    let numbers: Vec<i64> = lines.iter().filter_map(|line| line["leaf"]["n"].as_i64()).collect();
    assert_eq!(numbers, (1..=5_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_9_whoever_loses_the_right_in_the_middle_gets_no_more() {
    let service = Service::start().await;
    for (round, action) in ["permission", "session", "organization"].into_iter().enumerate() {
        let team = Team::assemble(&service, "Acme").await;
        let email = Service::new_address("second");
        let (second, second_id) = service.bring_in(team.owner(), &email, "owner").await;
        grow(&service, &team.organization, 30_000).await;
        let mut running = Running::begin(&second).await;
        assert!(running.read().await.unwrap());
        let lost = match action {
            "permission" => {
                let role = json!({"role": "admin"});
                team.owner().patch(&format!("/v1/members/{second_id}"), role).await.expect(200)
            }
            "session" => second.delete("/v1/session").await.expect(204),
            _ => {
                let name = json!({"confirm_name": "Acme"});
                team.owner().delete_with("/v1/organization", name).await.expect(204)
            }
        };
        assert!(lost.status.is_success());
        let clean = running.read_all().await;
        assert!(!clean && !running.is_whole(), "round {round}: it went on to its end");
        let log = service.audit_log(Some(&team.organization)).await;
        let refused = ("organization.exported".to_owned(), "refused".to_owned());
        assert_eq!(log.contains(&refused), action == "permission", "{action}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_35_exports_of_organizations_and_of_their_logs_take_no_places_of_each_other() {
    // Room for one.
    let service = Service::start_with(&[("database.max_connections", "6")]).await;
    let team = Team::assemble(&service, "Acme").await;
    let other = Team::assemble(&service, "Other").await;
    service.turn_audit_log_on(&team).await;
    service.turn_audit_log_on(&other).await;
    grow(&service, &team.organization, 30_000).await;
    let mut running = Running::begin(team.owner()).await;
    assert!(running.read().await.unwrap());
    team.owner().get(PATH).await.problem(409, "export_running");
    team.owner().get("/v1/audit/export").await.expect(200);
    other.owner().get(PATH).await.problem(503, "unavailable");
    other.owner().get("/v1/audit/export").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_35_a_person_with_several_organizations_takes_one_place_and_leaves_the_others() {
    // Room for two.
    let service = Service::start_with(&[("database.max_connections", "10")]).await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    let (_, token) = service.invite(other.owner(), team.email("owner"), "owner").await;
    let seat = team.owner().post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let elsewhere = service.anonymous().with_token(seat.text_at("/session/token"));
    for team in [&team, &other] {
        service.turn_audit_log_on(team).await;
        grow(&service, &team.organization, 30_000).await;
    }
    service.database.all_sequenced().await;
    for path in [PATH, "/v1/audit/export"] {
        let running = team.owner().request(Method::GET, path).send().await.unwrap();
        assert_eq!(running.status(), 200);
        elsewhere.get(path).await.problem(409, "export_running");
        // Somebody else takes that place.
        other.owner().get(path).await.expect(200);
        drop(running);
        until("the first has given its place back", async || {
            (elsewhere.get(path).await.status == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_goes_away_or_takes_nothing_leaves_nothing_behind() {
    let service =
        Service::start_with(&[("http.timeout_seconds", "1"), ("database.max_connections", "6")]).await;
    let team = Team::assemble(&service, "Acme").await;
    grow(&service, &team.organization, 30_000).await;
    let mut gone = Running::begin(team.owner()).await;
    assert!(gone.read().await.unwrap());
    // One at a time of each organization.
    let second = team.owner().get(PATH).await.problem(409, "export_running");
    assert_ne!(second.text_at("/detail"), "");
    drop(gone);
    until("there is room for the next", async || {
        let response = team.owner().request(Method::GET, PATH).send().await.unwrap();
        (response.status() == 200).then_some(())
    })
    .await;
    until("no transaction is open", async || (open_transactions(&service).await == 0).then_some(())).await;

    let mut dawdling = until("room", async || {
        let response = team.owner().request(Method::GET, PATH).send().await.unwrap();
        (response.status() == 200).then(|| Running { response, text: String::new() })
    })
    .await;
    until("it is taken from whoever does not take it", async || {
        (open_transactions(&service).await == 0).then_some(())
    })
    .await;
    team.owner().get("/v1/organization").await.expect(200);
    assert!(!dawdling.read_all().await && !dawdling.is_whole());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_limit_for_requests_does_not_cut_an_export_but_its_own_does() {
    let service = Service::start_with(&[("http.timeout_seconds", "2")]).await;
    let team = Team::assemble(&service, "Acme").await;
    grow(&service, &team.organization, 40_000).await;
    let mut slow = Running::begin(team.owner()).await;
    let begun = std::time::Instant::now();
    // A piece now and then, until the limit is long over.
    until("longer than the limit", async || {
        assert!(slow.read().await.unwrap(), "it came to its end too early to tell");
        (begun.elapsed() > std::time::Duration::from_secs(3)).then_some(())
    })
    .await;
    assert!(slow.read_all().await && slow.is_whole());

    let mut long = Running::begin(team.owner()).await;
    assert!(long.read().await.unwrap());
    service.clock.advance(Duration::HOUR);
    assert!(!long.read_all().await && !long.is_whole());
}

#[tokio::test]
async fn nobody_but_an_owner_of_it_exports() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for role in ["admin", "member", "customer_support_agent", "viewer"] {
        let refused = team.caller(role).get(PATH).await.problem(403, "permission_denied");
        assert_eq!(refused.text_at("/required_permission"), "organization:export");
    }
    let head = Answer::of(team.owner().request(Method::HEAD, PATH)).await.expect(200);
    assert_eq!(head.text, "");
    assert!(head.header("content-disposition").contains(".ndjson"));
    Answer::of(team.owner().request(Method::HEAD, "/v1/me/export")).await.expect(200);
    // Nothing was given out, so nothing was exported; and it takes nobody's place.
    let exported = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(action, outcome)| action.ends_with(".exported") && outcome == "success").count()
    };
    assert_eq!(exported().await, 0);
    team.owner().get(PATH).await.expect(200);
    assert_eq!(exported().await, 1);
}
