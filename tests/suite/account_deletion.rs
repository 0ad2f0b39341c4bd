//! The end of an account, and of what identified its person.

use std::collections::BTreeMap;

use reqwest::Method;
use rollcall_tests::{
    Answer, Caller, PASSWORD, Service, Team,
    smtp::{Behaviour, SmtpServer},
    until,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use time::Duration;

async fn id_of(caller: &Caller) -> String {
    caller.get("/v1/me").await.expect(200).text_at("/id").to_owned()
}

#[tokio::test]
async fn a_deleted_account_leaves_every_organization_and_gets_a_last_mail() {
    let service = Service::start().await;
    let (first, second) = (Team::assemble(&service, "First").await, Team::assemble(&service, "Second").await);
    let email = first.email("admin").to_owned();
    let admin = first.caller("admin").clone();
    let (_, token) = service.invite(second.owner(), &email, "viewer").await;
    let elsewhere = admin.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let elsewhere = service.anonymous().with_token(elsewhere.text_at("/session/token"));
    let (stood_behind, _) = service.invite(&admin, &Service::new_address("x"), "viewer").await;

    admin.delete("/v1/me").await.expect(204);
    for session in [&admin, &elsewhere] {
        session.get("/v1/session").await.problem(401, "unauthenticated");
    }
    let sign_in = json!({"email": email, "password": PASSWORD});
    service.anonymous().post("/v1/sessions", sign_in).await.problem(401, "invalid_credentials");
    for team in [&first, &second] {
        let members = team.owner().get("/v1/members?limit=200").await.expect(200);
        assert!(
            !members.text.contains(&email)
                && members.list("data").iter().all(|m| m["user"]["id"] != first.id("admin"))
        );
        let log = service.audit_log(Some(&team.organization)).await;
        assert!(log.contains(&("member.left".to_owned(), "success".to_owned())), "{log:?}");
    }
    let invitation = first.owner().get(&format!("/v1/invitations/{stood_behind}")).await.expect(200);
    assert_eq!(invitation.text_at("/status"), "revoked");
    let log = service.audit_log(None).await;
    assert!(log.contains(&("account.deleted".to_owned(), "success".to_owned())), "{log:?}");
    service.told(&email, "Your account has been deleted").await;
    service.all_mail_sent().await;
    assert!(service.database.rows("SELECT 1 AS one FROM notices").await.is_empty());
}

#[tokio::test]
async fn asvs_7_5_3_deleting_an_account_needs_a_fresh_proof() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.clock.advance(Duration::minutes(10));
    let viewer = team.caller("viewer");
    viewer.delete("/v1/me").await.problem(403, "elevation_required");
    viewer.get("/v1/me").await.expect(200);
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.last(), Some(&("account.deleted".to_owned(), "refused".to_owned())));
    viewer.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    viewer.delete("/v1/me").await.expect(204);
}

#[tokio::test]
async fn attack_7_every_organization_that_would_be_without_an_owner_is_named() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (alone, first) = service.sign_up(&email, "Alone").await;
    let other = Team::assemble(&service, "With others").await;
    let (_, token) = service.invite(other.owner(), &email, "owner").await;
    let grace = alone.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let grace = service.anonymous().with_token(grace.text_at("/session/token"));
    let own = json!({"id": first.body["organization"]["id"], "name": "Alone"});
    // The other organization has another Owner: until that one is none any more.
    let refused = grace.delete("/v1/me").await.problem(409, "last_owner");
    assert_eq!(refused.body["organizations"], json!([own.clone()]));
    let demote = json!({"role": "admin"});
    grace.patch(&format!("/v1/members/{}", other.id("owner")), demote).await.expect(200);
    let refused = grace.delete("/v1/me").await.problem(409, "last_owner");
    let mut named = refused.list("organizations").clone();
    named.sort_by_key(|organization| organization["name"].as_str().map(str::to_owned));
    assert_eq!(named, [own.clone(), json!({"id": other.organization, "name": "With others"})]);
    assert!(refused.text_at("/detail").contains("With others"));
    // Nothing has been changed half-way.
    assert_eq!(grace.get("/v1/me/organizations").await.expect(200).list("data").len(), 2);

    let promote = json!({"role": "owner"});
    grace.patch(&format!("/v1/members/{}", other.id("admin")), promote).await.expect(200);
    let refused = grace.delete("/v1/me").await.problem(409, "last_owner");
    assert_eq!(refused.body["organizations"], json!([own]));
    service.bring_in(&alone, &Service::new_address("heir"), "owner").await;
    grace.delete("/v1/me").await.expect(204);
}

