//! Invitations.

use rollcall_tests::{PASSWORD, Service, Tab, Team, until};
use serde_json::{Value, json};
use time::Duration;

#[tokio::test]
async fn an_invitation_is_made_mailed_shown_previewed_and_accepted() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme Voice").await;
    let email = Service::new_address("ada");
    let created = team
        .caller("admin")
        .post("/v1/invitations", json!({"email": email, "role": "member"}))
        .await
        .expect(201);
    let id = created.text_at("/id");
    assert_eq!(created.header("location"), format!("/v1/invitations/{id}"));
    assert_eq!(
        (created.text_at("/status"), created.text_at("/expires_at")),
        ("pending", "2026-03-08T09:00:00Z")
    );
    let token = service.mailed_token(&email).await;
    for listed in [created.text.clone(), team.owner().get("/v1/invitations").await.expect(200).text] {
        assert!(!listed.contains(&token) && !listed.contains("token"), "{listed}");
    }

    let preview =
        service.anonymous().post("/v1/invitations/preview", json!({"token": token})).await.expect(200);
    let expected = json!({
        "organization": {"name": "Acme Voice"}, "role": "member", "email": email, "inviter_name": "The admin",
        "account_exists": false, "expires_at": "2026-03-08T09:00:00Z",
    });
    assert_eq!(preview.body, expected);

    let accept = json!({"token": token, "name": "Ada Lovelace", "password": PASSWORD});
    let accepted = service.anonymous().post("/v1/invitations/accept", accept.clone()).await.expect(201);
    assert_eq!(
        (accepted.text_at("/role"), accepted.text_at("/organization/id")),
        ("member", team.organization.as_str())
    );
    let ada = service.anonymous().with_token(accepted.text_at("/session/token"));
    assert_eq!(ada.get("/v1/me").await.expect(200).text_at("/email"), email);
    let shown = team.owner().get(&format!("/v1/invitations/{id}")).await.expect(200);
    assert_eq!(
        (shown.text_at("/status"), shown.text_at("/accepted_at")),
        ("accepted", "2026-03-01T09:00:00Z")
    );
    service.anonymous().post("/v1/invitations/accept", accept).await.problem(410, "invitation_gone");
    service
        .anonymous()
        .post("/v1/invitations/preview", json!({"token": token}))
        .await
        .problem(410, "invitation_gone");
}

#[tokio::test]
async fn attack_3_a_token_is_worth_nothing_once_revoked_expired_or_sent_again() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let accept = async |token: &str| {
        let body = json!({"token": token, "name": "Ada", "password": PASSWORD});
        service.anonymous().post("/v1/invitations/accept", body).await
    };
    let (id, token) = service.invite(team.owner(), &Service::new_address("revoked"), "viewer").await;
    team.owner().delete(&format!("/v1/invitations/{id}")).await.expect(204);
    accept(&token).await.problem(410, "invitation_gone");
    team.owner().delete(&format!("/v1/invitations/{id}")).await.problem(410, "invitation_gone");
    team.owner()
        .post(&format!("/v1/invitations/{id}/resend"), json!({}))
        .await
        .problem(410, "invitation_gone");

    let email = Service::new_address("again");
    let (id, old) = service.invite(team.owner(), &email, "viewer").await;
    team.owner().post(&format!("/v1/invitations/{id}/resend"), json!({})).await.expect(200);
    // At once, not only when the new mail goes out.
    accept(&old).await.problem(410, "invitation_gone");
    let new =
        until("a new link", async || Some(service.mailed_token(&email).await).filter(|new| *new != old))
            .await;
    accept(&new).await.expect(201);

    let email = Service::new_address("late");
    let (id, token) = service.invite(team.owner(), &email, "viewer").await;
    service.clock.advance(Duration::days(7));
    accept(&token).await.problem(410, "invitation_gone");
    // The sessions of the team have idled away in the meantime.
    let owner = service.sign_in(team.email("owner")).await;
    assert_eq!(owner.get(&format!("/v1/invitations/{id}")).await.expect(200).text_at("/status"), "expired");
    let renewed = owner.post(&format!("/v1/invitations/{id}/resend"), json!({})).await.expect(200);
    assert_eq!(renewed.text_at("/status"), "pending");
    for nonsense in ["", "x", "\u{0}", &"x".repeat(10_000)] {
        accept(nonsense).await.problem(410, "invitation_gone");
    }
}

