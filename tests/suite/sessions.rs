//! Signing in and out, and going to work in another organization.

use rollcall_tests::{PASSWORD, Service, Team};
use serde_json::json;
use time::Duration;

#[tokio::test]
async fn signing_in_and_out() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let answer = service
        .anonymous()
        .post("/v1/sessions", json!({"email": email, "password": PASSWORD}))
        .await
        .expect(201);
    assert_eq!(answer.body["status"], "authenticated");
    let grace = service.anonymous().with_token(answer.text_at("/session/token"));
    let session = grace.get("/v1/session").await.expect(200);
    assert_eq!(session.text_at("/authenticated_at"), "2026-03-01T09:00:00Z");
    assert_eq!(session.text_at("/elevated_until"), "2026-03-01T09:10:00Z");
    service.clock.advance(Duration::minutes(10));
    assert_eq!(grace.get("/v1/session").await.expect(200).body["elevated_until"], json!(null));
    grace.delete("/v1/session").await.expect(204);
    grace.get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_12_every_failed_sign_in_looks_the_same() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service
        .database
        .rows(&format!("SELECT 1 AS one FROM users WHERE email = '{}'", team.email("viewer")))
        .await;
    let mut connection = service.database.connect().await;
    sqlx::query("UPDATE users SET status = 'suspended' WHERE email = $1")
        .bind(team.email("viewer"))
        .execute(&mut connection)
        .await
        .unwrap();
    let sign_in = async |email: &str, password: &str| {
        let answer =
            service.anonymous().post("/v1/sessions", json!({"email": email, "password": password})).await;
        answer.problem(401, "invalid_credentials")
    };
    let unknown = sign_in(&Service::new_address("nobody"), PASSWORD).await;
    let wrong = sign_in(team.email("owner"), "not the right password").await;
    let suspended = sign_in(team.email("viewer"), PASSWORD).await;
    for answer in [&wrong, &suspended] {
        assert_eq!(answer.without_request_id(), unknown.without_request_id());
        let names = |answer: &rollcall_tests::Answer| -> Vec<String> {
            answer.headers.keys().map(ToString::to_string).collect()
        };
        assert_eq!(names(answer), names(&unknown));
    }
    // The suspended one's sessions are over, too.
    team.caller("viewer").get("/v1/session").await.problem(401, "unauthenticated");
    let refused = service.audit_log(Some(&team.organization)).await;
    assert_eq!(
        refused
            .iter()
            .filter(|(action, outcome)| action == "session.created" && outcome == "refused")
            .count(),
        2
    );
}

#[tokio::test]
async fn asvs_7_3_sessions_end_by_idleness_and_by_age() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (idle, _) = service.sign_up(&email, "Acme").await;
    let busy = service.sign_in(&email).await;
    for _ in 0..2 {
        service.clock.advance(Duration::hours(13));
        busy.get("/v1/session").await.expect(200);
    }
    idle.get("/v1/session").await.problem(401, "unauthenticated");
    for _ in 0..29 * 2 {
        service.clock.advance(Duration::hours(12));
        if service.anonymous().with_token(busy.token()).get("/v1/session").await.status != 200 {
            return;
        }
    }
    panic!("a session went on for more than 30 days");
}