/// Every column of every table as text: bytes as the characters they may be.
async fn dump(service: &Service) -> BTreeMap<String, String> {
    let columns = service
        .database
        .rows(
            "SELECT table_name, string_agg(CASE data_type WHEN 'bytea' THEN format('encode(%I, ''escape'')', column_name)
                                                          ELSE format('%I::text', column_name) END, ', ') AS columns
               FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name",
        )
        .await;
    assert!(columns.len() > 10);
    let mut dump = BTreeMap::new();
    for table in columns {
        let (name, columns) = (table["table_name"].as_str().unwrap(), table["columns"].as_str().unwrap());
        let query = format!("SELECT concat_ws(' ', {columns}) AS row FROM {name}");
        let rows: Vec<String> = service
            .database
            .rows(&query)
            .await
            .iter()
            .map(|row| row["row"].as_str().unwrap().to_lowercase())
            .collect();
        dump.insert(name.to_owned(), rows.join("\n"));
    }
    dump
}

fn tables_with<'a>(dump: &'a BTreeMap<String, String>, word: &str) -> Vec<&'a str> {
    let word = word.to_lowercase();
    dump.iter().filter(|(_, rows)| rows.contains(&word)).map(|(table, _)| table.as_str()).collect()
}

/// Somebody who has left traces everywhere, and the words that tell of them.
async fn leave_traces(service: &Service, team: &Team) -> (Caller, [&'static str; 5]) {
    let anonymous = service.anonymous();
    let (first, email) = ("Quillfeather.Old@example.com", "Quillfeather.New@bücher.example");
    let ascii = "quillfeather.new@xn--bcher-kva.example";
    let signup = json!({"email": first, "name": "Zsófia Featherquill", "organization_name": "Acme"});
    let signup =
        anonymous.request(Method::POST, "/v1/signup").header("User-Agent", "Plumage/1.0").json(&signup);
    Answer::of(signup).await.expect(202);
    let complete = json!({"token": service.token_for(first, "/signup/complete").await, "password": PASSWORD});
    let complete = anonymous
        .request(Method::POST, "/v1/signup/complete")
        .header("User-Agent", "Plumage/1.0")
        .header("Idempotency-Key", "one")
        .json(&complete);
    let them = Answer::of(complete).await.expect(201);
    let them = anonymous.with_token(them.text_at("/session/token"));

    // Invited under the first address, and taken in; invited elsewhere, and sent away; invited and left open.
    let (_, token) = service.invite(team.owner(), first, "admin").await;
    let seated = them.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let seated = anonymous.with_token(seated.text_at("/session/token"));
    let others = Team::assemble(service, "Others").await;
    let (revoked, _) = service.invite(others.owner(), first, "viewer").await;
    others.owner().delete(&format!("/v1/invitations/{revoked}")).await.expect(204);
    service.invite(others.owner(), first, "viewer").await;

    seated.patch("/v1/me", json!({"name": "Zsófia Wingspan"})).await.expect(200);
    seated.post("/v1/me/email", json!({"new_email": email})).await.expect(202);
    let token = service.token_for(email, "/me/email/confirm").await;
    anonymous.post("/v1/me/email/confirm", json!({"token": token})).await.expect(204);
    let them = seated;
    service.invite(others.owner(), ascii, "member").await;
    service.invite(&them, "somebody.else@example.com", "viewer").await;

    // Spellings of all kinds, by whoever.
    for spelling in [first, email, "QUILLFEATHER.NEW@BÜCHER.EXAMPLE", ascii] {
        let wrong = json!({"email": spelling, "password": "not the password"});
        anonymous.post("/v1/sessions", wrong).await.problem(401, "invalid_credentials");
        anonymous.post("/v1/password-resets", json!({"email": spelling})).await.expect(202);
        let signup = json!({"email": spelling, "name": "Zsófia Featherquill", "organization_name": "Again"});
        anonymous.post("/v1/signup", signup).await.expect(202);
    }
    let (eve, _) = service.sign_up(&Service::new_address("eve"), "Evil").await;
    eve.post("/v1/me/email", json!({"new_email": ascii})).await.expect(202);
    them.post("/v1/me/email", json!({"new_email": "quillfeather.third@example.com"})).await.expect(202);
    them.post("/v1/session/elevate", json!({"password": "not the password"}))
        .await
        .problem(401, "invalid_credentials");
    let path = format!("/v1/members/{}", id_of(&them).await);
    team.owner().patch(&path, json!({"role": "owner"})).await.expect(200);
    let mine = them.get("/v1/session").await.expect(200).text_at("/session/id").to_owned();
    others.owner().delete(&format!("/v1/sessions/{mine}")).await.problem(404, "not_found");
    service.all_mail_sent().await;
    (them, ["quillfeather", "featherquill", "wingspan", "zsófia", "plumage"])
}

#[tokio::test]
async fn attack_29_after_the_end_of_an_account_nothing_kept_names_its_person() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (them, words) = leave_traces(&service, &team).await;
    // The organization that they signed up with is somebody else's from now on.
    let alone = "DELETE FROM organizations o WHERE NOT EXISTS (SELECT FROM members m WHERE m.org_id = o.org_id AND
                  m.role = 'owner' AND m.user_id <> (SELECT user_id FROM users WHERE name = 'Zsófia Wingspan'))";
    service.database.execute(alone).await;
    let log = "SELECT to_jsonb(a) - 'personal' AS event, personal FROM audit_events a ORDER BY written";
    let before = (dump(&service).await, service.database.rows(log).await);
    for (word, least) in words.iter().zip([5, 2, 2, 2, 1]) {
        let tables = tables_with(&before.0, word);
        assert!(tables.len() >= least, "the test left no traces of {word} but in {tables:?}");
    }

    them.delete("/v1/me").await.expect(204);
    service.all_mail_sent().await;
    // The mailbox stands for the world outside.
    service.anonymous().delete("/dev/mailbox").await.expect(204);
    let after = dump(&service).await;
    for word in words {
        assert_eq!(tables_with(&after, word), [""; 0], "{word} is left");
    }
    // What the log proves stays to the byte, and so does what it says about others.
    let after = service.database.rows(log).await;
    assert!(after.len() > before.1.len());
    let mut kept = 0;
    for (before, after) in before.1.iter().zip(&after) {
        assert_eq!(before["event"], after["event"]);
        for (field, value) in after["personal"].as_object().unwrap() {
            assert_eq!(value, &before["personal"][field]);
            kept += 1;
        }
    }
    assert!(kept > 20, "only {kept} values about others are left");
    let dumped = dump(&service).await;
    assert!(dumped["audit_events"].contains("somebody.else@example.com"));
    assert!(dumped["invitations"].contains("somebody.else@example.com"));
    team.owner().get("/v1/invitations?limit=200").await.expect(200);
}

