//! The pages behind links in mails: what they say at once, what they do once, and what is said after it.

use rollcall_tests::{PASSWORD, Service, Tab, Team, tab::hidden_fields};
use serde_json::json;
use time::Duration;

use crate::pages::submit;

/// Where links in mails lead, and what is said of those that do not work.
const LINKS: [(&str, &str); 4] = [
    ("/signup/complete", "This link cannot be used any more"),
    ("/password/reset", "This link cannot be used any more"),
    ("/me/email/confirm", "This link cannot be used any more"),
    ("/invitations/accept", "This invitation cannot be used any more"),
];

#[tokio::test]
async fn attack_12_a_link_that_does_not_work_says_so_at_once_and_never_says_why() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let ask = async |resets: &str, moves: &str| {
        let (new, moved) = (Service::new_address("new"), Service::new_address("moved"));
        let sign_up = json!({"email": new, "name": "New", "organization_name": "New"});
        service.anonymous().post("/v1/signup", sign_up).await.expect(202);
        let reset = json!({"email": team.email(resets)});
        service.anonymous().post("/v1/password-resets", reset).await.expect(202);
        let member = service.sign_in(team.email(moves)).await;
        member.post("/v1/me/email", json!({"new_email": moved})).await.expect(202);
        let (_, invitation) = service.invite(team.owner(), &Service::new_address("invited"), "viewer").await;
        [
            service.token_for(&new, "/signup/complete").await,
            service.token_for(team.email(resets), "/password/reset").await,
            service.token_for(&moved, "/me/email/confirm").await,
            invitation,
        ]
    };
    let tab = Tab::open(&service);
    let tokens = ask("admin", "member").await;
    for ((page, gone), token) in LINKS.into_iter().zip(&tokens) {
        // A look uses nothing up.
        for _ in 0..2 {
            let shown = tab.get(&format!("{page}?token={token}")).await.expect(200);
            assert!(
                hidden_fields(&shown.text, page).contains(&("token".to_owned(), token.clone())),
                "{page}"
            );
        }
        let password = ("password", "another correct horse battery");
        let fields = [("token", token.as_str()), password, ("name", "New")];
        let fields = match page {
            "/me/email/confirm" => &fields[..1],
            "/invitations/accept" => &fields[..],
            _ => &fields[..2],
        };
        let done = submit(&service, page, fields).await.expect(303);
        assert!(done.header("location").starts_with('/') && done.text.is_empty(), "{page}");
        // To come back to it says that it has been used, and asks for nothing.
        let used = tab.get(&format!("{page}?token={token}")).await.expect(410);
        assert!(used.text.contains(gone) && !used.text.contains("<form"), "{page}: {}", used.text);
    }
    let over = ask("viewer", "customer_support_agent").await;
    service.clock.advance(Duration::days(8));
    for ((page, gone), token) in LINKS.into_iter().zip(&over) {
        let over = tab.get(&format!("{page}?token={token}")).await.expect(410);
        let unknown = tab.get(&format!("{page}?token=rcl_nothing")).await.expect(410);
        assert_eq!(over.text, unknown.text, "{page}");
        assert!(over.text.contains(gone), "{page}");
        // Whoever sends the form by hand is told the same.
        let fields = [("token", token.as_str()), ("password", "short")];
        let fields = if page == "/me/email/confirm" { &fields[..1] } else { &fields[..] };
        let sent = submit(&service, page, fields).await.expect(410);
        assert!(sent.text.contains(gone), "{page}: {}", sent.text);
    }
}

#[tokio::test]
async fn what_was_done_is_said_to_whoever_has_done_it_and_a_link_to_it_says_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    // A link in anybody's mail tells nobody that their account is deleted, whoever is signed in.
    for tab in [Tab::open(&service), Tab::signed_in(&service, team.email("owner")).await] {
        for path in ["/password/reset/done", "/me/email/confirm/done", "/account/deleted"] {
            assert_eq!(tab.get(path).await.expect(303).header("location"), "/", "{path}");
        }
    }
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    assert_eq!(tab.get("/welcome").await.expect(303).header("location"), "/");
    let tab = Tab::open(&service);
    // It greets whoever has come in, and nobody else.
    assert_eq!(tab.get("/welcome").await.expect(303).header("location"), "/sign-in?then=%2Fwelcome");
}