#[tokio::test]
async fn a_person_works_in_one_organization_at_a_time_and_switches() {
    let service = Service::start().await;
    let email = Service::new_address("both");
    let (both, first) = service.sign_up(&email, "First").await;
    let (other_owner, second) = service.sign_up(&Service::new_address("owner"), "Second").await;
    let (_, token) = service.invite(&other_owner, &email, "viewer").await;
    let accepted = both.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    assert_eq!(accepted.body["organization"]["id"], second.body["organization"]["id"]);

    let page = both.get("/v1/me/organizations?limit=1").await.expect(200);
    let cursor = page.text_at("/next_cursor").to_owned();
    let rest = both.get(&format!("/v1/me/organizations?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(rest.body["next_cursor"], json!(null));
    let seats = both.get("/v1/me/organizations").await.expect(200);
    assert_eq!([&page.list("data")[..], &rest.list("data")[..]].concat(), *seats.list("data"));
    let seats: Vec<_> = seats
        .list("data")
        .iter()
        .map(|seat| (seat["organization"]["name"].clone(), seat["role"].clone()))
        .collect();
    assert_eq!(seats, [(json!("First"), json!("owner")), (json!("Second"), json!("viewer"))]);

    let switch = json!({"organization_id": second.text_at("/organization/id")});
    let switched = both.post("/v1/session/organization", switch).await.expect(201);
    assert_eq!(switched.text_at("/role"), "viewer");
    both.get("/v1/session").await.problem(401, "unauthenticated");
    let there = service.anonymous().with_token(switched.text_at("/session/token"));
    there.get("/v1/members").await.problem(403, "permission_denied");

    // Signing in leads to where one was last, or to where one wants.
    service.clock.advance(Duration::minutes(2));
    there.get("/v1/session").await.expect(200);
    let last = service.sign_in(&email).await.get("/v1/session").await.expect(200);
    assert_eq!(last.body["organization"]["id"], second.body["organization"]["id"]);
    let wanted =
        json!({"email": email, "password": PASSWORD, "organization_id": first.text_at("/organization/id")});
    let wanted = service.anonymous().post("/v1/sessions", wanted).await.expect(201);
    assert_eq!(wanted.body["organization"], first.body["organization"]);
}

#[tokio::test]
async fn attack_28_nobody_switches_to_where_they_are_not() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let unknown = "org_01h455vb4pex5vsknk084sn02q";
    for id in [theirs.organization.as_str(), unknown, "nonsense", ours.id("owner")] {
        let answer = ours.owner().post("/v1/session/organization", json!({"organization_id": id})).await;
        answer.problem(404, "not_found");
        let sign_in = json!({"email": ours.email("owner"), "password": PASSWORD, "organization_id": id});
        service.anonymous().post("/v1/sessions", sign_in).await.problem(404, "not_found");
        // Whether there is such an organization is told to nobody who has not proved who they are.
        let stranger =
            json!({"email": ours.email("owner"), "password": "not the password", "organization_id": id});
        service.anonymous().post("/v1/sessions", stranger).await.problem(401, "invalid_credentials");
    }
    ours.owner().get("/v1/session").await.expect(200);
    assert!(
        service
            .audit_log(Some(&theirs.organization))
            .await
            .iter()
            .all(|(action, _)| action != "session.switched")
    );
}

#[tokio::test]
async fn the_whole_of_roles_and_permissions_is_shown() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let roles = team.caller("viewer").get("/v1/roles").await.expect(200);
    for role in roles.list("data") {
        let name = role["role"].as_str().unwrap();
        let session = team.caller(name).get("/v1/session").await.expect(200);
        assert_eq!(session.body["permissions"], role["permissions"], "{name}");
    }
    let checks = json!({"checks": [{"permission": "analytics:read"}, {"permission": "agents:manage"}, {"permission": "audit_log:append"}]});
    let answer = team.caller("viewer").post("/v1/authorize", checks).await.expect(200);
    let expected = json!([
        {"permission": "analytics:read", "allowed": true, "reason": null},
        {"permission": "agents:manage", "allowed": false, "reason": "role_lacks_permission"},
        {"permission": "audit_log:append", "allowed": false, "reason": "role_lacks_permission"},
    ]);
    assert_eq!(answer.body["results"], expected);
    for (checks, field) in [
        (json!([]), "checks"),
        (json!(vec![json!({"permission": "calls:read"}); 101]), "checks"),
        (json!([{"permission": "agents:destroy"}]), "checks[0].permission"),
    ] {
        team.owner().post("/v1/authorize", json!({"checks": checks})).await.invalid(field);
    }
}

#[tokio::test]
async fn somebody_who_has_left_everywhere_can_still_sign_in_and_may_do_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.caller("viewer").delete("/v1/members/me").await.expect(204);
    let nowhere = service.sign_in(team.email("viewer")).await;
    let session = nowhere.get("/v1/session").await.expect(200);
    assert_eq!(
        (&session.body["organization"], &session.body["role"], &session.body["permissions"]),
        (&json!(null), &json!(null), &json!([]))
    );
    nowhere.get("/v1/organization").await.problem(403, "permission_denied");
    let answer =
        nowhere.post("/v1/authorize", json!({"checks": [{"permission": "calls:read"}]})).await.expect(200);
    assert_eq!(answer.body["results"][0]["reason"], "no_organization");
    assert_eq!(nowhere.get("/v1/me/organizations").await.expect(200).body["data"], json!([]));
}

#[tokio::test]
async fn attack_1_no_organization_hears_where_else_somebody_works() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("both");
    let (elsewhere, signed_up) = service.sign_up(&email, "Elsewhere").await;
    let (_, token) = service.invite(team.owner(), &email, "viewer").await;
    elsewhere.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let there = json!({"organization_id": team.organization});
    elsewhere.post("/v1/session/organization", there).await.expect(201);
    let ours = team.uuid();
    let log = format!("SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE org_id = '{ours}'");
    let log = serde_json::Value::from(service.database.rows(&log).await).to_string();
    assert!(
        log.contains("session.switched") && !log.contains(signed_up.text_at("/organization/id")),
        "{log}"
    );
}
