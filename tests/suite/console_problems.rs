//! What people see in a browser where programs are told of a problem.

use reqwest::{
    Method,
    header::{ACCEPT, HeaderValue},
};
use rollcall_tests::{Answer, PASSWORD, Service, Tab, Team};
use serde_json::json;

/// What programs take.
const JSON: &str = "application/json";
/// What browsers take when they open a page.
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// The same request as a program makes it and as a browser does.
async fn both(tab: &Tab, method: Method, path: &str, form: Option<&[(&str, &str)]>) -> (Answer, Answer) {
    let ask = async |accept: &'static str| {
        let request = tab.request(method.clone(), path);
        let request = if let Some(form) = form { request.form(form) } else { request };
        // In place of what the tab takes.
        Answer::of(request.headers([(ACCEPT, HeaderValue::from_static(accept))].into_iter().collect())).await
    };
    (ask(JSON).await, ask(HTML).await)
}

/// A page says what there is to do, and everything else is as programs are told.
fn is_the_same_for_people(program: &Answer, person: &Answer, code: &str, says: &str) {
    assert_eq!(program.status, person.status, "{}", person.text);
    assert_eq!(program.header("content-type"), "application/problem+json", "{}", program.text);
    assert_eq!(program.body["code"], code, "{}", program.text);
    assert!(person.header("content-type").starts_with("text/html"), "{}", person.text);
    assert!(person.text.contains(says), "{says}: {}", person.text);
    let policy = person.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(person.header("cache-control"), "no-store");
    assert!(person.header("vary").contains("accept,"), "{}", person.header("vary"));
    for name in program.headers.keys() {
        let differs = ["content-type", "content-length", "content-security-policy"].contains(&name.as_str());
        assert!(differs || person.headers.contains_key(name), "{name} is missing: {:?}", person.headers);
    }
}

#[tokio::test]
async fn whoever_opens_what_there_is_not_is_shown_a_page_in_their_language_and_a_way_on() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (anonymous, tab) =
        (Tab::open_in(&service, "de"), Tab::signed_in(&service, team.email("viewer")).await);
    for path in ["/nothing", "/settings-of-something", "/password", "//evil.example"] {
        let (program, person) = both(&anonymous, Method::GET, path, None).await;
        is_the_same_for_people(&program, &person, "not_found", "Diese Seite gibt es nicht");
        assert!(person.text.contains("<html lang=\"de\">") && person.text.contains("href=\"/\""));
        assert!(!person.text.contains("evil"), "{}", person.text);
    }
    // By the account, whatever the browser likes; with the way about the console.
    team.caller("viewer").patch("/v1/me", json!({"locale": "de"})).await.expect(200);
    let (program, person) = both(&tab, Method::GET, "/nothing", None).await;
    is_the_same_for_people(&program, &person, "not_found", "Diese Seite gibt es nicht");
    assert!(person.text.contains("Hauptnavigation") && person.text.contains("href=\"/calls\""));
    let (program, person) = both(&tab, Method::DELETE, "/sign-in", None).await;
    // Which takes the origin's check first: a cookie comes along, and nobody says from where.
    is_the_same_for_people(&program, &person, "origin_mismatch", "Dieses Formular stammt nicht von hier");
    let (program, person) = both(&anonymous, Method::GET, "/sign-out", None).await;
    is_the_same_for_people(&program, &person, "method_not_allowed", "An sie wird ein Formular gesendet");
    assert_eq!(person.header("allow"), "POST");
    // Where programs ask, everybody is one.
    for path in ["/v1/nothing", "/access/v1/nothing", "/.well-known/nothing"] {
        let (program, person) = both(&anonymous, Method::GET, path, None).await;
        program.problem(404, "not_found");
        person.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_form_from_elsewhere_or_larger_than_any_is_answered_by_a_page() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let tab = Tab::signed_in(&service, &email).await;
    let form = [("email", "x@example.com"), ("role", "viewer")];
    let (program, person) = both(&tab, Method::POST, "/settings/team/invite", Some(&form)).await;
    is_the_same_for_people(
        &program,
        &person,
        "origin_mismatch",
        "Nothing was changed: it was not sent from a page of ours",
    );
    let anonymous = Tab::open(&service);
    let large = "x".repeat(70_000);
    for (tab, path) in [(&tab, "/settings/team/invite"), (&anonymous, "/signup/complete")] {
        let refused = tab.post(path, &[("addresses", large.as_str())]).await.expect(413);
        assert!(refused.text.contains("That is too much for this form"), "{}", refused.text);
        assert!(refused.header("content-security-policy").contains("form-action 'self'"));
    }
}

#[tokio::test]
async fn attack_35_an_invitation_is_accepted_by_an_attempt_whether_somebody_is_signed_in_or_not() {
    let service = Service::start_with(&[("limits.enabled", "true"), ("limits.attempts", "1000")]).await;
    let tab = Tab::open(&service);
    for form in ["/invitations/accept", "/invitations/accept/here"] {
        let answer = tab.post(form, &[]).await;
        let policy = answer.header("ratelimit-policy");
        assert!(policy.starts_with("\"attempts\";"), "{form} {}: {policy}", answer.status);
    }
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_on_a_page_when_to_come_again() {
    let limits = [("limits.enabled", "true"), ("limits.attempts", "2")];
    let service = Service::start_with(&limits).await;
    let tab = Tab::open(&service);
    let fields = [("email", "nobody@example.com"), ("password", PASSWORD)];
    let mut last = tab.send("/sign-in", "/sign-in", &fields).await;
    for _ in 0..5 {
        last = tab.send("/sign-in", "/sign-in", &fields).await;
    }
    let last = last.expect(429);
    assert!(last.header("content-type").starts_with("text/html"), "{}", last.text);
    let seconds: u64 = last.header("retry-after").parse().unwrap();
    assert!(
        last.text.contains("Please wait a little") && last.text.contains("Too many requests. Try again in")
    );
    assert!(
        seconds > 0
            && last.header("ratelimit").contains("attempts")
            && !last.header("x-request-id").is_empty()
    );
}

#[tokio::test]
async fn whose_session_has_ended_in_the_middle_of_a_form_is_led_to_sign_in_and_told_why() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("admin")).await;
    let page = tab.get("/settings/team/invite").await.expect(200);
    let again = service.sign_in(team.email("admin")).await;
    again.delete("/v1/sessions?others=true").await.expect(204);
    let sent =
        tab.fill(&page, "/settings/team/invite", &[("email", "x@example.com"), ("role", "viewer")]).await;
    assert_eq!(sent.expect(303).header("location"), "/sign-in");
    let said = tab.get("/sign-in").await.expect(200);
    assert!(said.text.contains("Your session has ended, so nothing was changed."), "{}", said.text);
}
