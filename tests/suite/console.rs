//! The console, as people see it who have no scripts.

use rollcall_tests::{PASSWORD, Service, Tab, Team, tab::hidden_fields};
use serde_json::json;
use time::Duration;

#[tokio::test]
async fn somebody_signs_up_invites_and_both_work_in_the_console() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let tab = Tab::open(&service);
    let fields = [("name", "Grace"), ("email", email.as_str()), ("organization_name", "Navy")];
    let sent = tab.send("/sign-up", "/sign-up", &fields).await.expect(303);
    assert!(tab.follow(sent.header("location")).await.text.contains("Check your mail"));
    let token = service.token_for(&email, "/signup/complete").await;
    let page = format!("/signup/complete?token={token}");
    let done = tab.send(&page, "/signup/complete", &[("password", PASSWORD)]).await.expect(303);
    let welcome = tab.follow(done.header("location")).await.expect(200);
    assert!(welcome.text.contains("Welcome, Grace") && welcome.text.contains("You are in Navy now"));
    // An Owner begins with the team, and is told what to do there.
    let team = tab.follow("/").await.expect(200);
    assert!(team.text.contains("So far you are alone here") && team.text.contains(&email));

    let new = Service::new_address("new");
    let invited = tab
        .send("/settings/team/invite", "/settings/team/invite", &[("email", &new), ("role", "member")])
        .await
        .expect(201);
    assert!(invited.text.contains(&format!("{new} is invited")), "{}", invited.text);
    let team = tab.get("/settings/team").await.expect(200);
    assert!(team.text.contains(&new) && !team.text.contains("is invited"), "{}", team.text);

    let token = service.token_for(&new, "/invitations/accept").await;
    let newcomer = Tab::open(&service);
    let page = format!("/invitations/accept?token={token}");
    let fields = [("name", "Neu"), ("password", PASSWORD)];
    newcomer.send(&page, "/invitations/accept", &fields).await.expect(303);
    // A Member begins with the calls, and does not see the team.
    assert_eq!(newcomer.get("/sign-in").await.expect(303).header("location"), "/calls");
    let begun = newcomer.follow("/account").await.expect(200);
    assert!(
        begun.text.contains("Member in Navy") && !begun.text.contains("/settings/team"),
        "{}",
        begun.text
    );
    let refused = newcomer.get("/settings/team").await.expect(403);
    assert!(refused.text.contains("It takes one of these roles: Owner, Admin."), "{}", refused.text);

    let out = newcomer.send("/account", "/sign-out", &[]).await.expect(303);
    assert!(newcomer.follow(out.header("location")).await.text.contains("You are signed out."));
    assert_eq!(newcomer.get("/account").await.expect(303).header("location"), "/sign-in?then=%2Faccount");
}

