//! The pages behind the links in mails, and those for readers.

use reqwest::Method;
use rollcall_tests::{Answer, PASSWORD, Service, Team};
use serde_json::json;

pub(crate) async fn submit(service: &Service, path: &str, fields: &[(&str, &str)]) -> Answer {
    // As browsers do from a page that sends no referrer.
    let request = service.anonymous().request(Method::POST, path);
    let request = request.header("Origin", "null").header("Sec-Fetch-Site", "same-origin");
    Answer::of(request.form(fields)).await
}

#[tokio::test]
async fn a_sign_up_is_completed_in_a_browser() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let signup = json!({"email": email, "name": "Grace <Hopper>", "organization_name": "Acme & Sons"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    let token = service.mailed_token(&email).await;
    let path = format!("/signup/complete?token={token}");
    // A mail scanner's look uses nothing up.
    for _ in 0..3 {
        let page = service.anonymous().get(&path).await.expect(200);
        assert!(page.text.contains(&token) && page.header("referrer-policy") == "no-referrer");
    }
    let short =
        submit(&service, "/signup/complete", &[("token", &token), ("password", "short")]).await.expect(422);
    assert!(short.text.contains("at least 15 characters") && short.text.contains(&token));
    let done =
        submit(&service, "/signup/complete", &[("token", &token), ("password", PASSWORD)]).await.expect(303);
    assert_eq!((done.header("location"), done.text.as_str()), ("/welcome", ""));
    let cookie = done.header("set-cookie");
    for part in ["rollcall_session=rcs_", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = cookie.split(';').next().unwrap();
    let given = done.headers.get_all("set-cookie").iter();
    let given: Vec<_> = given.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect();
    let welcome = service.anonymous().request(Method::GET, "/welcome").header("Cookie", given.join("; "));
    let welcome = Answer::of(welcome).await.expect(200);
    assert!(welcome.text.contains("Welcome, Grace &#60;Hopper&#62;"), "{}", welcome.text);
    // It greets once.
    let again = service.anonymous().request(Method::GET, "/welcome").header("Cookie", session);
    assert_eq!(Answer::of(again).await.expect(303).header("location"), "/");
    submit(&service, "/signup/complete", &[("token", &token), ("password", PASSWORD)]).await.expect(410);
    service.anonymous().get(&path).await.expect(410);
    // Another site's form is turned away (attack 20).
    for (origin, site) in [
        ("https://evil.example", "cross-site"),
        ("https://evil.example", "same-origin"),
        ("null", "cross-site"),
        ("null", "same-site"),
        ("null", "none"),
    ] {
        let foreign = service.anonymous().request(Method::POST, "/signup/complete");
        let foreign = foreign.header("Origin", origin).header("Sec-Fetch-Site", site);
        Answer::of(foreign.form(&[("token", token.as_str()), ("password", PASSWORD)]))
            .await
            .problem(403, "origin_mismatch");
    }
    let unknown = service.anonymous().request(Method::POST, "/signup/complete").header("Origin", "null");
    Answer::of(unknown.form(&[("token", token.as_str())])).await.problem(403, "origin_mismatch");
    // A Bearer token is no cookie: what is wrong is the media type.
    let bearer = service.anonymous().with_token("rcs_x").request(Method::POST, "/v1/authorize");
    Answer::of(bearer.form(&[("token", "x")])).await.expect(401);
}

#[tokio::test]
async fn an_invitation_is_accepted_in_a_browser_with_and_without_an_account() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, token) =
        service.invite(team.owner(), &Service::new_address("new"), "customer_support_agent").await;
    let page = service.anonymous().get(&format!("/invitations/accept?token={token}")).await.expect(200);
    assert!(page.text.contains("Customer Support Agent") && page.text.contains("Your name"), "{}", page.text);
    let nameless =
        submit(&service, "/invitations/accept", &[("token", &token), ("name", " "), ("password", PASSWORD)])
            .await;
    assert!(nameless.expect(422).text.contains("Must not be empty."));
    submit(&service, "/invitations/accept", &[("token", &token), ("name", "New"), ("password", PASSWORD)])
        .await
        .expect(303);

    let email = Service::new_address("existing");
    let (existing, _) = service.sign_up(&email, "Own").await;
    let (_, token) = service.invite(team.owner(), &email, "viewer").await;
    let page = service.anonymous().get(&format!("/invitations/accept?token={token}")).await.expect(200);
    assert!(!page.text.contains("Your name"), "{}", page.text);
    let wrong =
        submit(&service, "/invitations/accept", &[("token", &token), ("password", "not the password")])
            .await
            .expect(422);
    assert!(wrong.text.contains("not right"));
    submit(&service, "/invitations/accept", &[("token", &token), ("password", PASSWORD)]).await.expect(303);
    existing.get("/v1/session").await.expect(200);
    let sessions = service
        .database
        .rows(&format!(
            "SELECT 1 AS one FROM sessions s JOIN users u USING (user_id) WHERE u.email = '{email}'"
        ))
        .await;
    assert_eq!(sessions.len(), 2, "the one from signing up and the new one");
    assert!(
        service
            .anonymous()
            .get("/invitations/accept?token=nonsense")
            .await
            .expect(410)
            .text
            .contains("cannot be used")
    );
}

#[tokio::test]
async fn pages_for_readers_fetch_nothing_from_elsewhere() {
    let service = Service::start().await;
    for path in ["/", "/docs", "/problems", "/problems/last_owner", "/dev/mailbox", "/sign-up"] {
        let page = service.anonymous().get(path).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert!(!page.text.contains("src=\"http") && !page.text.contains("href=\"http"), "{path}");
        assert!(!page.text.contains("<script"), "{path}");
    }
    let docs = service.anonymous().get("/docs").await.expect(200);
    for part in ["/v1/invitations/bulk", "grace@navy.example", "Invites somebody by mail"] {
        assert!(docs.text.contains(part), "{part}");
    }
    service.anonymous().get("/assets/console.css").await.expect(200);
    assert!(service.anonymous().get("/problems/nothing").await.expect(404).text.contains("no such page"));
    for broken in [
        "/invitations/accept",
        "/signup/complete",
        "/password/reset?token=",
        "/me/email/confirm",
        "/invitations/accept?token=a&token=b",
        "/signup/complete?token=%ff%fe&token=b",
    ] {
        assert!(service.anonymous().get(broken).await.expect(400).text.contains("Open the link"), "{broken}");
    }
    let odd =
        submit(&service, "/invitations/accept", &[("token", "x"), ("password", "y"), ("role", "owner")])
            .await;
    assert!(odd.expect(400).text.contains("Open the link"));
    // The type of every problem leads to its page.
    let problem = service.anonymous().get("/v1/session").await.problem(401, "unauthenticated");
    let page = service.anonymous().get(problem.text_at("/type")).await.expect(200);
    assert!(page.text.contains("Nobody is signed in"));
}
