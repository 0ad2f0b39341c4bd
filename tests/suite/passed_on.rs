//! The link to an invitation that whoever invites may pass on: it names the invitation, and proves nothing.

use rollcall_tests::{Answer, Service, Tab, Team, tab::hidden_fields};
use serde_json::json;
use time::Duration;

const OPEN: &str = "/invitations/open";

/// Invites an address in the console; gives back what the link names the invitation by.
pub(crate) async fn link_to(service: &Service, team: &Team, email: &str) -> String {
    let owner = Tab::with_session(service, team.owner().token());
    let page = "/settings/team/invite";
    let made = owner.send(page, page, &[("email", email), ("role", "admin")]).await.expect(201);
    let (_, link) = made.text.split_once(&format!("{}{OPEN}?of=", service.base())).expect("a link");
    link.split('<').next().unwrap().to_owned()
}

async fn open(tab: &Tab, reference: &str) -> Answer {
    tab.get(&format!("{OPEN}?of={reference}")).await
}

/// Sends the form of somebody who is signed in, whatever their page shows.
async fn accept(tab: &Tab, form: &Answer, reference: &str) -> Answer {
    let hidden = hidden_fields(&form.text, OPEN);
    let token = hidden.iter().find(|(name, _)| name == "form_token").expect("a token");
    tab.post(OPEN, &[("form_token", &token.1), ("of", reference)]).await
}

#[tokio::test]
async fn attack_4_a_link_that_was_passed_on_gives_its_holder_no_seat_and_no_account() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (invited, other) = (Service::new_address("invited"), Service::new_address("other"));
    let reference = link_to(&service, &team, &invited).await;

    // Whoever holds it learns where it leads, and neither the address nor whether that has an account.
    let outside = open(&Tab::open(&service), &reference).await.expect(200);
    assert!(outside.text.contains("Join Acme") && !outside.text.contains(&invited), "{}", outside.text);
    assert!(!outside.text.contains("<form"), "{}", outside.text);
    // It passes for the secret of the mail nowhere.
    let body = json!({"token": reference, "name": "Mallory", "password": "correct horse battery staple"});
    service.anonymous().post("/v1/invitations/accept", body).await.problem(410, "invitation_gone");
    Tab::open(&service).post(OPEN, &[("of", &reference)]).await.expect(303);

    // Somebody else is told that it is for another, and takes nothing with the form of an invitation of their own.
    service.sign_up(&other, "Other").await;
    let own = link_to(&service, &team, &other).await;
    let tab = Tab::signed_in(&service, &other).await;
    let form = open(&tab, &own).await.expect(200);
    let theirs = open(&tab, &reference).await.expect(200);
    assert!(
        theirs.text.contains("for another account") && !theirs.text.contains(&invited),
        "{}",
        theirs.text
    );
    let refused = accept(&tab, &form, &reference).await.expect(403);
    assert!(
        refused.text.contains("for another account") && !refused.text.contains(&invited),
        "{}",
        refused.text
    );
    let members = team.owner().get("/v1/members").await.expect(200);
    assert!(!members.text.contains(&other) && !members.text.contains(&invited));

    // The page is the same once there is an account.
    service.sign_up(&invited, "Own").await;
    assert_eq!(open(&Tab::open(&service), &reference).await.expect(200).text, outside.text);
    // In that account it is accepted, once.
    let tab = Tab::signed_in(&service, &invited).await;
    let form = open(&tab, &reference).await.expect(200);
    let accepted = accept(&tab, &form, &reference).await.expect(303);
    let welcome = tab.follow(accepted.header("location")).await.expect(200);
    assert!(welcome.text.contains("You are in Acme now"), "{}", welcome.text);
    let members = team.owner().get("/v1/members").await.expect(200);
    let of = members.list("data").iter().find(|member| member["user"]["email"] == invited.as_str());
    assert_eq!(of.expect("a member")["role"], "admin");
    open(&tab, &reference).await.expect(410);
}

#[tokio::test]
async fn attack_3_a_link_that_was_passed_on_ends_with_its_invitation() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let outside = Tab::open(&service);
    let invitation = async |email: &str| {
        let listed = team.owner().get("/v1/invitations?status=pending").await.expect(200);
        let of = listed.list("data").iter().find(|invitation| invitation["email"] == email).cloned();
        format!("/v1/invitations/{}", of.expect("an invitation")["id"].as_str().unwrap())
    };
    // Sending the mail again takes nothing from it, as it never had a secret.
    let revoked = link_to(&service, &team, "revoked@bank.example").await;
    let path = invitation("revoked@bank.example").await;
    team.owner().post(&format!("{path}/resend"), json!({})).await.expect(200);
    open(&outside, &revoked).await.expect(200);
    team.owner().delete(&path).await;
    open(&outside, &revoked).await.expect(410);
    // Nor does one letter of another make it good.
    let mut altered = link_to(&service, &team, "altered@bank.example").await;
    open(&outside, &altered).await.expect(200);
    let last = if altered.ends_with('A') { "Q" } else { "A" };
    altered.replace_range(altered.len() - 1.., last);
    for broken in [altered.as_str(), "x", &revoked[1..]] {
        open(&outside, broken).await.expect(410);
    }
    open(&outside, "").await.expect(400);
    // It runs out, and ends with the organization.
    let late = link_to(&service, &team, "late@bank.example").await;
    service.clock.advance(Duration::days(7));
    open(&outside, &late).await.expect(410);
    let owner = service.sign_in(team.email("owner")).await;
    let team = Team { members: [("owner", (owner, String::new(), String::new()))].into(), ..team };
    let gone = link_to(&service, &team, "gone@bank.example").await;
    open(&outside, &gone).await.expect(200);
    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    open(&outside, &gone).await.expect(410);
}
