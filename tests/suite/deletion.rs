//! Deleting an organization, and undoing it.

use reqwest::Method;
use rollcall_domain::OrganizationId;
use rollcall_server::OperatorError;
use rollcall_tests::{Answer, Binary, Caller, ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::Duration;

use crate::refusals::{Needs, call, rows};

async fn delete(owner: &Caller, name: &str) -> Answer {
    owner.delete_with("/v1/organization", json!({"confirm_name": name})).await
}

#[tokio::test]
async fn an_owner_deletes_the_organization_by_its_name_and_everybody_is_out_at_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("second");
    let (second, _) = service.bring_in(team.owner(), &email, "owner").await;
    for wrong in
        [json!({"confirm_name": "acme"}), json!({"confirm_name": ""}), json!({"confirm_name": 5}), json!({})]
    {
        team.owner().delete_with("/v1/organization", wrong).await.invalid("confirm_name");
    }
    team.owner()
        .delete_with("/v1/organization", json!({"confirm_name": "Acme", "force": true}))
        .await
        .invalid("force");
    team.owner().delete("/v1/organization").await.problem(415, "unsupported_media_type");
    let with_tag = async |tag: &str| {
        let request = team.owner().request(Method::DELETE, "/v1/organization").header("If-Match", tag);
        Answer::of(request.json(&json!({"confirm_name": "Acme"}))).await
    };
    with_tag("\"another\"").await.problem(412, "precondition_failed");
    service.clock.advance(Duration::minutes(10));
    delete(team.owner(), "Acme").await.problem(403, "elevation_required");
    team.owner().post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    for (caller, _, _) in team.members.values() {
        caller.get("/v1/organization").await.expect(200);
    }

    let tag = team.owner().get("/v1/organization").await.expect(200).header("etag").to_owned();
    let deleted = with_tag(&tag).await.expect(204);
    assert_eq!(deleted.text, "");
    for caller in team.members.values().map(|(caller, _, _)| caller).chain([&second]) {
        caller.get("/v1/organization").await.problem(401, "unauthenticated");
    }
    let log = service.audit_log(Some(&team.organization)).await;
    let of_deletion: Vec<&str> = log
        .iter()
        .filter(|(action, _)| action == "organization.deleted")
        .map(|(_, outcome)| outcome.as_str())
        .collect();
    assert_eq!(of_deletion, ["refused", "success"], "the old proof, and the deletion");

    // Its Owners are told, and nobody else.
    service.all_mail_sent().await;
    for (role, (_, _, address)) in &team.members {
        let told = service.mails_to(address).await.iter().any(|mail| mail["subject"] == "Acme is deleted");
        assert_eq!(told, *role == "owner", "{role}");
    }
    let notice = service.mail_to(&email).await;
    for part in
        ["2026-03-31", "31 March 2026, 09:10 UTC", "rollcall@localhost.localdomain", &team.organization]
    {
        let there = notice["text"].as_str().unwrap().contains(part);
        assert_eq!(there, part != "2026-03-31", "{part}: {notice}");
    }
}