#[tokio::test]
async fn a_new_account_has_the_time_zone_of_its_device_if_that_is_one() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for (sent, zone) in [
        (Some("Europe/Berlin"), "Europe/Berlin"),
        // As without a script, and as by hand.
        (Some(""), "UTC"),
        (Some("Atlantis/Capital"), "UTC"),
        (Some("<b>"), "UTC"),
        (None, "UTC"),
    ] {
        let email = Service::new_address("new");
        let (_, token) = service.invite(team.owner(), &email, "viewer").await;
        let page = format!("/invitations/accept?token={token}");
        let tab = Tab::open(&service);
        let shown = tab.get(&page).await.expect(200);
        assert!(shown.text.contains("/assets/time_zone-"), "{}", shown.text);
        assert!(
            hidden_fields(&shown.text, "/invitations/accept").contains(&("time_zone".into(), String::new()))
        );
        let mut fields = vec![("token", token.as_str()), ("name", "New"), ("password", PASSWORD)];
        fields.extend(sent.map(|zone| ("time_zone", zone)));
        tab.post("/invitations/accept", &fields).await.expect(303);
        let me = service.sign_in(&email).await.get("/v1/me").await.expect(200);
        assert_eq!(me.body["time_zone"], zone, "{sent:?}");
        // It is told with the time, and changed in the account.
        let account = tab.get("/account").await.expect(200);
        assert!(account.text.contains(&format!("<option value=\"{zone}\" selected>")), "{}", account.text);
        let sessions = tab.get("/account/sessions").await.expect(200);
        let told = if zone == "UTC" { "09:00 UTC" } else { "10:00 CET" };
        assert!(sessions.text.contains(told), "{told}: {}", sessions.text);
    }
    let email = Service::new_address("grace");
    let fields = [("name", "Grace"), ("email", email.as_str()), ("organization_name", "Navy")];
    Tab::open(&service).send("/sign-up", "/sign-up", &fields).await.expect(303);
    let token = service.token_for(&email, "/signup/complete").await;
    let fields = [("token", token.as_str()), ("password", PASSWORD), ("time_zone", "Asia/Kathmandu")];
    submit(&service, "/signup/complete", &fields).await.expect(303);
    let me = service.sign_in(&email).await.get("/v1/me").await.expect(200);
    assert_eq!(me.body["time_zone"], "Asia/Kathmandu");
}