#[tokio::test]
async fn attack_4_a_forwarded_link_gives_nobody_else_a_seat() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("invited");
    let (invited, _) = service.sign_up(&email, "Invited's own").await;
    let (eve, _) = service.sign_up("eve.of.elsewhere@other.example", "Evil").await;
    let (_, token) = service.invite(team.owner(), &email, "admin").await;
    let preview =
        service.anonymous().post("/v1/invitations/preview", json!({"token": token})).await.expect(200);
    assert_eq!(preview.body["account_exists"], true);

    let refused =
        eve.post("/v1/invitations/accept", json!({"token": token})).await.problem(403, "wrong_account");
    assert_eq!(refused.text_at("/signed_in_email"), "e•••e@o•••r.example");
    // As much as tells two addresses apart that begin alike.
    let last = email.split('@').next().and_then(|local| local.chars().last()).unwrap();
    assert_eq!(refused.text_at("/invited_email"), format!("i•••{last}@e•••e.com"));
    let newcomer = json!({"token": token, "name": "Eve", "password": PASSWORD});
    service.anonymous().post("/v1/invitations/accept", newcomer).await.problem(401, "sign_in_required");
    invited.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let refusals = service.audit_log(Some(&team.organization)).await;
    assert!(refusals.contains(&("invitation.accepted".to_owned(), "refused".to_owned())), "{refusals:?}");
}

#[tokio::test]
async fn an_address_is_invited_once_at_a_time_and_never_when_it_is_in() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let invite = async |email: &str| {
        team.owner().post("/v1/invitations", json!({"email": email, "role": "viewer"})).await
    };
    let email = Service::new_address("ada");
    invite(&email).await.expect(201);
    invite(&email.to_uppercase()).await.problem(409, "invitation_pending");
    invite(&team.email("viewer").to_uppercase()).await.problem(409, "already_member");
    // Another organization's member is invited like anybody (attack 13).
    let other = Team::assemble(&service, "Other").await;
    invite(other.email("owner")).await.expect(201);
    // One that ran out makes room.
    service.clock.advance(Duration::days(7));
    let owner = service.sign_in(team.email("owner")).await;
    let again = owner.post("/v1/invitations", json!({"email": email, "role": "admin"})).await.expect(201);
    let list = owner.get("/v1/invitations?status=expired").await.expect(200);
    assert!(list.list("data").iter().any(|invitation| invitation["email"] == email));
    let pending = owner.get("/v1/invitations?status=pending").await.expect(200);
    assert_eq!(pending.list("data"), &[again.body]);
}

#[tokio::test]
async fn accepting_needs_what_an_account_is_made_of() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, token) = service.invite(team.owner(), &Service::new_address("ada"), "viewer").await;
    let accept = async |body: Value| service.anonymous().post("/v1/invitations/accept", body).await;
    accept(json!({"token": token})).await.invalid("password");
    accept(json!({"token": token, "name": "Ada"})).await.invalid("password");
    accept(json!({"token": token, "password": PASSWORD})).await.invalid("name");
    accept(json!({"token": token, "name": "Ada", "password": "too short"})).await.invalid("password");
    accept(json!({"token": token, "name": "A\u{202e}da", "password": PASSWORD})).await.invalid("name");
    accept(json!({"token": token, "name": "Ada", "password": PASSWORD, "role": "owner"}))
        .await
        .invalid("role");
    accept(json!({"token": token, "name": "Ada", "password": PASSWORD})).await.expect(201);
}

