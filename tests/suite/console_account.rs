//! The pages of one's own account.

use rollcall_tests::{PASSWORD, Service, Tab, Team, tab::hidden_fields};
use serde_json::json;
use time::Duration;

/// The paths of forms on a page that end so.
pub(crate) fn forms(page: &str, end: &str) -> Vec<String> {
    let actions = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    actions.filter(|action| action.ends_with(end)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_profile_is_changed_and_pages_go_by_it_from_then_on() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Navy").await;
    let tab = Tab::signed_in(&service, &email).await;
    let shown = tab.get("/account").await.expect(200);
    assert!(shown.text.contains("<option value=\"Europe/Berlin\">"), "{}", shown.text);
    assert!(shown.text.contains(&email) && shown.text.contains("Owner in Navy"));

    let wrong = [("name", " "), ("locale", "klingon-"), ("time_zone", "Europe/Berlin")];
    let refused = tab.fill(&shown, "/account", &wrong).await.expect(422);
    assert!(refused.text.contains("id=\"name-mistake\"") && refused.text.contains("id=\"locale-mistake\""));
    assert!(refused.text.contains("<option value=\"Europe/Berlin\" selected>"), "what was chosen stays");

    let new = [("name", "Grace H."), ("locale", "de"), ("time_zone", "Europe/Berlin")];
    let saved = tab.fill(&shown, "/account", &new).await.expect(303);
    let german = tab.follow(saved.header("location")).await.expect(200);
    assert!(german.text.contains("<html lang=\"de\">") && german.text.contains("Gespeichert."));
    assert!(german.text.contains("value=\"Grace H.\""), "{}", german.text);
    // 09:00 UTC, in winter.
    let sessions = tab.get("/account/sessions").await.expect(200);
    assert!(sessions.text.contains("01.03.2026, 10:00"), "{}", sessions.text);
    // From the page as it was before, nothing is overwritten.
    let stale = [("name", "Somebody"), ("locale", "en"), ("time_zone", "UTC")];
    let refused = tab.fill(&shown, "/account", &stale).await.expect(303);
    let again = tab.follow(refused.header("location")).await;
    assert!(again.text.contains("inzwischen") && again.text.contains("Grace H."), "{}", again.text);
}

#[tokio::test]
async fn a_password_is_changed_with_the_old_one_and_everybody_else_is_out() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    let (elsewhere, _) = service.sign_up(&email, "Acme").await;
    let tab = Tab::signed_in(&service, &email).await;
    let (page, other) = ("/account/password", "another correct horse battery");
    let change = |current, new| [("current_password", current), ("new_password", new)];
    let refused = tab.send(page, page, &change("not the password", other)).await.expect(422);
    let (_, beside) = refused.text.split_once("id=\"current_password-mistake\"").expect("a mistake");
    assert!(beside.contains("The password is not right.") && !refused.text.contains(other));
    let short = tab.fill(&refused, page, &change(PASSWORD, "short")).await.expect(422);
    assert!(short.text.contains("id=\"new_password-mistake\""), "{}", short.text);
    let same = tab.fill(&refused, page, &change(PASSWORD, PASSWORD)).await.expect(422);
    assert!(same.text.contains("Must be another one than the current."), "{}", same.text);
    elsewhere.get("/v1/me").await.expect(200);
    // What was typed is the proof that is asked for when the last one is old.
    service.clock.advance(Duration::minutes(11));
    let wrong = tab.fill(&same, page, &change("not the password", other)).await.expect(422);
    assert!(wrong.text.contains("id=\"current_password-mistake\""), "{}", wrong.text);
    let changed = tab.fill(&same, page, &change(PASSWORD, other)).await.expect(303);
    let shown = tab.follow(changed.header("location")).await.expect(200);
    assert!(shown.text.contains("You are signed out everywhere else."));
    elsewhere.get("/v1/me").await.expect(401);
    let anew = Tab::open(&service);
    anew.send("/sign-in", "/sign-in", &[("email", &email), ("password", PASSWORD)]).await.expect(422);
    anew.send("/sign-in", "/sign-in", &[("email", &email), ("password", other)]).await.expect(303);
}

#[tokio::test]
async fn another_address_is_asked_for_and_is_there_once_its_link_is_followed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = team.email("viewer");
    let tab = Tab::signed_in(&service, email).await;
    let page = "/account/email";
    let wrong = tab.send(page, page, &[("new_email", "x")]).await.expect(422);
    assert!(wrong.text.contains("id=\"new_email-mistake\"") && wrong.text.contains("value=\"x\""));
    let same = tab.fill(&wrong, page, &[("new_email", email)]).await.expect(422);
    let (_, beside) = same.text.split_once("id=\"new_email-mistake\"").expect("a mistake");
    assert!(beside.contains("Is the address of your account already."), "{}", same.text);
    // Whether somebody has the address is not told (attack 12).
    for taken in [team.email("owner").to_owned(), Service::new_address("new")] {
        service.clock.advance(Duration::HOUR);
        let asked = tab.send(page, page, &[("new_email", &taken)]).await.expect(403);
        let asked = tab.fill(&asked, page, &[("proof_password", PASSWORD)]).await.expect(303);
        let said = tab.follow(asked.header("location")).await.expect(200);
        assert!(said.text.contains(&format!("A link is on its way to {taken}")), "{}", said.text);
        assert!(said.text.contains(email), "nothing has changed yet");
        if taken != team.email("owner") {
            let token = service.token_for(&taken, "/me/email/confirm").await;
            let link = format!("/me/email/confirm?token={token}");
            Tab::open(&service).send(&link, "/me/email/confirm", &[]).await.expect(303);
            assert!(tab.get("/account").await.expect(200).text.contains(&taken));
        }
    }
}