#[tokio::test]
async fn nothing_of_a_deleted_organization_is_reachable_for_anybody() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    // Somebody who is elsewhere too, an invited stranger, and an invited account.
    let (both, signed_up) =
        service.sign_up(team.email("viewer").replace("viewer", "both").as_str(), "Elsewhere").await;
    let both_email = signed_up.text_at("/user/email").to_owned();
    let elsewhere = signed_up.text_at("/organization/id").to_owned();
    let (_, token) = service.invite(team.owner(), &both_email, "admin").await;
    let here = both.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let here = both.with_token(here.text_at("/session/token"));
    let (_, stranger_s) = service.invite(team.owner(), &Service::new_address("stranger"), "viewer").await;
    let invited = Service::new_address("invited");
    let (invited_account, _) = service.sign_up(&invited, "Own").await;
    let (invitation, account_s) = service.invite(team.owner(), &invited, "viewer").await;
    let mails_before = service.mails_to(&invited).await.len();
    delete(team.owner(), "Acme").await.expect(204);

    // Every operation of the contract (the suite of refusals sees to it that none is missing).
    let mut asked = 0;
    for row in rows().iter().filter(|row| !matches!(row.needs, Needs::Nothing)) {
        for caller in team.members.values().map(|(caller, _, _)| caller).chain([&here]) {
            for id in [team.id("viewer"), &invitation] {
                call(caller, row, id).await.problem(401, "unauthenticated");
                asked += 1;
            }
        }
    }
    assert!(asked > 300, "{asked}");
    // Nor with the session of somebody who is elsewhere too.
    for path in [format!("/v1/members/{}", team.id("viewer")), format!("/v1/invitations/{invitation}")] {
        both.get(&path).await.problem(404, "not_found");
    }
    let switch = json!({"organization_id": team.organization});
    both.post("/v1/session/organization", switch).await.problem(404, "not_found");
    let organizations = both.get("/v1/me/organizations").await.expect(200);
    assert!(
        !organizations.text.contains("Acme") && organizations.text.contains(&elsewhere),
        "{}",
        organizations.text
    );

    // Invitations lead nowhere.
    let newcomer = json!({"token": stranger_s, "name": "Stranger", "password": PASSWORD});
    for token in [&stranger_s, &account_s] {
        service
            .anonymous()
            .post("/v1/invitations/preview", json!({"token": token}))
            .await
            .problem(410, "invitation_gone");
        let page = service.anonymous().get(&format!("/invitations/accept?token={token}")).await.expect(410);
        assert!(!page.text.contains("Acme"), "{}", page.text);
    }
    service.anonymous().post("/v1/invitations/accept", newcomer).await.problem(410, "invitation_gone");
    let accept = json!({"token": account_s});
    invited_account.post("/v1/invitations/accept", accept).await.problem(410, "invitation_gone");

    // Its people sign in as ever: in another organization of theirs, or in none.
    let sign_in = async |email: &str, organization: Option<&str>| {
        let body = json!({"email": email, "password": PASSWORD, "organization_id": organization});
        service.anonymous().post("/v1/sessions", body).await
    };
    sign_in(&both_email, Some(&team.organization)).await.problem(404, "not_found");
    assert_eq!(sign_in(&both_email, None).await.expect(201).text_at("/organization/id"), elsewhere);
    let alone = sign_in(team.email("owner"), None).await.expect(201);
    assert_eq!(alone.body["organization"], Value::Null);
    let alone = service.anonymous().with_token(alone.text_at("/session/token"));
    assert!(alone.get("/v1/me/organizations").await.expect(200).list("data").is_empty());
    alone.get("/v1/organization").await.problem(403, "permission_denied");

    // A letter that was still on its way has nothing to say any more.
    let again =
        "UPDATE mails SET state = 'queued', settled_at = NULL, due_at = created_at WHERE kind = 'invitation'";
    service.database.execute(again).await;
    service.all_mail_sent().await;
    assert_eq!(service.mails_to(&invited).await.len(), mails_before);
    let others = "SELECT 1 AS one FROM mails WHERE kind = 'invitation' AND state <> 'moot'";
    assert!(service.database.rows(others).await.is_empty());
}

/// All that is kept of an organization, but for what its deletion and its restoration leave.
async fn kept(service: &Service, organization: &str) -> Vec<Value> {
    let organization = organization.parse::<OrganizationId>().unwrap().uuid();
    let mut rows = Vec::new();
    for (table, but) in [("organizations", "- 'version'"), ("members", ""), ("invitations", "")] {
        let query = format!(
            "SELECT to_jsonb(t) {but} AS row FROM {table} t WHERE org_id = '{organization}' ORDER BY t::text"
        );
        rows.extend(service.database.rows(&query).await);
    }
    rows
}