#[tokio::test]
async fn signing_in_leads_to_where_one_was_going_and_keeps_what_was_typed() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let tab = Tab::open(&service);
    let wrong = [("email", email.as_str()), ("password", "not the password")];
    let page = "/sign-in?then=%2Fsettings%2Fteam%3Frole%3Downer";
    let refused = tab.send(page, "/sign-in", &wrong).await.expect(422);
    assert!(refused.text.contains("do not belong together") && refused.text.contains(&email));
    assert!(!refused.text.contains("not the password"), "{}", refused.text);
    let signed_in = tab.fill(&refused, "/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(signed_in.expect(303).header("location"), "/settings/team?role=owner");
    assert!(tab.get("/settings/team?role=owner").await.expect(200).text.contains(&email));
    // Whoever is in already is not asked again.
    assert_eq!(tab.get("/sign-in").await.expect(303).header("location"), "/settings/team");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_by_code_and_by_recovery_code() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    let (owner, _) = service.sign_up(&email, "Acme").await;
    let (app, recovery) = service.enrol(&owner).await;
    for code in [app.code(), recovery[0].clone()] {
        let tab = Tab::open(&service);
        let page = "/sign-in?then=%2Faccount";
        let asked =
            tab.send(page, "/sign-in", &[("email", &email), ("password", PASSWORD)]).await.expect(303);
        let second = asked.header("location").to_owned();
        assert_eq!(second, "/sign-in/second-factor?then=%2Faccount");
        assert!(tab.cookie("session").is_none());
        // What the password has led to is in no page and in no address.
        let shown = tab.get(&second).await.expect(200);
        assert!(!shown.text.contains("rcm_") && !tab.cookie("challenge").unwrap().contains("rcm_"));
        let wrong = tab.fill(&shown, "/sign-in/second-factor", &[("code", &app.wrong_code())]).await;
        assert!(wrong.expect(422).text.contains("The code is not right"));
        let entered = tab.send(&second, "/sign-in/second-factor", &[("code", &code)]).await;
        assert_eq!(entered.expect(303).header("location"), "/account");
        assert!(tab.cookie("challenge").is_none());
        tab.get("/account").await.expect(200);
    }
    // Without the first step there is no second.
    let tab = Tab::open(&service);
    assert_eq!(tab.get("/sign-in/second-factor").await.expect(303).header("location"), "/sign-in");
    assert!(tab.get("/sign-in").await.text.contains("That took too long"));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_nothing_tells_whether_there_is_an_account() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let mut answers = Vec::new();
    for address in [email.as_str(), &Service::new_address("nobody")] {
        let tab = Tab::open(&service);
        let sent = tab.send("/password/forgotten", "/password/forgotten", &[("email", address)]).await;
        answers.push(tab.get(sent.expect(303).header("location")).await.text);
    }
    assert_eq!(answers[0], answers[1]);
    let token = service.token_for(&email, "/password/reset").await;
    let tab = Tab::open(&service);
    let page = format!("/password/reset?token={token}");
    let other = "another correct horse battery";
    let done = tab.send(&page, "/password/reset", &[("password", other)]).await.expect(303);
    assert!(
        tab.follow(done.header("location")).await.expect(200).text.contains("You are signed out everywhere.")
    );
    tab.send("/sign-in", "/sign-in", &[("email", &email), ("password", other)]).await.expect(303);
    tab.get("/settings/team").await.expect(200);
}

#[tokio::test]
async fn pages_speak_german_to_whoever_likes_it_and_the_language_of_the_account() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    let (owner, _) = service.sign_up(&email, "Acme").await;
    let tab = Tab::open_in(&service, "de-AT,de;q=0.9,en;q=0.5");
    let page = tab.get("/sign-in").await.expect(200);
    assert!(page.text.contains("<html lang=\"de\">") && page.text.contains("Passwort vergessen?"));
    let fields = [("name", ""), ("email", "x"), ("organization_name", "Acme")];
    let refused = tab.send("/sign-up", "/sign-up", &fields).await.expect(422);
    assert!(refused.text.contains("Bitte ausfüllen.") && refused.text.contains("Bitte eine E-Mail-Adresse"));
    // An account that is made in German speaks German, wherever it is used.
    let german = Service::new_address("neu");
    let (_, token) = service.invite(&owner, &german, "viewer").await;
    let accept = [("name", "Neu"), ("password", PASSWORD)];
    let page = format!("/invitations/accept?token={token}");
    let done = tab.send(&page, "/invitations/accept", &accept).await.expect(303);
    assert!(tab.follow(done.header("location")).await.expect(200).text.contains("Willkommen, Neu"));
    let elsewhere = Tab::signed_in(&service, &german).await;
    assert!(elsewhere.get("/account").await.text.contains("<html lang=\"de\">"));
    let tab = Tab::signed_in(&service, &email).await;
    assert!(tab.get("/settings/team").await.text.contains("<html lang=\"en\">"));
    owner.patch("/v1/me", json!({"locale": "de-CH", "time_zone": "Asia/Kathmandu"})).await.expect(200);
    let team = tab.get("/settings/team").await.expect(200);
    assert!(team.text.contains("<html lang=\"de\">") && team.text.contains("Zuletzt aktiv"), "{}", team.text);
}