#[tokio::test]
async fn sessions_are_listed_with_this_one_marked_and_ended_one_by_one_or_all_at_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = team.email("viewer");
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    service.clock.advance(Duration::SECOND);
    let phone = Tab::open(&service);
    let page = phone.get("/sign-in").await.expect(200);
    let mut fields = hidden_fields(&page.text, "/sign-in");
    fields.extend([("email".to_owned(), email.to_owned()), ("password".to_owned(), PASSWORD.to_owned())]);
    let request = phone.request(reqwest::Method::POST, "/sign-in").header("Origin", service.base());
    phone.answer(request.header("User-Agent", agent).form(&fields)).await.expect(303);
    service.clock.advance(Duration::SECOND);
    let tab = Tab::signed_in(&service, email).await;
    let shown = tab.get("/account/sessions").await.expect(200);
    assert_eq!(shown.text.matches("This one").count(), 1);
    assert!(shown.text.contains("Firefox, Linux") && shown.text.contains("Acme"), "{}", shown.text);
    // The one that looks is not offered to be ended: the first of the others is the phone, which came before it.
    let ends = forms(&shown.text, "/end");
    assert_eq!(ends.len(), 2, "{ends:?}");
    let ended = tab.fill(&shown, &ends[0], &[]).await.expect(303);
    assert!(tab.follow(ended.header("location")).await.text.contains("The session has ended."));
    phone.get("/account").await.expect(303);
    team.caller("viewer").get("/v1/me").await.expect(200);
    tab.fill(&shown, &ends[0], &[]).await.expect(404);
    tab.fill(&shown, "/account/sessions/end-others", &[]).await.expect(303);
    team.caller("viewer").get("/v1/me").await.expect(401);
    let alone = tab.get("/account/sessions").await.expect(200);
    assert!(alone.text.contains("This is your only session."), "{}", alone.text);
    // A form for somebody else's session is not made by us.
    let foreign = Tab::signed_in(&service, team.email("member")).await;
    let theirs = forms(&foreign.get("/account/sessions").await.text, "/end");
    let token = hidden_fields(&shown.text, &ends[0]).remove(0).1;
    tab.post(&theirs[0], &[("form_token", &token)]).await.expect(403);
    team.caller("member").get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn an_account_is_deleted_after_what_goes_with_it_was_shown_and_confirmed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme & Sons").await;
    let owner = Tab::signed_in(&service, team.email("owner")).await;
    let page = "/account/delete";
    let refused = owner.send(page, page, &[("email", team.email("owner"))]).await.expect(409);
    assert!(refused.text.contains("You are the only Owner of Acme &#38; Sons."), "{}", refused.text);
    team.owner().get("/v1/me").await.expect(200);

    let tab = Tab::signed_in(&service, team.email("viewer")).await;
    service.clock.advance(Duration::minutes(11));
    let shown = tab.get(page).await.expect(200);
    assert!(shown.text.contains("You leave Acme &#38; Sons, where you are Viewer."), "{}", shown.text);
    let other = tab.fill(&shown, page, &[("email", team.email("owner"))]).await.expect(422);
    assert!(other.text.contains("id=\"email-mistake\""));
    let asked = tab.fill(&shown, page, &[("email", team.email("viewer"))]).await.expect(403);
    let gone = tab.fill(&asked, page, &[("proof_password", PASSWORD)]).await.expect(303);
    let gone = tab.follow(gone.header("location")).await.expect(200);
    assert!(gone.text.contains("Your account is deleted") && tab.cookie("session").is_none());
    team.caller("viewer").get("/v1/me").await.expect(401);
    tab.get("/account").await.expect(303);
}

#[tokio::test]
async fn whoever_is_in_no_organization_has_an_account_all_the_same() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = team.email("viewer").to_owned();
    team.owner().delete(&format!("/v1/members/{}", team.id("viewer"))).await.expect(204);
    let tab = Tab::signed_in(&service, &email).await;
    for page in ["/account", "/account/password", "/account/second-factor", "/account/sessions"] {
        tab.get(page).await.expect(200);
    }
    let data = tab.get("/account/data").await.expect(200);
    assert!(data.text.contains("href=\"/v1/me/export\""));
    let export = tab.get("/v1/me/export").await.expect(200);
    assert_eq!(export.body["account"]["email"], json!(email));
    assert_eq!(tab.get("/live").await.expect(303).header("location"), "/organizations");
}