#[tokio::test]
async fn attack_29_the_same_address_signs_up_anew_and_inherits_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = team.email("member").to_owned();
    let (before, id) = (team.caller("member").clone(), team.id("member"));
    let (_, invitation) =
        service.invite(Team::assemble(&service, "Other").await.owner(), &email, "admin").await;
    before.post("/v1/me/email", json!({"new_email": Service::new_address("other")})).await.expect(202);
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let reset = service.token_for(&email, "/password/reset").await;
    before.delete("/v1/me").await.expect(204);

    let (anew, signed_up) = service.sign_up(&email, "Anew").await;
    assert_ne!(signed_up.text_at("/user/id"), id);
    before.get("/v1/session").await.problem(401, "unauthenticated");
    assert_eq!(anew.get("/v1/me/organizations").await.expect(200).list("data").len(), 1);
    anew.post("/v1/invitations/accept", json!({"token": invitation})).await.problem(410, "invitation_gone");
    let complete = json!({"token": reset, "password": "another horse, another battery"});
    service
        .anonymous()
        .post("/v1/password-resets/complete", complete)
        .await
        .problem(410, "password_reset_gone");
    let export = anew.get("/v1/me/export").await.expect(200);
    assert!(!export.text.contains(&team.organization));
    assert_eq!(export.list("sessions").len(), 1);
    // Invited again, they are a new member.
    let (_, token) = service.invite(team.owner(), &email, "viewer").await;
    let accepted = anew.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    assert_eq!(accepted.text_at("/role"), "viewer");
}

