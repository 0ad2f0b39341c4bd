//! A team, from its first sign-up to the proof of what was done in it.

use rollcall_tests::{Authenticator, Browser, PASSWORD, Profile, Service, until};
use serde_json::json;

use super::{go, sign_in_here, suits_everybody};
use crate::audit_exports::Files;

/// Signs somebody up, by the link in the mail, to where they begin.
async fn sign_up(profile: &Profile, service: &Service, name: &str, email: &str, organization: &str) {
    go(profile, service, "/").await;
    profile.click("Sign up").await;
    profile.fill("Your name", name).await;
    profile.fill("Email", email).await;
    profile.fill("Name of your organization", organization).await;
    profile.click("Sign up").await;
    profile.sees("Check your mail").await;
    profile.open_page(&service.link_for(email, "/signup/complete").await).await;
    profile.fill("New password", PASSWORD).await;
    profile.click("Finish signing up").await;
    profile.sees(&format!("Welcome, {name}")).await;
    profile.click("Get started").await;
}

/// Goes over to the plan that has everything, and turns the audit log on.
async fn turn_audit_log_on(owner: &Profile) {
    owner.click("Billing and plan").await;
    owner.click("Change to Enterprise").await;
    owner.sees("Nothing that you use now ends.").await;
    owner.click("Change to Enterprise").await;
    owner.sees("Your organization has the plan Enterprise now.").await;
    owner.click("Security").await;
    owner.click("Switch Audit log on").await;
    owner.sees("What it does once it is on").await;
    owner.click("Switch Audit log on").await;
    owner.sees("Audit log is on now.").await;
}

/// Sets up an authenticator app by what the page shows; gives back the app and the recovery codes.
async fn set_up_app(profile: &Profile, service: &Service) -> (Authenticator, Vec<String>) {
    profile.click("Your account").await;
    profile.click("Second factor").await;
    profile.click("Set up an app").await;
    profile.sees("Scan this with your authenticator app.").await;
    suits_everybody(profile).await;
    let text = profile.text().await;
    let (_, seed) = text.split_once("Or enter this key in the app:").unwrap();
    let (seed, _) = seed.split_once("It is shown").unwrap();
    let app = Authenticator::of(&seed.replace(' ', ""), &service.clock);
    profile.fill("Code from the app", &app.wrong_code()).await;
    profile.click("Turn it on").await;
    profile.sees("Your app has the key already.").await;
    profile.fill("Code from the app", &app.code()).await;
    profile.click("Turn it on").await;
    profile.sees("Your second factor is on").await;
    suits_everybody(profile).await;
    profile.click("Copy").await;
    profile.sees("Copied.").await;
    let codes: Vec<String> = profile.copied().await.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10);
    profile.click("I have kept them").await;
    service.clock.advance(Authenticator::STEP);
    (app, codes)
}

/// Signs out, and in again with a code.
async fn sign_in_again(profile: &Profile, email: &str, wrong: &str, code: &str) {
    profile.click("Sign out").await;
    profile.sees("You are signed out.").await;
    sign_in_here(profile, email).await;
    profile.sees("Your password is right.").await;
    profile.fill("Code from your authenticator app, or a recovery code", wrong).await;
    profile.click("Continue").await;
    profile.sees("The code is not right").await;
    profile.fill("Code from your authenticator app, or a recovery code", code).await;
    profile.click("Continue").await;
    profile.sees("Pending invitations").await;
}

/// Makes a key for the platform; gives back what opens it.
async fn make_key(owner: &Profile) -> String {
    owner.click("API keys").await;
    owner.sees("There is no key yet.").await;
    owner.click("Create a key").await;
    owner.fill("Name", "Voice platform").await;
    owner.click("Write down calls, transcripts and recordings calls:write").await;
    owner.click("Hand a call to a human agent escalations:create").await;
    owner.click("Create the key").await;
    owner.sees("This is shown once.").await;
    suits_everybody(owner).await;
    // Whoever goes on without having kept it is asked, and whoever has is not.
    assert!(owner.asks_before_it_is_left().await);
    owner.click("Copy").await;
    owner.sees("Copied.").await;
    assert!(!owner.asks_before_it_is_left().await);
    let secret = owner.copied().await;
    owner.click("Team").await;
    owner.sees("Pending invitations").await;
    secret
}

