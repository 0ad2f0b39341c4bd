//! The team.

use rollcall_tests::{Service, Team};
use serde_json::{Value, json};

#[tokio::test]
async fn members_are_listed_page_by_page_filtered_and_found() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let all = team.owner().get("/v1/members").await.expect(200);
    assert_eq!(all.list("data").len(), 5);
    assert_eq!(all.body["next_cursor"], Value::Null);

    let mut seen = Vec::new();
    let mut path = "/v1/members?limit=2".to_owned();
    loop {
        let page = team.caller("admin").get(&path).await.expect(200);
        assert!(page.list("data").len() <= 2);
        seen.extend(page.list("data").iter().map(|member| member["user"]["id"].clone()));
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/members?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    let ids: Vec<_> = all.list("data").iter().map(|member| member["user"]["id"].clone()).collect();
    assert_eq!(seen, ids);

    let roles = async |query: &str| -> Vec<String> {
        let page = team.owner().get(&format!("/v1/members?{query}")).await.expect(200);
        page.list("data").iter().map(|member| member["role"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(roles("role=viewer").await, ["viewer"]);
    assert_eq!(roles("status=suspended").await, [""; 0]);
    assert_eq!(roles("q=HOPPER").await, ["owner"]);
    assert_eq!(roles(&format!("q={}", team.email("admin"))).await, ["admin"]);
    assert_eq!(roles("q=%25").await, [""; 0]);
    let one = team.owner().get(&format!("/v1/members/{}", team.id("viewer"))).await.expect(200);
    assert!(all.list("data").contains(&one.body), "{}", one.text);
}

#[tokio::test]
async fn attack_11_a_cursor_is_good_for_its_own_list_only() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let page = ours.owner().get("/v1/members?limit=1").await.expect(200);
    let cursor = page.text_at("/next_cursor");
    ours.owner().get(&format!("/v1/members?limit=3&cursor={cursor}")).await.expect(200);
    for path in ["/v1/members?role=viewer&", "/v1/members?q=a&", "/v1/invitations?"] {
        ours.owner().get(&format!("{path}cursor={cursor}")).await.problem(400, "invalid_cursor");
    }
    for other in [theirs.owner(), ours.caller("admin")] {
        other.get(&format!("/v1/members?cursor={cursor}")).await.problem(400, "invalid_cursor");
    }
    for place in 0..cursor.len() {
        let mut changed = cursor.as_bytes().to_vec();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let answer = ours.owner().get(&format!("/v1/members?cursor={changed}")).await;
        answer.problem(400, "invalid_cursor");
    }
    for nonsense in ["", "x", "%00", "AAAA"] {
        ours.owner().get(&format!("/v1/members?cursor={nonsense}")).await.problem(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn attack_9_a_change_of_role_counts_from_the_next_request_on() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let admin = team.caller("admin");
    admin.get("/v1/members").await.expect(200);
    let path = format!("/v1/members/{}", team.id("admin"));
    let changed = team.owner().patch(&path, json!({"role": "viewer"})).await.expect(200);
    assert_eq!(changed.text_at("/role"), "viewer");
    admin.get("/v1/members").await.problem(403, "permission_denied");
    assert_eq!(admin.get("/v1/session").await.expect(200).text_at("/role"), "viewer");
    assert_eq!(team.owner().get(&path).await.expect(200).header("etag"), changed.header("etag"));
    let last = service.audit_log(Some(&team.organization)).await;
    assert!(last.contains(&("member.role_changed".to_owned(), "success".to_owned())), "{last:?}");
}

#[tokio::test]
async fn attack_5_an_admin_neither_touches_an_owner_nor_makes_one() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let admin = team.caller("admin");
    let member = |role: &str| format!("/v1/members/{}", team.id(role));
    for (path, role) in [
        (member("owner"), "viewer"),
        (member("owner"), "owner"),
        (member("viewer"), "owner"),
        (member("admin"), "owner"),
    ] {
        let refused = admin.patch(&path, json!({"role": role})).await.problem(403, "permission_denied");
        assert_eq!(refused.text_at("/required_permission"), "owners:manage");
    }
    admin.delete(&member("owner")).await.problem(403, "permission_denied");
    admin
        .post("/v1/invitations", json!({"email": "x@example.com", "role": "owner"}))
        .await
        .problem(403, "permission_denied");
    // Nor is what an Owner has offered theirs to take back.
    let (invitation, _) = service.invite(team.owner(), &Service::new_address("owner"), "owner").await;
    let invitation = format!("/v1/invitations/{invitation}");
    let refused = admin.delete(&invitation).await.problem(403, "permission_denied");
    assert_eq!(refused.text_at("/required_permission"), "owners:manage");
    assert_eq!(team.owner().get(&invitation).await.expect(200).text_at("/status"), "pending");
    // And nobody below raises themselves.
    for role in ["member", "customer_support_agent", "viewer"] {
        team.caller(role)
            .patch(&member(role), json!({"role": "admin"}))
            .await
            .problem(403, "permission_denied");
    }
    let roles = team.owner().get("/v1/members").await.expect(200);
    assert_eq!(roles.list("data").iter().filter(|member| member["role"] == "owner").count(), 1);
    let refused = service.audit_log(Some(&team.organization)).await;
    let refused =
        refused.iter().filter(|(action, outcome)| action == "member.role_changed" && outcome == "refused");
    assert_eq!(refused.count(), 7);
}

#[tokio::test]
async fn the_last_owner_neither_leaves_nor_steps_down_nor_is_removed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = format!("/v1/members/{}", team.id("owner"));
    team.owner().patch(&owner, json!({"role": "admin"})).await.problem(409, "last_owner");
    team.owner().delete(&owner).await.problem(409, "last_owner");
    team.owner().delete("/v1/members/me").await.problem(409, "last_owner");
    assert_eq!(team.owner().get(&format!("{owner}/offboarding")).await.expect(200).body["sole_owner"], true);

    team.owner()
        .patch(&format!("/v1/members/{}", team.id("admin")), json!({"role": "owner"}))
        .await
        .expect(200);
    assert_eq!(team.owner().get(&format!("{owner}/offboarding")).await.expect(200).body["sole_owner"], false);
    team.owner().delete("/v1/members/me").await.expect(204);
    team.owner().get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_8_a_removed_member_is_out_at_the_next_request_and_keeps_other_organizations() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("both");
    let (elsewhere, _) = service.sign_up(&email, "Elsewhere").await;
    let (_, token) = service.invite(team.owner(), &email, "admin").await;
    let accepted = elsewhere.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let here = service.anonymous().with_token(accepted.text_at("/session/token"));
    here.get("/v1/members").await.expect(200);
    let path = format!("/v1/members/{}", accepted.text_at("/user/id"));
    team.owner().delete(&path).await.expect(204);
    here.get("/v1/members").await.problem(401, "unauthenticated");
    elsewhere.get("/v1/members").await.expect(200);
    team.owner().get(&path).await.problem(404, "not_found");
    team.owner().delete(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn attack_29_whoever_is_invited_again_gets_nothing_old_back() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let old = team.caller("viewer").clone();
    team.owner().delete(&format!("/v1/members/{}", team.id("viewer"))).await.expect(204);
    let nowhere = service.sign_in(team.email("viewer")).await;
    let (_, token) = service.invite(team.owner(), team.email("viewer"), "member").await;
    nowhere.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    old.get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_a_removal_would_touch_is_shown_and_can_be_handed_over() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, _) = service.invite(team.caller("admin"), &Service::new_address("new"), "viewer").await;
    let admin = format!("/v1/members/{}", team.id("admin"));
    let preview = team.owner().get(&format!("{admin}/offboarding")).await.expect(200);
    assert_eq!(
        preview.body,
        json!({"sessions": 1, "api_keys": 0, "pending_invitations": 1, "claimed_calls": 0, "sole_owner": false})
    );
    for (heir, why) in [
        (team.id("viewer"), "may not stand behind"),
        (team.id("admin"), "somebody else"),
        ("user_01h455vb4pex5vsknk084sn02q", "not a member"),
        ("nobody", "not an id"),
    ] {
        let refused =
            team.owner().delete(&format!("{admin}?hand_over_to={heir}")).await.invalid("hand_over_to");
        assert!(refused.text.contains(why), "{}", refused.text);
    }
    team.owner().delete(&format!("{admin}?hand_over_to={}", team.id("owner"))).await.expect(204);
    let invitation = team.owner().get(&format!("/v1/invitations/{id}")).await.expect(200);
    assert_eq!(invitation.text_at("/invited_by/id"), team.id("owner"));
}

#[tokio::test]
async fn attack_5_an_invitation_falls_with_the_right_to_make_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (second, second_id) = service.bring_in(team.owner(), &Service::new_address("second"), "owner").await;
    let (owner_seat, token) = service.invite(&second, "backdoor@example.com", "owner").await;
    let (viewer_seat, _) = service.invite(&second, "harmless@example.com", "viewer").await;
    let status = async |id: &str| {
        team.owner().get(&format!("/v1/invitations/{id}")).await.expect(200).text_at("/status").to_owned()
    };
    // An Admin could not have made the one, but the other.
    team.owner().patch(&format!("/v1/members/{second_id}"), json!({"role": "admin"})).await.expect(200);
    assert_eq!(
        (status(&owner_seat).await.as_str(), status(&viewer_seat).await.as_str()),
        ("revoked", "pending")
    );
    let accept = json!({"token": token, "name": "Back", "password": rollcall_tests::PASSWORD});
    service.anonymous().post("/v1/invitations/accept", accept).await.problem(410, "invitation_gone");
    team.owner().delete(&format!("/v1/members/{second_id}")).await.expect(204);
    assert_eq!(status(&viewer_seat).await, "revoked");
    let (left, _) = service.invite(team.caller("admin"), "left@example.com", "viewer").await;
    team.caller("admin").delete("/v1/members/me").await.expect(204);
    assert_eq!(status(&left).await, "revoked");
}
