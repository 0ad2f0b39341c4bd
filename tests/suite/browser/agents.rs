//! Two agents before the live board: what waits is one's of them.

use rollcall_tests::{Browser, Caller, Profile, Service, Team};
use serde_json::json;
use time::Duration;

use super::{enter, suits_everybody};
use crate::escalations::{escalate, shown};

/// What takes a call.
const TAKE: &str = "Take it: Asks for a human";

const ROLE: &str = "customer_support_agent";

/// Says that somebody is there, and waits until their board is live.
async fn be_there(profile: &Profile, service: &Service, email: &str) {
    enter(profile, service, email).await;
    super::go(profile, service, "/live").await;
    profile.choose("Your status", "Available").await;
    profile.click("Set my status").await;
    profile.sees("You are available.").await;
    profile.sees("Live Live Refresh").await;
}

/// The platform, as it comes with its key.
async fn platform(service: &Service, team: &Team) -> Caller {
    crate::calls::platform(service, team, &["calls:write", "escalations:create", "escalations:read"]).await
}

#[tokio::test]
async fn a_call_that_waits_is_seen_by_two_agents_and_is_one_s_of_them_at_a_time() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = platform(&service, &team).await;
    let browser = Browser::start();
    let (hedy, ada) = tokio::join!(browser.profile(), browser.profile());
    be_there(&hedy, &service, team.email(ROLE)).await;
    be_there(&ada, &service, team.email("admin")).await;
    hedy.sees("Nobody waits.").await;

    // Both see it come, and neither has touched anything.
    let id = escalate(&platform, "CA1", 5).await;
    for agent in [&hedy, &ada] {
        agent.sees("Asks for a human").await;
        agent.sees_no("Nobody waits.").await;
    }
    suits_everybody(&ada).await;
    // One takes it; the other sees it go.
    hedy.click(TAKE).await;
    hedy.sees("The call is yours.").await;
    ada.sees("Nobody waits.").await;
    ada.within("Taken by others").sees("The customer_support_agent").await;
    suits_everybody(&hedy).await;

    // What it is held for runs down before one's eyes, and is as long as before once it is kept.
    hedy.sees("Reserved for 0:5").await;
    let before = shown(team.owner(), &id).await["held_until"].clone();
    service.clock.advance(Duration::seconds(20));
    hedy.click("Keep it: Asks for a human").await;
    hedy.sees("You keep the call.").await;
    let after = shown(team.owner(), &id).await["held_until"].clone();
    assert!(after.as_str() > before.as_str(), "{before} {after}");

    // Given back, it waits for both, and the other takes it and is done with it.
    hedy.click("Give it back: Asks for a human").await;
    hedy.sees("The call waits again, in its old place.").await;
    ada.click(TAKE).await;
    ada.sees("The call is yours.").await;
    hedy.sees("Nobody waits.").await;
    hedy.within("Taken by others").sees("The admin").await;
    ada.click("Done: Asks for a human").await;
    ada.sees("The call is done.").await;
    hedy.sees_no("Taken by others").await;
    assert_eq!(shown(team.owner(), &id).await["status"], "resolved");
}

#[tokio::test]
async fn an_offer_is_in_the_title_and_heard_and_an_agent_who_is_gone_loses_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = platform(&service, &team).await;
    let browser = Browser::start();
    let (hedy, ada) = tokio::join!(browser.profile(), browser.profile());
    enter(&ada, &service, team.email("admin")).await;
    ada.click("Live").await;
    ada.click("Settings of the queue").await;
    ada.click("Offer waiting calls to agents To the agent who has been free for longest. Otherwise agents take calls themselves.").await;
    ada.click("Save").await;
    ada.sees("The settings of the queue are saved.").await;
    ada.sees("Live Live Refresh").await;

    be_there(&hedy, &service, team.email(ROLE)).await;
    // What is heard is counted where it is made.
    let listen = "const make = AudioContext.prototype.createOscillator; window.tones = 0;
        AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this); };";
    hedy.script(listen, &[]).await;
    let first = escalate(&platform, "CA1", 5).await;
    hedy.sees("Offered to you").await;
    // Nobody has asked for either.
    assert_eq!(hedy.title().await, "Live · Rollcall");
    assert_eq!(hedy.script("return window.tones", &[]).await, json!(0));
    hedy.click("Show offers in the window’s title").await;
    assert_eq!(hedy.title().await, "(1) Call for you · Live · Rollcall");
    // Who turns the sound on hears it.
    hedy.click("Play a sound when a call is offered").await;
    assert_eq!(hedy.script("return window.tones", &[]).await, json!(2));
    suits_everybody(&hedy).await;
    hedy.click(TAKE).await;
    hedy.sees("The call is yours.").await;
    assert_eq!(hedy.title().await, "Live · Rollcall");
    // The choices are remembered, and the next offer is told by both.
    hedy.click("Done: Asks for a human").await;
    hedy.sees("The call is done.").await;
    assert_eq!(shown(team.owner(), &first).await["status"], "resolved");
    hedy.sees("Live Live Refresh").await;
    hedy.script(listen, &[]).await;
    let second = escalate(&platform, "CA2", 5).await;
    hedy.sees("Offered to you").await;
    assert_eq!(hedy.title().await, "(1) Call for you · Live · Rollcall");
    assert_eq!(hedy.script("return window.tones", &[]).await, json!(2));
    hedy.click(TAKE).await;
    hedy.sees("The call is yours.").await;
    ada.within("Taken by others").sees("The customer_support_agent").await;

    // Nothing is heard any more of a browser that is closed. What it held waits again, and the other sees it.
    hedy.close().await;
    service.clock.advance(Duration::seconds(61));
    ada.sees_no("Taken by others").await;
    ada.sees("Connection lost").await;
    assert_eq!(shown(team.owner(), &second).await["status"], "waiting");
}