#[tokio::test]
async fn mails_are_in_the_language_of_whoever_reads_them() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    // Of the page, while there is no account.
    let tab = Tab::open_in(&service, "de");
    let fields = [("name", "Grace"), ("email", email.as_str()), ("organization_name", "Navy")];
    tab.send("/sign-up", "/sign-up", &fields).await.expect(303);
    let confirm = "Bestätigen Sie Ihre Adresse, um die Registrierung abzuschließen";
    let mail = service.told(&email, confirm).await;
    assert!(mail["html"].as_str().unwrap().contains("<html lang=\"de\">"), "{mail}");
    let token = service.token_for(&email, "/signup/complete").await;
    tab.post("/signup/complete", &[("token", &token), ("password", PASSWORD)]).await.expect(303);
    // Of the account, as it is when the mail is written, whoever causes it.
    let reset = json!({"email": email});
    service.anonymous().post("/v1/password-resets", reset.clone()).await.expect(202);
    service.told(&email, "Wählen Sie ein neues Passwort").await;
    let grace = service.sign_in(&email).await;
    // Of whoever invites, for somebody who has no account; their own for somebody who has.
    let (stranger, english) = (Service::new_address("stranger"), Service::new_address("english"));
    let (own, _) = service.sign_up(&english, "Own").await;
    for invited in [&stranger, &english] {
        service.invite(&grace, invited, "viewer").await;
    }
    service.told(&stranger, "Sie sind eingeladen, Navy auf Rollcall beizutreten").await;
    service.told(&english, "You are invited to join Navy on Rollcall").await;
    // Whatever else is sent to an address that has an account, too.
    service.invite(&own, &email, "viewer").await;
    service.told(&email, "Sie sind eingeladen, Own auf Rollcall beizutreten").await;
    let again = json!({"email": email, "name": "Grace", "organization_name": "Other"});
    service.anonymous().post("/v1/signup", again).await.expect(202);
    service.told(&email, "Sie haben schon ein Konto").await;
    own.post("/v1/me/email", json!({"new_email": email})).await.expect(202);
    service.told(&email, "Zu dieser Adresse gibt es schon ein Konto").await;
    service.told(&english, "A new address for your account").await;
    let new = Service::new_address("hopper");
    grace.post("/v1/me/email", json!({"new_email": new})).await.expect(202);
    service.told(&email, "Eine neue Adresse für Ihr Konto").await;
    service.told(&new, "Bestätigen Sie Ihre neue Adresse").await;
    grace.patch("/v1/me", json!({"locale": "fr"})).await.expect(200);
    service.anonymous().post("/v1/password-resets", reset).await.expect(202);
    service.told(&email, "Choose a new password").await;
}

#[tokio::test]
async fn a_notice_is_for_the_next_page_for_a_minute_and_nobody_else_s() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    // As long as names are at most.
    let name = "ü".repeat(100);
    let me = team.caller("viewer");
    me.patch("/v1/me", json!({"name": name})).await.expect(200);
    let member = format!("/settings/team/{}", team.id("viewer"));
    let change =
        async || tab.send(&member, &format!("{member}/role"), &[("role", "member")]).await.expect(303);
    let changed = change().await;
    let line = changed.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let line = line.into_iter().find(|line| line.contains("notice=")).expect("a notice").to_owned();
    for part in ["Max-Age=60", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(line.len() < 4096, "{}", line.len());
    let held = tab.cookie("notice").unwrap();
    let said = tab.get("/settings/team").await.expect(200);
    assert!(said.text.contains(&format!("{name} is Member now.")), "{}", said.text);
    assert!(tab.cookie("notice").is_none(), "it is said once");
    // Whoever keeps it longer than a browser does has kept nothing.
    let shown = async || {
        let cookies = format!("rollcall_session={}; rollcall_notice={held}", tab.cookie("session").unwrap());
        let request = service.anonymous().request(reqwest::Method::GET, "/settings/team");
        rollcall_tests::Answer::of(request.header("Cookie", cookies)).await.expect(200)
    };
    assert!(shown().await.text.contains("is Member now."));
    service.clock.advance(Duration::seconds(60));
    assert!(!shown().await.text.contains("is Member now."));
    // Nothing that an address or a form brings along is said.
    for path in ["/sign-in?notice=Ring+0900", "/settings/team?notice=Ring+0900", "/welcome?said=Ring+0900"] {
        assert!(!tab.get(path).await.text.contains("0900"), "{path}");
    }
}

#[tokio::test]
async fn the_only_owner_is_told_why_they_cannot_leave_and_what_to_do() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let me = format!("/settings/team/{}", team.id("owner"));
    let alone = tab.get(&me).await.expect(200);
    assert!(!alone.text.contains(&format!("{me}/remove")), "{}", alone.text);
    for said in
        ["You are the only Owner", "href=\"/settings/organization/delete\"", "href=\"/settings/team\""]
    {
        assert!(alone.text.contains(said), "{said}: {}", alone.text);
    }
    let admin = format!("/v1/members/{}", team.id("admin"));
    team.owner().patch(&admin, json!({"role": "owner"})).await.expect(200);
    let beside = tab.get(&me).await.expect(200);
    assert!(beside.text.contains(&format!("{me}/remove")) && !beside.text.contains("You are the only Owner"));
}