#[tokio::test]
async fn many_are_invited_at_once_and_what_could_not_be_is_still_there() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("admin")).await;
    let (a, b) = (Service::new_address("a"), Service::new_address("b"));
    let pasted = format!("{a}, Bea <{b}>\nnonsense\n{}", team.email("viewer"));
    let page = "/settings/team/invite-many";
    let sent = tab.send(page, page, &[("addresses", &pasted), ("role", "viewer")]).await.expect(422);
    assert!(sent.text.contains("2 invitations are on their way"), "{}", sent.text);
    assert!(sent.text.contains("2 addresses were not invited"), "{}", sent.text);
    let left = sent.text.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
    assert!(left.contains("nonsense") && left.contains(team.email("viewer")) && !left.contains(&a), "{left}");
    // An Admin is not offered what an Admin cannot give.
    assert!(!sent.text.contains("value=\"owner\""));
    let refused = tab.fill(&sent, page, &[("addresses", &a), ("role", "owner")]).await.expect(422);
    assert!(refused.text.contains("It takes one of these roles: Owner."), "{}", refused.text);
    let shown = tab.get("/settings/team").await.expect(200);
    assert!(shown.text.contains(&a) && shown.text.contains(&b));
    let resend = shown.text.split("action=\"").find_map(|rest| {
        let action = rest.split('"').next()?;
        action.ends_with("/resend").then(|| action.to_owned())
    });
    let resend = resend.unwrap();
    let resent = tab.fill(&shown, &resend, &[]).await.expect(303);
    assert!(tab.follow(resent.header("location")).await.text.contains("A new link is on its way"));
    let revoke = resend.replace("/resend", "/revoke");
    let revoked = tab.fill(&shown, &revoke, &[]).await.expect(303);
    assert!(tab.follow(revoked.header("location")).await.text.contains("was revoked"));
    let again = tab.fill(&shown, &revoke, &[]).await.expect(410);
    assert!(again.text.contains("not open any more") && !again.text.contains("whoever invited you"));
}

#[tokio::test]
async fn a_role_is_changed_and_a_member_removed_after_what_that_touches_was_shown() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let member = format!("/settings/team/{}", team.id("member"));
    let (role, remove) = (format!("{member}/role"), format!("{member}/remove"));
    let shown = tab.get(&member).await.expect(200);
    let changed = tab.fill(&shown, &role, &[("role", "admin")]).await.expect(303);
    assert!(tab.follow(changed.header("location")).await.text.contains("The member is Admin now."));
    // From the page as it was before, it is not changed again.
    tab.fill(&shown, &role, &[("role", "viewer")]).await.expect(303);
    assert!(tab.get(&member).await.text.contains("Somebody has changed this in the meantime."));
    team.caller("member").get("/v1/members").await.expect(200);

    service.invite(team.caller("member"), &Service::new_address("x"), "viewer").await;
    let preview = tab.get(&remove).await.expect(200);
    assert!(preview.text.contains("One session in this organization ends."), "{}", preview.text);
    assert!(preview.text.contains("One open invitation of theirs"), "{}", preview.text);
    let heir = [("hand_over_to", team.id("admin"))];
    let removed = tab.fill(&preview, &remove, &heir).await.expect(303);
    assert!(tab.follow(removed.header("location")).await.text.contains("is not in the team any more"));
    team.caller("member").get("/v1/members").await.expect(401);
    let pending = tab.get("/settings/team").await.text;
    assert!(pending.contains("The admin</td>"), "the heir stands behind it: {pending}");
    // The only Owner stays.
    let owner = format!("/settings/team/{}", team.id("owner"));
    assert!(tab.get(&format!("{owner}/remove")).await.text.contains("You are the only Owner"));
    let shown = tab.get(&owner).await;
    let refused = tab.fill(&shown, &format!("{owner}/role"), &[("role", "viewer")]).await.expect(409);
    assert!(refused.text.contains("keeps at least one Owner"));
}

