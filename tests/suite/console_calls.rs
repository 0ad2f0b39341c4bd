//! The call history, as people see it.

use reqwest::Method;
use rollcall_tests::{Service, Tab, Team};
use serde_json::json;

use crate::{
    calls::write,
    recordings::{events, put, recording, switch, wav},
    transcripts::store,
};

const CALLS: &str = "/calls";

#[tokio::test]
async fn calls_are_found_by_day_and_party_and_show_what_was_said() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let viewer = Tab::signed_in(&service, team.email("viewer")).await;
    // A Viewer begins with the calls.
    let empty = viewer.follow("/").await.expect(200);
    assert!(empty.text.contains("No calls yet."), "{}", empty.text);
    let call = write(team.owner(), "CA<b>1").await;
    store(team.owner(), &call, "<script>alert('1')</script> hello").await.expect(201);
    let listed = viewer.get(CALLS).await.expect(200);
    assert!(
        listed.text.contains("CA&#60;b&#62;1") && listed.text.contains("1 Mar 2026, 08:00"),
        "{}",
        listed.text
    );
    for (query, found) in [
        ("since=2026-03-01&until=2026-03-01", true),
        ("since=2026-03-02", false),
        ("until=2026-02-28", false),
        ("direction=inbound&from=%2B14155550100&agent=agent_7", true),
        ("direction=outbound", false),
        ("to=%2B14155550100", false),
    ] {
        let shown = viewer.get(&format!("{CALLS}?{query}")).await.expect(200);
        assert_eq!(shown.text.contains(&call), found, "{query}");
        assert_eq!(shown.text.contains("No call matches."), !found, "{query}");
    }
    // Days are those of whoever asks: there it is still the day before.
    team.caller("viewer").patch("/v1/me", json!({"time_zone": "Pacific/Honolulu"})).await.expect(200);
    let shown = viewer.get("/calls?until=2026-02-28").await.expect(200);
    assert!(shown.text.contains(&call) && shown.text.contains("28 Feb 2026, 22:00"), "{}", shown.text);
    let wrong = viewer.get("/calls?since=yesterday").await.expect(422);
    assert!(wrong.text.contains("id=\"since-mistake\"") && wrong.text.contains("value=\"yesterday\""));
    for after in ["nonsense".to_owned(), format!("-300000000000000000000.{call}")] {
        viewer.get(&format!("/calls?after={after}")).await.expect(400);
    }
    let before_all = format!("/settings/team?after=-300000000000000000000.{}", team.id("viewer"));
    viewer.get(&before_all).await.expect(400);

    let shown = viewer.get(&format!("{CALLS}/{call}")).await.expect(200);
    assert!(
        shown.text.contains("&#60;script&#62;") && !shown.text.contains("<script>alert"),
        "{}",
        shown.text
    );
    assert!(shown.text.contains("Still going on") && shown.text.contains("Your role can read calls"));
    assert!(!shown.text.contains("/recording\""));
    let bare = write(team.owner(), "CA2").await;
    assert!(viewer.get(&format!("{CALLS}/{bare}")).await.expect(200).text.contains("has no transcript"));
}

#[tokio::test]
async fn attack_20_a_link_of_another_site_reads_no_transcript_in_anybodys_name() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = write(team.owner(), "CA1").await;
    store(team.owner(), &call, "hello there").await.expect(201);
    let viewer = Tab::signed_in(&service, team.email("viewer")).await;
    let page = format!("{CALLS}/{call}");
    let from_site = async |site: &str| {
        let request = viewer.request(Method::GET, &page).header("Sec-Fetch-Site", site);
        viewer.answer(request).await.expect(200).text
    };
    for site in ["cross-site", "same-site"] {
        let shown = from_site(site).await;
        assert!(shown.contains("CA1") && !shown.contains("hello there"), "{site}: {shown}");
        let ask = format!("href=\"{page}\">Show what was said</a>");
        assert!(shown.contains(&ask), "{site}: {shown}");
    }
    assert!(events(&service, "transcript.read").await.is_empty());
    // Our own page, and whoever types the address.
    for site in ["same-origin", "none"] {
        assert!(from_site(site).await.contains("hello there"), "{site}");
    }
    assert_eq!(events(&service, "transcript.read").await.len(), 1);
}

#[tokio::test]
async fn a_recording_is_heard_by_who_may_and_says_why_while_health_data_is_protected() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let (page, sound) = (format!("{CALLS}/{call}/recording"), format!("/v1/calls/{call}/recording"));
    let member = Tab::signed_in(&service, team.email("member")).await;
    assert!(member.get(&page).await.expect(200).text.contains("This call has no recording."));
    put(team.owner(), &call, &wav(4_000, 1)).await.expect(201);
    let shown = member.get(&page).await.expect(200);
    assert!(shown.text.contains(&format!("src=\"{sound}\"")), "{}", shown.text);
    // Opening the page hears nothing; the player does, by parts.
    let played = events(&service, "recording.played").await;
    assert!(played.iter().all(|event| event["outcome"] != "success"), "{played:?}");
    let part = member.request(Method::GET, &sound).header("Range", "bytes=0-99");
    let part = part.send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 100));

    switch(&team, "phi_protection", true).await;
    assert!(member.get(&page).await.expect(200).text.contains("only Owners and Admins"));
    let owner = Tab::signed_in(&service, team.email("owner")).await;
    let asked = owner.get(&page).await.expect(200);
    assert!(!asked.text.contains("<audio"), "{}", asked.text);
    let nothing = owner.fill(&asked, &page, &[("reason", " ")]).await.expect(422);
    assert!(nothing.text.contains("id=\"reason-mistake\""));
    let heard = owner.fill(&asked, &page, &[("reason", "ticket 4711 & <b>")]).await.expect(200);
    assert!(
        heard.text.contains(&format!("src=\"{sound}?reason=ticket+4711+%26+%3Cb%3E\"")),
        "{}",
        heard.text
    );
}

#[tokio::test]
async fn attack_5_calls_are_for_who_reads_them_and_another_organization_s_are_none() {
    let service = Service::start().await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    let (own, foreign) = (write(team.owner(), "CA1").await, write(other.owner(), "CA2").await);
    let agent = Tab::signed_in(&service, team.email("customer_support_agent")).await;
    assert!(!agent.get("/account").await.expect(200).text.contains("href=\"/calls\""));
    for page in [CALLS.to_owned(), format!("{CALLS}/{own}"), format!("{CALLS}/{own}/recording")] {
        agent.get(&page).await.expect(403);
    }
    let viewer = Tab::signed_in(&service, team.email("viewer")).await;
    viewer.get(&format!("{CALLS}/{own}/recording")).await.expect(403);
    let owner = Tab::signed_in(&service, team.email("owner")).await;
    for page in
        [format!("{CALLS}/{foreign}"), format!("{CALLS}/{foreign}/recording"), "/calls/nonsense".to_owned()]
    {
        owner.get(&page).await.expect(404);
    }
    assert!(!owner.get(CALLS).await.expect(200).text.contains(&foreign));
}
