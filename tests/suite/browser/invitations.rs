//! Invitations that do not go straight: to somebody who is signed in as somebody else, and to fifty at once.

use rollcall_domain::EmailAddress;
use rollcall_tests::{Browser, PASSWORD, Service, Team};

use super::{enter, suits_everybody};

#[tokio::test]
async fn whoever_is_signed_in_as_somebody_else_is_told_and_goes_on_as_the_other() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (here, invited) = (Service::new_address("here"), Service::new_address("invited"));
    service.sign_up(&here, "Own").await;
    service.invite(team.owner(), &invited, "member").await;
    let browser = Browser::start();
    let somebody = browser.profile().await;
    enter(&somebody, &service, &here).await;
    somebody.open_page(&service.link_for(&invited, "/invitations/accept").await).await;
    somebody.sees("This invitation is for another account").await;
    // Both addresses are known again, and neither is told.
    let masked = |address: &str| address.parse::<EmailAddress>().unwrap().masked();
    let told = format!("It is for {}; you are signed in as {}.", masked(&invited), masked(&here));
    somebody.sees(&told).await;
    let text = somebody.text().await;
    assert!(!text.contains(&here) && !text.contains(&invited), "{text}");
    suits_everybody(&somebody).await;
    assert_eq!(
        super::keyboard_order(&somebody).await,
        ["link Skip to content", "link Rollcall", "button Sign out and continue with the other account"]
    );
    somebody.click("Sign out and continue with the other account").await;
    somebody.sees(&format!("The invitation is for {invited}.")).await;
    somebody.fill("Your name", "Hedy Lamarr").await;
    somebody.fill("New password", PASSWORD).await;
    somebody.click("Accept the invitation").await;
    somebody.sees("You are in Acme now, and signed in.").await;
    somebody.click("Get started").await;
    somebody.sees("Hedy Lamarr").await;
}

#[tokio::test]
async fn a_link_that_is_passed_on_leads_the_invited_account_in_and_nobody_else() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let invited = Service::new_address("invited");
    service.sign_up(&invited, "Own").await;
    let browser = Browser::start();
    let (owner, somebody) = tokio::join!(browser.profile(), browser.profile());
    enter(&owner, &service, team.email("owner")).await;
    owner.click("Invite people").await;
    owner.fill("Email", &invited).await;
    owner.click("Send invitation").await;
    owner.sees("The invitation is on its way").await;
    suits_everybody(&owner).await;
    owner.click("Copy the link").await;
    owner.sees("Copied.").await;
    let link = owner.copied().await;
    // Nothing is lost by going on: it asks nothing.
    owner.click("Go to the team").await;
    owner.sees("Pending invitations").await;

    somebody.open_page(&link).await;
    somebody.sees("as Member. The invitation is for i•••").await;
    somebody.sees("No account yet? Open the link in the mail").await;
    assert!(!somebody.text().await.contains(&invited));
    suits_everybody(&somebody).await;
    somebody.click("Sign in").await;
    super::sign_in_here(&somebody, team.email("viewer")).await;
    somebody.sees("This invitation is for another account").await;
    suits_everybody(&somebody).await;
    somebody.click("Sign out and continue with the other account").await;
    somebody.click("Sign in").await;
    super::sign_in_here(&somebody, &invited).await;
    somebody.sees("You are signed in as Grace Hopper").await;
    suits_everybody(&somebody).await;
    somebody.click("Accept the invitation").await;
    somebody.sees("You are in Acme now, and signed in.").await;
    owner.reload().await;
    owner.sees("There are no open invitations.").await;
}

#[tokio::test]
async fn fifty_are_pasted_and_invited_and_what_could_not_be_is_still_there() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let browser = Browser::start();
    let owner = browser.profile().await;
    enter(&owner, &service, team.email("owner")).await;
    owner.click("Invite people").await;
    owner.click("Invite many at once").await;
    let mut addresses: Vec<String> = (0..48).map(|n| format!("p{n}@acme.example")).collect();
    addresses.extend(["nonsense".to_owned(), team.email("viewer").to_owned()]);
    owner.fill("Email addresses", &addresses.join("\n")).await;
    owner.click("Viewer Looks at agents, calls and analytics, and changes nothing").await;
    owner.click("Send invitations").await;
    owner.sees("48 invitations are on their way.").await;
    owner.sees("2 addresses were not invited.").await;
    suits_everybody(&owner).await;
    assert_eq!(
        owner.value_of("Email addresses").await.lines().collect::<Vec<_>>(),
        ["nonsense", team.email("viewer")]
    );
    owner.fill("Email addresses", "last@acme.example").await;
    owner.click("Send invitations").await;
    owner.sees("One invitation is on its way.").await;
    owner.sees("p47@acme.example").await;
    owner.click("Revoke the invitation of p47@acme.example").await;
    owner.sees("The invitation was revoked.").await;
    owner.sees_no("p47@acme.example").await;
    owner.click("Send again: the invitation to last@acme.example").await;
    owner.sees("A new link is on its way to last@acme.example.").await;
}