#[tokio::test]
async fn one_bad_line_spoils_no_other() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (first, second) = (Service::new_address("first"), Service::new_address("second"));
    let lines = json!([
        {"email": first, "role": "viewer"},
        {"email": "nonsense", "role": "viewer"},
        {"email": second, "role": "king"},
        {"email": first, "role": "viewer"},
        {"email": team.email("viewer"), "role": "viewer"},
        {"email": second, "role": "owner"},
        {"email": second, "role": "viewer", "note": "x"},
        "not even an object",
        {"email": second, "role": "viewer"},
    ]);
    let answer =
        team.caller("admin").post("/v1/invitations/bulk", json!({"invitations": lines})).await.expect(200);
    let results: Vec<String> = answer
        .list("results")
        .iter()
        .map(|line| line["error"]["code"].as_str().or(line["status"].as_str()).unwrap().to_owned())
        .collect();
    let expected = [
        "created",
        "invalid_request",
        "invalid_request",
        "invitation_pending",
        "already_member",
        "permission_denied",
        "invalid_request",
        "invalid_request",
        "created",
    ];
    assert_eq!(results, expected, "{}", answer.text);
    assert_eq!(answer.body["results"][2]["error"]["errors"][0]["field"], "role");
    service.mailed_token(&first).await;
    service.mailed_token(&second).await;
    // Given twice is given twice on a line, too; and a list is no object.
    let twice = r#"{"invitations": [{"email": "x@example.com", "role": "viewer", "role": "admin"}, ["y@example.com", "viewer"]]}"#;
    let request = team
        .owner()
        .request(reqwest::Method::POST, "/v1/invitations/bulk")
        .header("Content-Type", "application/json");
    let answer = rollcall_tests::Answer::of(request.body(twice)).await.expect(200);
    assert!(
        answer.list("results").iter().all(|line| line["error"]["code"] == "invalid_request"),
        "{}",
        answer.text
    );
    for lines in [json!([]), json!(vec![json!({}); 501])] {
        team.owner().post("/v1/invitations/bulk", json!({"invitations": lines})).await.invalid("invitations");
    }
}

#[tokio::test]
async fn five_hundred_are_invited_in_one_request() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let lines: Vec<Value> =
        (0..500).map(|n| json!({"email": format!("person{n}@example.com"), "role": "viewer"})).collect();
    let answer = team.owner().post("/v1/invitations/bulk", json!({"invitations": lines})).await.expect(200);
    assert!(answer.list("results").iter().all(|line| line["status"] == "created"));
    let mut path = "/v1/invitations?limit=200".to_owned();
    let mut counted = 0;
    loop {
        let page = team.owner().get(&path).await.expect(200);
        counted += page.list("data").len();
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/invitations?limit=200&cursor={cursor}");
    }
    assert_eq!(counted, 504);
}

