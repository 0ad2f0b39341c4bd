//! The live board, as people see it who have no scripts, and what scripts fetch of it.

use rollcall_tests::{Answer, Service, Tab, Team, tab::hidden_fields};
use serde_json::json;
use time::Duration;

use crate::{console_account::forms, escalations::escalate};

const ROLE: &str = "customer_support_agent";
const LIVE: &str = "/live";
const BOARD: &str = "/live/board";

/// Chooses a status on the page.
async fn choose(tab: &Tab, status: &str) -> Answer {
    let set = tab.send(LIVE, "/live/status", &[("status", status), ("note", "")]).await.expect(303);
    tab.follow(set.header("location")).await.expect(200)
}

/// Sends the form of a page, and follows where that leads.
async fn press(tab: &Tab, shown: &Answer, action: &str) -> Answer {
    let pressed = tab.fill(shown, action, &[]).await.expect(303);
    assert_eq!(pressed.header("location"), LIVE);
    tab.follow(LIVE).await.expect(200)
}

fn call(id: &str, what: &str) -> String {
    format!("/live/calls/{id}/{what}")
}

#[tokio::test]
async fn an_agent_says_that_they_are_there_takes_a_call_keeps_it_and_is_done() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    // An agent begins with the board.
    let empty = tab.follow("/").await.expect(200);
    assert!(empty.text.contains("Nobody waits.") && empty.text.contains("href=\"/live\""), "{}", empty.text);
    let id = escalate(team.owner(), "CA1", 5).await;
    let shown = tab.get(LIVE).await.expect(200);
    assert!(shown.text.contains("Asks for a human") && shown.text.contains("data-heartbeat"));
    // Whoever is not there takes nothing, and is told why.
    let refused = press(&tab, &shown, &call(&id, "claim")).await;
    assert!(refused.text.contains("You cannot take a call now"), "{}", refused.text);

    let fields = [("status", "available"), ("note", "Back <b>at three</b>")];
    let set = tab.fill(&shown, "/live/status", &fields).await.expect(303);
    let there = tab.follow(set.header("location")).await.expect(200);
    assert!(there.text.contains("You are available.") && there.text.contains("Back &#60;b&#62;at three"));
    let seen = team.owner().get(&format!("/v1/availability/{}", team.id(ROLE))).await.expect(200);
    assert_eq!(
        (&seen.body["status"], &seen.body["note"]),
        (&json!("available"), &json!("Back <b>at three</b>"))
    );
    let long = "x".repeat(201);
    let wrong = tab.fill(&there, "/live/status", &[("status", "available"), ("note", &long)]).await;
    assert!(wrong.expect(422).text.contains("id=\"note-mistake\""));
    let nonsense = tab.fill(&there, "/live/status", &[("status", "busy"), ("note", "")]).await;
    assert!(nonsense.expect(422).text.contains("id=\"status-mistake\""));

    let taken = press(&tab, &there, &call(&id, "claim")).await;
    assert!(taken.text.contains("The call is yours.") && taken.text.contains("data-counts=\"down\""));
    // What the lease is shown by is in no page, and nobody but us can read the cookie that it waits in.
    let kept = tab.cookie(&format!("lease_{id}")).expect("a lease");
    assert!(!kept.contains("rcl_") && !taken.text.contains("rcl_"));
    let renewed = press(&tab, &taken, &call(&id, "renew")).await;
    assert!(renewed.text.contains("You keep the call."));
    let back = press(&tab, &renewed, &call(&id, "release")).await;
    assert!(back.text.contains("in its old place") && tab.cookie(&format!("lease_{id}")).is_none());
    let again = press(&tab, &back, "/live/calls/next").await;
    assert!(again.text.contains("The call is yours."));
    let done = press(&tab, &again, &call(&id, "resolve")).await;
    assert!(done.text.contains("The call is done.") && done.text.contains("Nobody waits."));
    assert_eq!(crate::escalations::shown(team.owner(), &id).await["status"], "resolved");
    // Once more, there is nothing to be done.
    assert!(
        press(&tab, &again, &call(&id, "resolve")).await.text.contains("You do not hold this call any more")
    );
    assert!(press(&tab, &back, "/live/calls/next").await.text.contains("No call waits that you can take."));
}