#[tokio::test]
async fn only_the_account_of_the_scope_is_erased() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let uuid = |id: &str| id.parse::<rollcall_domain::UserId>().unwrap().uuid();
    let personal = |id: &str| {
        format!(
            "SELECT personal FROM audit_events WHERE actor_id = '{id}' AND personal <> '{{}}' ORDER BY written"
        )
    };
    let (viewer, admin) = (team.id("viewer"), team.id("admin"));
    let before = service.database.rows(&personal(admin)).await;
    assert!(!before.is_empty() && !service.database.rows(&personal(viewer)).await.is_empty());
    let mut connection = service.database.connect_as_service().await;
    let scope = format!("SET rollcall.user_id = '{}'", uuid(viewer));
    connection.execute(AssertSqlSafe(scope)).await.unwrap();
    connection.execute("SELECT erase_account()").await.unwrap();
    assert_eq!(service.database.rows(&personal(admin)).await, before);
    assert!(service.database.rows(&personal(viewer)).await.is_empty());
}

#[tokio::test]
async fn a_last_mail_waits_for_the_mail_server_and_its_address_for_nothing_else() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.all_mail_sent().await;
    let (database, clock) = (service.database.clone(), service.clock.clone());
    service.stop().await;
    let smtp = SmtpServer::start(Behaviour::NotNow).await;
    let by_smtp = [("email.smtp_url", smtp.url()), ("email.from", "team@rollcall.example".to_owned())];
    let by_smtp: Vec<(&str, &str)> = by_smtp.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let service = Service::start_on(database, clock, &by_smtp).await;
    let viewer = service.anonymous().with_token(team.caller("viewer").token());
    viewer.delete("/v1/me").await.expect(204);
    let last_mail = async |what: &str| {
        let query = format!("SELECT 1 AS one FROM mails WHERE kind = 'account_deleted' AND {what}");
        until(what, async || (!service.database.rows(&query).await.is_empty()).then_some(())).await;
    };
    let notices = async || service.database.rows("SELECT email FROM notices").await;
    last_mail("last_error IS NOT NULL").await;
    assert_eq!(notices().await, [json!({"email": team.email("viewer")})]);
    smtp.behave(Behaviour::RefuseRecipients);
    service.clock.advance(Duration::HOUR);
    last_mail("state = 'dead'").await;
    assert_eq!(notices().await, [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_29_an_export_of_the_organization_that_runs_forgets_them_too() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (leaver, id, email) = (team.caller("viewer"), team.id("viewer"), team.email("viewer"));
    let query = format!(
        "SELECT count(*) FILTER (WHERE actor_id = '{id}' AND personal ? 'ip') AS by_them,
                count(*) FILTER (WHERE personal::text LIKE '%{email}%') AS named
           FROM audit_events WHERE org_id <> '00000000-0000-0000-0000-000000000000'"
    );
    let before = service.database.rows(&query).await;
    assert!(before[0]["by_them"].as_u64() > Some(0) && before[0]["named"].as_u64() > Some(0), "{before:?}");
    // What comes before their events is more than what is between two sockets takes.
    crate::export::grow(&service, &team.organization, 30_000).await;
    let mut running = crate::export::Running::begin(team.owner()).await;
    leaver.delete("/v1/me").await.expect(204);
    assert!(running.read_all().await && running.is_whole());
    let events = running.text.lines().filter(|line| line.starts_with(r#"{"type":"audit_event""#));
    let events: Vec<&str> = events.collect();
    assert!(events.iter().all(|event| !event.contains(email)));
    let about = events.iter().filter(|event| event.contains(id));
    let about: Vec<Value> = about.map(|event| serde_json::from_str(event).unwrap()).collect();
    let by_them: Vec<&Value> = about.iter().filter(|event| event["leaf"]["actor"]["id"] == id).collect();
    assert!(!by_them.is_empty() && by_them.iter().all(|event| event["personal"] == json!({})), "{by_them:?}");
    // As it was at that moment, and so without the end of the account; of others there is what there was.
    assert!(about.iter().all(|event| event["leaf"]["action"] != "member.left"));
    assert!(events.iter().any(|event| event.contains(team.id("owner")) && event.contains(r#""ip":{"#)));
    let end: Value = serde_json::from_str(running.text.lines().last().unwrap()).unwrap();
    assert_eq!(end["counts"]["audit_event"], events.len());
}
