//! One's own account: a forgotten password, passkeys, and the end of it.

use rollcall_tests::{Browser, PASSWORD, Service, Team};

use super::{confirm, enter, go, sign_in_here, suits_everybody};

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_link_in_the_mail() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let browser = Browser::start();
    let grace = browser.profile().await;
    go(&grace, &service, "/sign-in").await;
    grace.click("Forgot your password?").await;
    grace.fill("Email", &email).await;
    grace.click("Send the link").await;
    grace.sees("If there is an account with this address, a mail with a link is on its way.").await;
    suits_everybody(&grace).await;
    grace.open_page(&service.link_for(&email, "/password/reset").await).await;
    suits_everybody(&grace).await;
    grace.fill("New password", "another long password of hers").await;
    grace.click("Change the password").await;
    grace.sees("You are signed out everywhere.").await;
    suits_everybody(&grace).await;
    grace.click("Sign in").await;
    sign_in_here(&grace, &email).await;
    grace.sees("do not belong together").await;
    suits_everybody(&grace).await;
    grace.fill("Password", "another long password of hers").await;
    grace.click("Sign in").await;
    grace.sees("So far you are alone here.").await;
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in_alone_and_as_a_second_factor() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let browser = Browser::start();
    let grace = browser.profile().await;
    // Browsers do not take addresses for domains.
    let at = |path: &str| format!("{}{path}", service.base().replace("127.0.0.1", "localhost"));
    grace.open_page(&at("/sign-in")).await;
    let device = grace.plug_in_authenticator().await;
    sign_in_here(&grace, &email).await;
    grace.click("Your account").await;
    grace.click("Second factor").await;
    grace.click("Add a passkey").await;
    grace.fill("Name", "Grace’s laptop").await;
    suits_everybody(&grace).await;
    // A device that does not know its owner makes none, and the page says so.
    device.recognizes(false).await;
    grace.click("Create it on this device").await;
    grace.sees("Your device has made no passkey.").await;
    device.recognizes(true).await;
    grace.click("Create it on this device").await;
    grace.sees("Recovery codes").await;
    grace.click("I have kept them").await;
    assert_eq!(device.passkeys().await.len(), 1);

    grace.click("Sign out").await;
    grace.sees("You are signed out.").await;
    grace.click("Sign in with a passkey").await;
    grace.sees("So far you are alone here.").await;
    // After the password it is the second factor.
    grace.click("Sign out").await;
    sign_in_here(&grace, &email).await;
    grace.sees("Your password is right.").await;
    suits_everybody(&grace).await;
    grace.click("Use a passkey").await;
    grace.sees("So far you are alone here.").await;
    // And it proves who one is once more.
    service.clock.advance(time::Duration::minutes(11));
    grace.click("Your account").await;
    grace.click("Second factor").await;
    grace.click("Manage Grace’s laptop").await;
    suits_everybody(&grace).await;
    grace.click("Remove this passkey").await;
    grace.sees("Confirm it’s you").await;
    suits_everybody(&grace).await;
    grace.click("Use a passkey").await;
    grace.sees("The passkey Grace’s laptop is removed.").await;
    device.pull_out().await;
}

#[tokio::test]
async fn an_account_is_deleted_with_a_fresh_proof_and_its_own_address() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let browser = Browser::start();
    let member = browser.profile().await;
    enter(&member, &service, team.email("member")).await;
    service.clock.advance(time::Duration::minutes(11));
    member.click("Your account").await;
    member.click("Your data").await;
    member.click("Delete…").await;
    member.sees("You leave Acme, where you are Member.").await;
    member.fill("Type your address to confirm", "somebody@else.example").await;
    member.click("Delete my account permanently").await;
    member.sees("This is not the address of your account.").await;
    suits_everybody(&member).await;
    member.fill("Type your address to confirm", team.email("member")).await;
    member.click("Delete my account permanently").await;
    confirm(&member).await;
    member.sees("Your account is deleted").await;
    suits_everybody(&member).await;
    member.click("Continue").await;
    member.click("Sign in").await;
    member.fill("Email", team.email("member")).await;
    member.fill("Password", PASSWORD).await;
    member.click("Sign in").await;
    member.sees("do not belong together").await;
}