#[tokio::test]
async fn a_call_is_one_agent_s_and_held_in_the_browser_that_took_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let id = escalate(team.owner(), "CA1", 5).await;
    let (one, other) = (
        Tab::signed_in(&service, team.email(ROLE)).await,
        Tab::signed_in(&service, team.email("admin")).await,
    );
    choose(&one, "available").await;
    let theirs = choose(&other, "available").await;
    let mine = one.get(LIVE).await.expect(200);
    press(&one, &mine, &call(&id, "claim")).await;
    let late = press(&other, &theirs, &call(&id, "claim")).await;
    assert!(late.text.contains("Somebody else was faster."), "{}", late.text);
    assert!(late.text.contains("Taken by others") && forms(&late.text, "/release").is_empty());
    // The agent's other browser sees it, and does not finish it.
    let phone = Tab::signed_in(&service, team.email(ROLE)).await;
    let elsewhere = phone.get(LIVE).await.expect(200);
    assert!(
        elsewhere.text.contains("You took this call elsewhere.")
            && forms(&elsewhere.text, "/resolve").is_empty()
    );
    // A lease that is moved to another session is none.
    let lease = one.cookie(&format!("lease_{id}")).expect("a lease");
    let request = service.anonymous().request(reqwest::Method::GET, LIVE);
    let session = phone.cookie("session").unwrap();
    let cookies = format!("rollcall_session={session}; rollcall_lease_{id}={lease}");
    let moved = Answer::of(request.header("Cookie", cookies)).await.expect(200);
    assert!(forms(&moved.text, "/resolve").is_empty(), "{}", moved.text);
    // Going offline gives it back, and the browser forgets the lease with the next page.
    choose(&phone, "offline").await;
    one.get(LIVE).await.expect(200);
    assert!(one.cookie(&format!("lease_{id}")).is_none());
    assert_eq!(crate::escalations::shown(team.owner(), &id).await["status"], "waiting");
}

#[tokio::test]
async fn supervisors_set_statuses_capacities_skills_and_the_queue() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("admin")).await;
    let page = format!("/live/agents/{}", team.id(ROLE));
    assert!(tab.get(LIVE).await.expect(200).text.contains(&page));
    let shown = tab.get(&page).await.expect(200);
    let fields = |capacity, skills| [("status", "away"), ("capacity", capacity), ("skills", skills)];
    let long = "x".repeat(65);
    let wrong = tab.fill(&shown, &page, &fields("51", &long)).await.expect(422);
    assert!(wrong.text.contains("id=\"capacity-mistake\"") && wrong.text.contains("id=\"skills-mistake\""));
    let saved = tab.fill(&shown, &page, &fields("3", "spanish\r\n\r\n<i>billing</i>")).await.expect(303);
    let board = tab.follow(saved.header("location")).await.expect(200);
    assert!(board.text.contains("0 of 3") && board.text.contains("&#60;i&#62;billing&#60;/i&#62;, spanish"));
    let seen = team.owner().get(&format!("/v1/availability/{}", team.id(ROLE))).await.expect(200);
    assert_eq!((&seen.body["capacity"], &seen.body["cause"]), (&json!(3), &json!("forced")));
    // From the page as it was before, nothing is overwritten.
    let stale = tab.fill(&shown, &page, &fields("9", "")).await.expect(303);
    assert!(tab.follow(stale.header("location")).await.text.contains("Somebody has changed this"));

    let settings = "/live/settings";
    let shown = tab.get(settings).await.expect(200);
    let fields = |wait, offer| {
        [
            ("wait_limit_seconds", wait),
            ("offer_seconds", offer),
            ("lease_seconds", "60"),
            ("automatic_assignment", "yes"),
        ]
    };
    let wrong = tab.fill(&shown, settings, &fields("x", "20")).await.expect(422);
    assert!(wrong.text.contains("id=\"wait_limit_seconds-mistake\""), "{}", wrong.text);
    let wrong = tab.fill(&shown, settings, &fields("600", "301")).await.expect(422);
    assert!(wrong.text.contains("id=\"offer_seconds-mistake\"") && wrong.text.contains(" checked"));
    tab.fill(&shown, settings, &fields("900", "30")).await.expect(303);
    let kept = team.owner().get("/v1/escalations/settings").await.expect(200);
    assert_eq!(
        (&kept.body["wait_limit_seconds"], &kept.body["automatic_assignment"]),
        (&json!(900), &json!(true))
    );
    // What waits is offered now, and stands above everything else.
    let agent = Tab::signed_in(&service, team.email("owner")).await;
    choose(&agent, "available").await;
    let id = escalate(team.owner(), "CA1", 5).await;
    let offered = agent.get(LIVE).await.expect(200);
    assert!(offered.text.contains(&format!("data-offer=\"{id}\"")), "{}", offered.text);
    assert!(tab.get(LIVE).await.text.contains("One more is offered to somebody else right now."));
    assert!(press(&agent, &offered, &call(&id, "claim")).await.text.contains("The call is yours."));
}