#[tokio::test]
async fn what_needs_a_fresh_proof_asks_for_one_and_then_does_what_was_asked() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.enrol(team.caller("viewer")).await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    service.clock.advance(Duration::minutes(11));
    let member = format!("/settings/team/{}", team.id("viewer"));
    let reset = format!("{member}/reset-mfa");
    let asked = tab.send(&member, &reset, &[]).await.expect(403);
    assert!(asked.text.contains("Confirm it") && asked.text.contains("current-password"), "{}", asked.text);
    let wrong = tab.fill(&asked, &reset, &[("proof_password", "not the password")]).await.expect(422);
    assert!(wrong.text.contains("The password is not right.") && !wrong.text.contains("not the password"));
    let done = tab.fill(&wrong, &reset, &[("proof_password", PASSWORD)]).await.expect(303);
    let shown = tab.follow(done.header("location")).await;
    assert!(shown.text.contains("has no second factor any more"), "{}", shown.text);
}

#[tokio::test]
async fn somebody_goes_to_another_of_their_organizations() {
    let service = Service::start().await;
    let email = Service::new_address("both");
    let (_, first) = service.sign_up(&email, "First").await;
    let other = Team::assemble(&service, "Second").await;
    let (_, token) = service.invite(other.owner(), &email, "viewer").await;
    let tab = Tab::signed_in(&service, &email).await;
    // Signed in as the invited address, one button is enough.
    let page = format!("/invitations/accept?token={token}");
    let shown = tab.get(&page).await.expect(200);
    assert!(!shown.text.contains("type=\"password\""), "{}", shown.text);
    let done = tab.fill(&shown, "/invitations/accept/here", &[]).await.expect(303);
    assert!(tab.follow(done.header("location")).await.expect(200).text.contains("You are in Second now"));
    let listed = tab.get("/organizations").await.expect(200);
    assert!(listed.text.contains("Go to First") && !listed.text.contains("Go to Second"), "{}", listed.text);
    let go = format!("/organizations/{}/go", first.text_at("/organization/id"));
    let gone = tab.fill(&listed, &go, &[]).await.expect(303);
    assert!(tab.follow(gone.header("location")).await.text.contains("You are in First now."));
}

#[tokio::test]
async fn an_invitation_for_another_account_shows_both_masked_and_one_button_to_switch() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let invited = Service::new_address("invited");
    let (_, token) = service.invite(team.owner(), &invited, "viewer").await;
    let tab = Tab::signed_in(&service, team.email("member")).await;
    let page = format!("/invitations/accept?token={token}");
    let shown = tab.get(&page).await.expect(200);
    assert!(shown.text.contains("This invitation is for another account"), "{}", shown.text);
    assert!(!shown.text.contains(&invited) && !shown.text.contains(team.email("member")));
    assert_eq!(hidden_fields(&shown.text, "/sign-out").len(), 2);
    let switched = tab.fill(&shown, "/sign-out", &[]).await.expect(303);
    assert_eq!(switched.header("location"), page);
    assert!(tab.follow(&page).await.text.contains("Your name"));
}

#[tokio::test]
async fn whoever_must_set_up_a_second_factor_and_whoever_is_nowhere_are_sent_to_where_they_can_go_on() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    let removed = Tab::open(&service);
    let fields = [("email", team.email("member")), ("password", PASSWORD)];
    let sent = removed.send("/sign-in", "/sign-in", &fields).await.expect(303);
    assert_eq!(sent.header("location"), "/organizations");
    assert!(
        removed
            .get("/organizations")
            .await
            .expect(200)
            .text
            .contains("You do not belong to any organization.")
    );
    assert_eq!(removed.get("/settings/team").await.expect(303).header("location"), "/organizations");

    let team = crate::mfa_rule::late_viewer(&service).await;
    let tab = Tab::signed_in(&service, team.email("viewer")).await;
    let sent = tab.get("/settings/team").await.expect(303);
    assert_eq!(sent.header("location"), "/account/second-factor");
    let page = tab.get("/account/second-factor").await.expect(200);
    assert!(page.text.contains("Set up a second factor first") && page.text.contains("/sign-out"));
    assert!(!page.text.contains("/settings/team"), "{}", page.text);
}