#[tokio::test]
async fn a_team_is_made_and_what_is_done_in_it_is_proved() {
    let service = Service::start().await;
    let browser = Browser::start();
    let (grace, hedy) = tokio::join!(browser.profile(), browser.profile());
    let (owner, agent) = (Service::new_address("grace"), Service::new_address("hedy"));
    sign_up(&grace, &service, "Grace Hopper", &owner, "Acme & Sons").await;
    grace.sees("So far you are alone here.").await;
    turn_audit_log_on(&grace).await;

    // Somebody is invited, and comes in by another browser.
    grace.click("Team").await;
    grace.click("Invite people").await;
    grace.fill("Email", &agent).await;
    grace.click("Customer Support Agent Takes escalated calls and controls Live Space").await;
    grace.click("Send invitation").await;
    grace.sees(&format!("{agent} is invited")).await;
    hedy.open_page(&service.link_for(&agent, "/invitations/accept").await).await;
    hedy.sees("Grace Hopper invites you to join Acme & Sons as Customer Support Agent.").await;
    hedy.fill("Your name", "Hedy Lamarr").await;
    hedy.fill("New password", PASSWORD).await;
    hedy.click("Accept the invitation").await;
    hedy.click("Get started").await;
    hedy.sees("Nobody waits.").await;
    hedy.sees_no("Settings of the queue").await;
    // A page is said to be live once it hears.
    hedy.sees("Live Live Refresh").await;

    // The other sees their new role, and has not touched anything.
    grace.click("Team").await;
    grace.click("Manage Hedy Lamarr").await;
    grace.choose("Role", "Admin").await;
    grace.click("Change role").await;
    grace.sees("Hedy Lamarr is Admin now.").await;
    hedy.sees("Settings of the queue").await;
    hedy.sees("Audit log").await;

    let (app, codes) = set_up_app(&hedy, &service).await;
    sign_in_again(&hedy, &agent, &app.wrong_code(), &app.code()).await;
    sign_in_again(&hedy, &agent, &app.wrong_code(), &codes[0]).await;
    hedy.click("Your account").await;
    hedy.click("Second factor").await;
    hedy.sees("9 are left.").await;

    // A program works with its key, and what it does is found, opened and proved.
    let secret = make_key(&grace).await;
    let platform = service.anonymous().with_token(&secret);
    let call = crate::calls::write(&platform, "CA1").await;
    platform
        .post(&format!("/v1/calls/{call}/escalations"), json!({"reason": "Asks for a human", "priority": 5}))
        .await
        .expect(201);
    service.database.all_sequenced().await;
    prove(&grace, &service).await;
}

/// Finds the event of the escalation in the log, opens it, proves it, and takes the evidence to somebody who believes nothing.
async fn prove(owner: &Profile, service: &Service) {
    owner.click("Audit log").await;
    owner.choose("What", "Call escalated").await;
    owner.click("Search").await;
    // The log is read a moment after it is written.
    until("the event in the log", async || {
        service.database.all_sequenced().await;
        owner.reload().await;
        owner.text().await.contains("Details").then_some(())
    })
    .await;
    owner.click("Details: Call escalated").await;
    owner.sees("Name of the action escalation.created").await;
    owner.sees("Voice platform An API key").await;
    owner.click("Prove this event").await;
    owner.sees("The proof holds").await;
    suits_everybody(owner).await;
    owner.click("Evidence for the offline verifier (NDJSON)").await;
    let evidence = String::from_utf8(owner.downloaded("audit-").await).unwrap();
    assert!(evidence.contains("escalation.created"), "{evidence}");
    let (code, said) = Files::new().verify(&evidence, &[]);
    assert!(code == 0 && said.contains("holds"), "{said}");
    // It is that event that it proves.
    let (code, said) = Files::new()
        .verify(&evidence.replace("Asks", "Begs").replace("escalation.created", "escalation.resolved"), &[]);
    assert_ne!(code, 0, "{said}");
    owner.click("This proof and its checkpoint (JSON)").await;
    let proof: serde_json::Value = serde_json::from_slice(&owner.downloaded("proof-").await).unwrap();
    assert!(evidence.contains(proof["event_id"].as_str().unwrap()), "{proof}");
    assert!(proof["checkpoint"].as_str().unwrap().contains(proof["root_hash"].as_str().unwrap()), "{proof}");
}
