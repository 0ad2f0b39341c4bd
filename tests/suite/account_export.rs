//! All that is held about a person, for that person.

use std::collections::BTreeSet;

use rollcall_tests::{PASSWORD, Service, Team};
use serde_json::{Value, json};

#[tokio::test]
async fn an_export_holds_what_is_held_about_a_person_and_nothing_about_others() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let other = Team::assemble(&service, "Other").await;
    let (admin, email) = (team.caller("admin"), team.email("admin"));
    let invited = Service::new_address("invited");
    service.invite(admin, &invited, "viewer").await;
    // Somebody else's invitation to the address is that organization's.
    service.invite(other.owner(), email, "viewer").await;
    let wanted = Service::new_address("wanted");
    admin.post("/v1/me/email", json!({"new_email": wanted})).await.expect(202);
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let note = json!({"status": "away", "note": "At lunch"});
    admin.put("/v1/availability/me", note).await.expect(200);
    let request = team
        .owner()
        .request(reqwest::Method::PATCH, &format!("/v1/members/{}", team.id("admin")))
        .header("User-Agent", "the Owner's own");
    let changed = rollcall_tests::Answer::of(request.json(&json!({"role": "member"}))).await.expect(200);
    assert_eq!(changed.text_at("/role"), "member");

    let export = admin.get("/v1/me/export").await.expect(200);
    assert_eq!(export.header("content-disposition"), "attachment; filename=\"rollcall-account.json\"");
    assert_eq!(
        (export.header("content-type"), export.header("cache-control")),
        ("application/json", "no-store")
    );
    assert_eq!(export.body["account"], admin.get("/v1/me").await.expect(200).body);
    assert_eq!(
        export.body["organizations"],
        admin.get("/v1/me/organizations").await.expect(200).body["data"]
    );
    assert_eq!(export.body["sessions"], admin.get("/v1/sessions").await.expect(200).body["data"]);
    assert_eq!(export.body["email_change"]["new_email"], wanted);
    assert_eq!(export.list("password_resets").len(), 1);
    let agent = &export.list("agents")[0];
    assert_eq!(agent["organization_id"], team.organization);
    assert_eq!((&agent["note"], &agent["capacity"]), (&json!("At lunch"), &json!(1)));
    let events = export.list("audit_events");
    let of = |action: &str| events.iter().find(|event| event["action"] == action).unwrap();
    let created = of("account.created");
    assert_eq!(created["personal"]["email"], email);
    assert_eq!((&created["by_you"], &created["about_you"]), (&json!(true), &json!(true)));
    assert_eq!(of("invitation.created")["personal"]["ip"], "127.0.0.1");
    let demoted = of("member.role_changed");
    assert_eq!((&demoted["by_you"], &demoted["about_you"]), (&json!(false), &json!(true)));
    assert_eq!(demoted["changes"], json!([{"field": "role", "before": "admin", "after": "member"}]));
    assert_eq!(demoted["personal"], json!({}));
    let mut others: Vec<&str> =
        vec![&invited, &other.organization, "the Owner's own", "rcs_", "token", "hash", "salt"];
    others.extend(
        team.members.values().filter(|(_, _, other)| other != email).map(|(_, _, other)| other.as_str()),
    );
    others.extend(team.members.values().filter(|(_, _, other)| other != email).map(|(_, id, _)| id.as_str()));
    for theirs in others {
        assert!(!export.text.contains(theirs), "{theirs} is in {}", export.text);
    }
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.last(), Some(&("account.exported".to_owned(), "success".to_owned())));
}

#[tokio::test]
async fn an_export_holds_what_second_factors_there_are_and_by_when_but_nothing_that_they_are_made_of() {
    let service = Service::start().await;
    let (acme, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    let (member, id, email) = &acme.members["member"];
    // A deadline in an organization that they are in, and one of an organization that they have left.
    let (_, token) = service.invite(other.owner(), email, "viewer").await;
    let there = member.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    for team in [&acme, &other] {
        crate::mfa_rule::require(team.owner(), 7).await.expect(200);
    }
    let there = service.anonymous().with_token(there.text_at("/session/token"));
    there.delete("/v1/members/me").await.expect(204);
    let member = service.sign_in(email).await;
    let begun = member.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let secret = begun.text_at("/secret").to_owned();
    let app = rollcall_tests::Authenticator::of(&secret, &service.clock);
    let confirmed = member.post("/v1/me/mfa/totp/confirm", json!({"code": app.code()})).await.expect(200);
    let (_, _) = crate::passkeys::enrolled(&service, &member).await;

    let export = member.get("/v1/me/export").await.expect(200);
    assert_eq!(export.body["second_factors"], member.get("/v1/me/mfa").await.expect(200).body);
    assert_eq!(export.body["second_factors"]["passkeys"].as_array().map(Vec::len), Some(1));
    let deadlines = export.list("mfa_deadlines");
    assert!(deadlines.iter().all(|deadline| deadline["user_id"] == id.as_str()), "{deadlines:?}");
    let mut places: Vec<&str> =
        deadlines.iter().map(|deadline| deadline["organization_id"].as_str().unwrap()).collect();
    places.sort_unstable();
    let mut expected = [acme.organization.as_str(), &other.organization];
    expected.sort_unstable();
    assert_eq!(places, expected);
    let codes = confirmed.list("recovery_codes").iter().map(|code| code.as_str().unwrap());
    let kept = service.database.rows("SELECT key, encode(credential_id, 'base64') AS id FROM passkeys").await;
    let kept = kept.iter().flat_map(|row| [row["key"].as_str(), row["id"].as_str()]).flatten();
    for closed in codes.chain(kept).chain([secret.as_str(), "otpauth"]) {
        assert!(!export.text.contains(closed), "{closed}");
    }
}

#[tokio::test]
async fn an_export_is_whole_however_long_it_is() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    for n in 0..205 {
        grace.patch("/v1/me", json!({"name": format!("Grace {n}")})).await.expect(200);
        service
            .anonymous()
            .post("/v1/sessions", json!({"email": email, "password": PASSWORD}))
            .await
            .expect(201);
    }
    let export = grace.get("/v1/me/export").await.expect(200);
    let ids = |list: &str| -> BTreeSet<&str> {
        export.list(list).iter().map(|entry| entry["id"].as_str().unwrap()).collect()
    };
    assert_eq!((ids("sessions").len(), export.list("sessions").len()), (206, 206));
    let kept = "SELECT count(*) AS n FROM audit_events WHERE actor_kind = 'user' OR target_kind = 'user'";
    let kept = service.database.rows(kept).await[0]["n"].as_u64().unwrap();
    let events = export.list("audit_events");
    assert_eq!((ids("audit_events").len() as u64, events.len() as u64), (kept, kept));
    assert!(events.is_sorted_by_key(|event| event["occurred_at"].as_str().unwrap()));
    let names: Vec<&Value> = events.iter().filter(|event| event["action"] == "account.updated").collect();
    assert_eq!(names.last().unwrap()["personal"]["name"], "Grace 204");
}