#[tokio::test]
async fn attack_5_the_board_is_for_who_takes_calls_and_its_settings_are_for_supervisors() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for role in ["viewer", "member"] {
        let tab = Tab::signed_in(&service, team.email(role)).await;
        assert!(!tab.get("/account").await.text.contains("href=\"/live\""), "{role}");
        for page in [LIVE, BOARD, "/live/settings"] {
            tab.get(page).await.expect(403);
        }
    }
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    let shown = tab.get(LIVE).await.expect(200);
    assert!(
        !shown.text.contains("/live/settings") && !shown.text.contains("/live/agents/"),
        "{}",
        shown.text
    );
    let agent = format!("/live/agents/{}", team.id("admin"));
    for page in ["/live/settings", &agent] {
        let refused = tab.get(page).await.expect(403);
        assert!(refused.text.contains("It takes one of these roles: Owner, Admin."), "{}", refused.text);
    }
    // Forms of a time in which they might: the use case refuses all the same.
    let admin = Tab::signed_in(&service, team.email("admin")).await;
    let forms = [
        (admin.get("/live/settings").await, "/live/settings".to_owned()),
        (admin.get(&agent).await, agent.clone()),
        (admin.get(LIVE).await, "/live/status".to_owned()),
    ];
    let id = escalate(team.owner(), "CA1", 5).await;
    let waiting = admin.get(LIVE).await.expect(200);
    let viewer = json!({"role": "viewer"});
    team.owner().patch(&format!("/v1/members/{}", team.id("admin")), viewer).await.expect(200);
    let fields = [
        vec![("wait_limit_seconds", "900"), ("offer_seconds", "20"), ("lease_seconds", "60")],
        vec![("status", ""), ("capacity", "9"), ("skills", "")],
        vec![("status", "available"), ("note", "")],
    ];
    for ((page, action), fields) in forms.iter().zip(fields) {
        admin.fill(page, action, &fields).await.expect(403);
    }
    let wrong = [("wait_limit_seconds", "x"), ("offer_seconds", "20"), ("lease_seconds", "60")];
    admin.fill(&forms[0].0, &forms[0].1, &wrong).await.expect(403);
    admin.fill(&waiting, &call(&id, "claim"), &[]).await.expect(403);
    admin.fill(&waiting, "/live/calls/next", &[]).await.expect(403);
    assert_eq!(crate::escalations::shown(team.owner(), &id).await["status"], "waiting");
    let kept = team.owner().get("/v1/escalations/settings").await.expect(200);
    assert_eq!(kept.body["wait_limit_seconds"], 600);
}

#[tokio::test]
async fn attack_4_calls_and_agents_of_another_organization_are_none() {
    let service = Service::start().await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    let id = escalate(other.owner(), "CA1", 5).await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    choose(&tab, "available").await;
    assert!(!tab.get(LIVE).await.expect(200).text.contains(&id));
    let agent = format!("/live/agents/{}", other.id(ROLE));
    tab.get(&agent).await.expect(404);
    tab.get("/live/agents/nonsense").await.expect(404);
    tab.get(&format!("/live/agents/{}", team.id("viewer"))).await.expect(404);
    // By hand: nobody but us makes the form for it, not even one's own call's will do.
    let own = escalate(team.owner(), "CA2", 5).await;
    let shown = tab.get(LIVE).await.expect(200);
    let token = hidden_fields(&shown.text, &call(&own, "claim")).remove(0).1;
    for action in [call(&id, "claim"), agent] {
        tab.post(&action, &[("form_token", &token)]).await.expect(403);
    }
    assert_eq!(crate::escalations::shown(other.owner(), &id).await["status"], "waiting");
}

#[tokio::test]
async fn attack_22_what_a_call_is_escalated_for_is_text() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let made = crate::calls::write(team.owner(), "CA1").await;
    let body = json!({"reason": "<script>alert('1')</script>\"", "priority": 5, "skills": ["<i>"]});
    team.owner().post(&format!("/v1/calls/{made}/escalations"), body).await.expect(201);
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    for page in [LIVE, BOARD] {
        let shown = tab.get(page).await.expect(200);
        assert!(!shown.text.contains("<script>") && !shown.text.contains("<i>"), "{}", shown.text);
        assert!(shown.text.contains("&#60;script&#62;") && shown.text.contains("&#60;i&#62;"));
    }
}