/// Whoever is invited under this address has to wait, for as long as somebody holds the lock 35, and longer than other locks are waited for.
const MUST_WAIT: &str = "
    CREATE FUNCTION must_wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(35); RETURN NEW; END';
    CREATE TRIGGER must_wait BEFORE INSERT ON invitations FOR EACH ROW
        WHEN (NEW.email = 'waits@example.com') EXECUTE FUNCTION must_wait()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_35_one_bulk_of_an_organization_at_a_time_and_others_are_served_meanwhile() {
    let bulk = "/v1/invitations/bulk";
    let values = [("database.statement_timeout_seconds", "60"), ("http.timeout_seconds", "90")];
    let service = Service::start_with(&values).await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    // Our Owner works for them, too.
    let (_, token) = service.invite(theirs.owner(), ours.email("owner"), "admin").await;
    let seat = ours.owner().post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let elsewhere = service.anonymous().with_token(seat.text_at("/session/token"));
    let tab = Tab::signed_in(&service, ours.email("admin")).await;
    let many = |address: &str, count: usize| {
        let line = json!({"email": address, "role": "viewer"});
        json!({"invitations": vec![line; count]})
    };
    service.database.execute(MUST_WAIT).await;
    let mut held = service.database.connect().await;
    sqlx::query("SELECT pg_advisory_lock(35)").execute(&mut held).await.unwrap();
    let (owner, one) = (ours.owner().clone(), many("waits@example.com", 1));
    let first = tokio::spawn(async move { owner.post(bulk, one).await });
    until("the first waits", async || {
        let waits = "SELECT 1 AS one FROM pg_locks WHERE locktype = 'advisory' AND objid = 35 AND NOT granted
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        (!service.database.rows(waits).await.is_empty()).then_some(())
    })
    .await;

    // Each line would be a transaction, and no limit ends them: they are members, and no mail is sent.
    let members = many(ours.email("viewer"), 500);
    for another in [ours.caller("admin"), ours.owner(), &elsewhere] {
        let refused = another.post(bulk, members.clone()).await.problem(429, "rate_limited");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    let log = service.audit_log(Some(&ours.organization)).await;
    assert!(!log.contains(&("invitation.created".to_owned(), "refused".to_owned())), "{log:?}");
    // In the console, what was typed is still there.
    let page = "/settings/team/invite-many";
    let ada = Service::new_address("ada");
    let refused = tab.send(page, page, &[("addresses", ada.as_str()), ("role", "viewer")]).await.expect(429);
    assert!(refused.text.contains(&ada), "{}", refused.text);
    let why = "are being sent right now. Try again in a few seconds.";
    assert!(refused.text.contains(why) && !refused.text.contains("Too many attempts"), "{}", refused.text);

    // Nobody else is kept from anything, nor are they from inviting one by one, which is counted one by one.
    let other = theirs.owner().post(bulk, many(&ada, 1)).await.expect(200);
    assert_eq!(other.body["results"][0]["status"], "created");
    let single = json!({"email": ada, "role": "viewer"});
    ours.caller("admin").post("/v1/invitations", single).await.expect(201);
    sqlx::query("SELECT pg_advisory_unlock(35)").execute(&mut held).await.unwrap();
    assert_eq!(first.await.unwrap().expect(200).body["results"][0]["status"], "created");
    ours.caller("admin").post(bulk, many(ours.email("viewer"), 2)).await.expect(200);
}

#[tokio::test]
async fn limits_keep_the_mail_from_being_a_cannon() {
    let values = [
        ("limits.enabled", "true"),
        ("limits.invitations_per_inviter", "2"),
        ("limits.invitations_per_organization", "8"),
    ];
    let service = Service::start_with(&values).await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (admin, _) = service.bring_in(&owner, &Service::new_address("admin"), "admin").await;
    let invite = async |inviter: &rollcall_tests::Caller| {
        inviter.post("/v1/invitations", json!({"email": Service::new_address("x"), "role": "viewer"})).await
    };
    let second = invite(&owner).await.expect(201);
    let limited = invite(&owner).await.problem(429, "rate_limited");
    assert_eq!(limited.header("retry-after"), "86400");
    assert!(limited.header("ratelimit-policy").ends_with(";w=86400"));
    assert_eq!(limited.header("ratelimit"), "\"invitations\";r=0;t=86400");
    // Sending again counts as well, and others have an allowance of their own.
    let resend = format!("/v1/invitations/{}/resend", second.text_at("/id"));
    owner.post(&resend, json!({})).await.problem(429, "rate_limited");
    invite(&admin).await.expect(201);
    service.clock.advance(Duration::hours(23));
    owner.post(&resend, json!({})).await.problem(429, "rate_limited");
    service.clock.advance(Duration::hours(1));
    let owner = service.sign_in(owner_address(&service).await.as_str()).await;
    owner.post(&resend, json!({})).await.expect(200);
}

async fn owner_address(service: &Service) -> String {
    let rows = service
        .database
        .rows("SELECT u.email FROM users u JOIN members m USING (user_id) WHERE m.role = 'owner'")
        .await;
    rows[0]["email"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn asvs_7_5_an_invitation_makes_no_session_fresher_or_longer() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("old");
    let (old, _) = service.sign_up(&email, "Own").await;
    let before = old.get("/v1/session").await.expect(200);
    service.clock.advance(Duration::hours(2));
    let owner = service.sign_in(team.email("owner")).await;
    let (_, token) = service.invite(&owner, &email, "viewer").await;
    let accepted = old.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    assert_eq!(accepted.body["session"]["expires_at"], before.body["session"]["expires_at"]);
    let there = service.anonymous().with_token(accepted.text_at("/session/token"));
    let after = there.get("/v1/session").await.expect(200);
    assert_eq!(after.body["authenticated_at"], before.body["authenticated_at"]);
    assert_eq!(after.body["elevated_until"], Value::Null);
}
