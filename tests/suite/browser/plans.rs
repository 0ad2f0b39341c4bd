//! The plan and the controls, which ask once more who one is.

use rollcall_tests::{Browser, Service, Team};

use super::{confirm, enter, suits_everybody};

#[tokio::test]
async fn the_plan_and_the_controls_are_changed_by_who_proves_once_more_who_they_are() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let browser = Browser::start();
    let owner = browser.profile().await;
    enter(&owner, &service, team.email("owner")).await;
    let later = || service.clock.advance(time::Duration::minutes(11));
    later();
    owner.click("Security").await;
    owner.within("Call recording Off").click("See the plans").await;
    owner.click("Change to Enterprise").await;
    owner.click("Change to Enterprise").await;
    owner.sees("Confirm it’s you").await;
    suits_everybody(&owner).await;
    // What does not prove it changes nothing, and says so beside the field.
    owner.fill("Password", "not the password").await;
    owner.click("Continue").await;
    owner.sees("The password is not right").await;
    confirm(&owner).await;
    owner.sees("Your organization has the plan Enterprise now.").await;
    suits_everybody(&owner).await;

    later();
    owner.click("Security").await;
    for control in ["Call recording", "PHI protection", "End-to-end encryption", "Audit log"] {
        owner.click(&format!("Switch {control} on")).await;
        owner.click(&format!("Switch {control} on")).await;
        if control == "Call recording" {
            confirm(&owner).await;
        }
        owner.sees(&format!("{control} is on now.")).await;
        owner.click(&format!("Switch {control} off")).await;
        owner.click("Cancel").await;
    }
    suits_everybody(&owner).await;

    // The rule about second factors says whom it meets before it does.
    owner.click("See who is affected").await;
    owner.sees("5 people have no second factor. You are among them.").await;
    owner.click("Yes, everybody needs one").await;
    owner.fill("Days to set one up", "91").await;
    owner.click("Save").await;
    owner.sees("90").await;
    assert_eq!(owner.title().await, "Error: Second factors for everybody · Rollcall");
    suits_everybody(&owner).await;
}

#[tokio::test]
async fn a_smaller_plan_says_what_ends_and_asks_whether_that_is_meant() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let browser = Browser::start();
    let owner = browser.profile().await;
    enter(&owner, &service, team.email("owner")).await;
    owner.click("Billing and plan").await;
    owner.within("Everything a small team needs").click("Change to Free").await;
    owner.sees("Audit log is switched off, because that plan does not include it.").await;
    suits_everybody(&owner).await;
    owner.click("Change to Free").await;
    owner.sees("Audit log").await;
    suits_everybody(&owner).await;
    assert_eq!(team.owner().get("/v1/plan").await.expect(200).body["plan"], "enterprise");
    owner.click("Switch off: Audit log").await;
    owner.click("Change to Free").await;
    owner.sees("Your organization has the plan Free now.").await;
    assert_eq!(team.owner().get("/v1/plan").await.expect(200).body["plan"], "free");
}