#[tokio::test]
async fn asvs_3_4_3_the_part_that_scripts_fetch_is_the_same_board_and_just_as_closed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    escalate(team.owner(), "CA1", 5).await;
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    let set = tab.send(LIVE, "/live/status", &[("status", "away"), ("note", "")]).await.expect(303);
    let part = tab.get(BOARD).await.expect(200);
    assert!(part.text.starts_with("<div id=\"board-content\" data-role=\"") && !part.text.contains("<html"));
    assert!(part.header("content-security-policy").contains("require-trusted-types-for 'script'"));
    assert!(part.header("content-security-policy").contains("trusted-types rollcall"));
    assert_eq!(part.header("cache-control"), "no-store");
    // What is to be said waits for the page.
    let page = tab.get(set.header("location")).await.expect(200);
    assert!(page.text.contains("You are away"), "{}", page.text);
    // The forms of a part are as good as those of the page.
    let next = tab.fill(&part, "/live/calls/next", &[]).await.expect(303);
    assert_eq!(next.header("location"), LIVE);
    for event in ["availability.changed", "escalation.offered", "escalation.claimed", "escalation.created"] {
        assert!(page.text.contains(event), "{event}");
    }
}

#[tokio::test]
async fn asvs_7_3_1_a_board_that_looks_again_by_itself_prolongs_no_session() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    for _ in 0..3 {
        service.clock.advance(Duration::hours(7));
        tab.get(BOARD).await.expect(200);
    }
    service.clock.advance(Duration::hours(3) + Duration::minutes(1));
    assert!(tab.get(BOARD).await.expect(303).header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn the_board_speaks_german() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.caller(ROLE).patch("/v1/me", json!({"locale": "de"})).await.expect(200);
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    let shown = choose(&tab, "available").await;
    assert!(shown.text.contains("Sie sind verfügbar.") && shown.text.contains("Niemand wartet."));
}

#[tokio::test]
async fn callbacks_that_the_board_has_no_room_for_are_counted_and_stand_on_pages_of_their_own() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email(ROLE)).await;
    let id = escalate(team.owner(), "CA1", 5).await;
    // Nobody has taken it in time.
    service.clock.advance(Duration::minutes(30));
    let callback = format!("/v1/escalations/{id}/callback");
    Answer::of(team.owner().request(reqwest::Method::POST, &callback)).await.expect(200);
    let few = tab.get(BOARD).await.expect(200);
    assert!(few.text.contains("To be called back") && !few.text.contains("/live/callbacks"), "{}", few.text);
    // As many more as would take all day to cause. No more is counted than one page beyond what is shown.
    for (from, to, says) in
        [(1, 204, "5 more are to be called back."), (205, 404, "At least 200 more are to be called back.")]
    {
        for copies in [
            format!(
                "INSERT INTO calls SELECT (jsonb_populate_record(c, jsonb_build_object('call_id', gen_random_uuid(), 'external_id', 'Copy' || n))).*
                   FROM calls c, generate_series({from}, {to}) n WHERE c.external_id = 'CA1'"
            ),
            "INSERT INTO escalations SELECT (jsonb_populate_record(e, jsonb_build_object('escalation_id', gen_random_uuid(), 'call_id', c.call_id))).*
               FROM escalations e JOIN calls o ON o.call_id = e.call_id AND o.external_id = 'CA1' JOIN calls c ON c.org_id = e.org_id
              WHERE NOT EXISTS (SELECT FROM escalations x WHERE x.call_id = c.call_id)"
                .to_owned(),
        ] {
            service.database.execute(&copies).await;
        }
        for page in [BOARD, LIVE] {
            let many = tab.get(page).await.expect(200);
            assert!(many.text.contains(says), "{}", many.text);
            assert!(many.text.contains("href=\"/live/callbacks\""));
        }
    }
    let (mut path, mut seen) = ("/live/callbacks".to_owned(), std::collections::BTreeSet::new());
    loop {
        let page = tab.get(&path).await.expect(200);
        seen.extend(forms(&page.text, "/claim"));
        let Some((_, next)) = page.text.split_once("rel=\"next\" href=\"") else { break };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
    }
    assert_eq!(seen.len(), 405);
    tab.get("/live/callbacks?after=x").await.expect(400);
    Tab::signed_in(&service, team.email("member")).await.get("/live/callbacks").await.expect(403);
}