#[tokio::test]
async fn the_operator_undoes_a_deletion_and_everything_is_as_before_but_for_the_sessions() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let invited = Service::new_address("invited");
    let (_, token) = service.invite(team.owner(), &invited, "viewer").await;
    let before = kept(&service, &team.organization).await;
    let refused = service.restore(&team.organization).await;
    assert!(matches!(refused, Err(OperatorError::NotDeleted(_))), "{refused:?}");
    delete(team.owner(), "Acme").await.expect(204);
    assert_ne!(kept(&service, &team.organization).await, before);

    service.clock.advance(Duration::days(6));
    service.restore(&team.organization).await.unwrap();
    assert_eq!(kept(&service, &team.organization).await, before);
    for (caller, _, email) in team.members.values() {
        caller.get("/v1/session").await.problem(401, "unauthenticated");
        let again = service.sign_in(email).await;
        assert_eq!(again.get("/v1/session").await.expect(200).text_at("/organization/id"), team.organization);
    }
    let accept = json!({"token": token, "name": "Invited", "password": PASSWORD});
    service.anonymous().post("/v1/invitations/accept", accept).await.expect(201);
    let last =
        "SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE action = 'organization.restored'";
    let events = service.database.rows(last).await;
    let leaf: Value = serde_json::from_str(events[0]["leaf"].as_str().unwrap()).unwrap();
    assert_eq!((events.len(), &leaf["actor"]), (1, &json!({"kind": "operator", "id": null})));
    assert_eq!(leaf["log"], team.organization);
    service.restore(&team.organization).await.unwrap_err();

    // Too late, a month after it was deleted.
    delete(&service.sign_in(team.email("owner")).await, "Acme").await.expect(204);
    service.clock.advance(Duration::days(30));
    let refused = service.restore(&team.organization).await;
    assert!(matches!(refused, Err(OperatorError::NotDeleted(_))), "{refused:?}");
}

#[tokio::test]
async fn what_nobody_owns_any_more_is_not_restored() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let close = format!("DELETE FROM users WHERE email = '{}'", team.email("owner"));
    let mut connection = service.database.connect().await;
    let refused = sqlx::query(sqlx::AssertSqlSafe(close.clone())).execute(&mut connection).await;
    assert!(refused.unwrap_err().to_string().contains("at least one Owner"));
    delete(team.owner(), "Acme").await.expect(204);
    // An organization that is deleted keeps nobody.
    service.database.execute(&close).await;
    let refused = service.restore(&team.organization).await;
    assert!(matches!(refused, Err(OperatorError::NoOwner(_))), "{refused:?}");
    service.restore_at(&team.organization, &ManualClock::default()).await.unwrap_err();
    service
        .sign_in(team.email("viewer"))
        .await
        .get("/v1/organization")
        .await
        .problem(403, "permission_denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_s_subcommand_restores_beside_a_server_that_runs() {
    let database = TestDatabase::create().await;
    let data = tempfile::tempdir().unwrap();
    let environment =
        [("ROLLCALL__DATABASE__URL", database.url()), ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap())];
    let server = Binary::serve(&environment);
    let anonymous = server.anonymous();
    let signup = json!({"email": "grace@example.com", "name": "Grace", "organization_name": "Acme"});
    anonymous.post("/v1/signup", signup).await.expect(202);
    let token = until("a link", async || {
        let mails = anonymous.get("/dev/mailbox.json").await.expect(200);
        Some(mails.list("data").first()?["links"][0].as_str()?.split_once("token=")?.1.to_owned())
    })
    .await;
    let complete = json!({"token": token, "password": PASSWORD});
    let owner = anonymous.post("/v1/signup/complete", complete).await.expect(201);
    let organization = owner.text_at("/organization/id");
    delete(&anonymous.with_token(owner.text_at("/session/token")), "Acme").await.expect(204);

    let restore = |organization: &str| {
        Binary::command(&environment).args(["operator", "restore", organization]).output().unwrap()
    };
    let restored = restore(organization);
    let said = String::from_utf8(restored.stdout).unwrap();
    assert!(
        restored.status.success() && said.contains(&format!("Acme ({organization}) is restored")),
        "{said}"
    );
    let sign_in = json!({"email": "grace@example.com", "password": PASSWORD});
    let session = anonymous.post("/v1/sessions", sign_in).await.expect(201);
    assert_eq!(session.text_at("/organization/id"), organization);
    for (wrong, expected) in [
        (organization, "is not deleted, or its time is over"),
        ("org_01h455vb4pex5vsknk084sn02q", "is not deleted"),
        ("user_01h455vb4pex5vsknk084sn02q", "is not an id that starts with `org_`"),
    ] {
        let refused = restore(wrong);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(expected), "{said}");
    }
    server.terminate();
}
