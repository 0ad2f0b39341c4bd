//! The pages behind the links in mails, and those for readers, as they are looked at.

use rollcall_tests::{Browser, PASSWORD, Profile, Service, Team};
use serde_json::{Value, json};

use super::{keyboard_order, suits_everybody};

/// The names of the cookies that somebody's browser has for the page that is open.
async fn cookies(profile: &Profile) -> Vec<String> {
    let cookies = profile.cookies().await;
    let names = cookies.iter().map(|cookie: &Value| cookie["name"].as_str().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn somebody_signs_up_and_finishes_by_the_link_in_the_mail() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let signup = json!({"email": email, "name": "Grace <Hopper>", "organization_name": "Acme & Sons"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    let link = service.link_for(&email, "/signup/complete").await;

    let browser = Browser::start();
    let grace = browser.profile().await;
    grace.open_page(&link).await;
    grace.sees("Choose a password").await;
    suits_everybody(&grace).await;
    assert_eq!(
        keyboard_order(&grace).await,
        ["link Skip to content", "link Rollcall", "textbox New password", "button Finish signing up"]
    );
    // The keyboard is where one wants it to be. A password that anybody guesses is refused, with the reason, and can be made better there.
    grace.reload().await;
    assert_eq!(grace.focus().await.unwrap().name, "New password");
    grace.fill("New password", "passwordpassword").await;
    grace.press("\u{E007}").await;
    grace.sees("password").await;
    suits_everybody(&grace).await;
    grace.fill("New password", PASSWORD).await;
    grace.click("Finish signing up").await;
    grace.sees("Welcome, Grace <Hopper>").await;
    grace.sees("You are in Acme & Sons now, and signed in.").await;
    suits_everybody(&grace).await;
    assert_eq!(cookies(&grace).await, ["rollcall_device", "rollcall_form", "rollcall_session"]);

    // The link was good once.
    grace.open_page(&link).await;
    grace.sees("cannot be used").await;
    suits_everybody(&grace).await;
}

#[tokio::test]
async fn an_invitation_is_accepted_in_a_second_profile() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let browser = Browser::start();
    let (newcomer, existing) = tokio::join!(browser.profile(), browser.profile());

    let email = Service::new_address("new");
    service.invite(team.owner(), &email, "customer_support_agent").await;
    newcomer.open_page(&service.link_for(&email, "/invitations/accept").await).await;
    newcomer.sees("as Customer Support Agent").await;
    suits_everybody(&newcomer).await;
    let order = [
        "link Skip to content",
        "link Rollcall",
        "textbox Your name",
        "textbox New password",
        "button Accept the invitation",
    ];
    assert_eq!(keyboard_order(&newcomer).await, order);
    newcomer.fill("Your name", "Hedy Lamarr").await;
    newcomer.fill("New password", PASSWORD).await;
    newcomer.click("Accept the invitation").await;
    newcomer.sees("Welcome, Hedy Lamarr").await;

    let email = Service::new_address("existing");
    service.sign_up(&email, "Own").await;
    service.invite(team.owner(), &email, "viewer").await;
    existing.open_page(&service.link_for(&email, "/invitations/accept").await).await;
    existing.sees("This address has an account already.").await;
    assert_eq!(
        cookies(&existing).await,
        ["rollcall_form"],
        "another profile's session is none of this one's"
    );
    suits_everybody(&existing).await;
    existing.fill("Password", "not the password").await;
    existing.click("Sign in and accept").await;
    existing.sees("not right").await;
    existing.fill("Password", PASSWORD).await;
    existing.click("Sign in and accept").await;
    existing.sees("You are in Acme now").await;
}

#[tokio::test]
async fn pages_for_readers_suit_everybody() {
    let service = Service::start().await;
    let browser = Browser::start();
    let reader = browser.profile().await;
    // `every_page` looks at those that there are.
    super::go(&reader, &service, "/problems/nothing").await;
    reader.sees("no such page").await;
    suits_everybody(&reader).await;
    super::go(&reader, &service, "/docs").await;
    // What is folded up is found by its name, and opened without a mouse.
    let signup = "POST /v1/signup Requests an account and an organization; a mail with a link completes it.";
    reader.click(signup).await;
    let opened = reader.within("Requests an account and an organization");
    opened.sees("The answer is the same whether or not the address already has an account.").await;
    opened.sees("organization_name").await;
}
