//! What somebody tries who is not meant to: at the console's pages and forms.

use reqwest::Method;
use rollcall_tests::{Answer, PASSWORD, Service, Tab, Team, tab::hidden_fields};

const INVITE: &str = "/settings/team/invite";

/// The form token of a form on a page.
fn form_token(page: &Answer, action: &str) -> String {
    let fields = hidden_fields(&page.text, action);
    fields.into_iter().find(|(name, _)| name == "form_token").unwrap().1
}

#[tokio::test]
async fn attack_20_a_form_is_taken_only_from_a_page_of_the_same_session_and_for_the_same_thing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = Tab::signed_in(&service, team.email("owner")).await;
    let again = Tab::signed_in(&service, team.email("owner")).await;
    let admin = Tab::signed_in(&service, team.email("admin")).await;
    let address = Service::new_address("x");
    let mine = form_token(&owner.get(INVITE).await, INVITE);
    let for_other_form =
        form_token(&owner.get("/settings/team/invite-many").await, "/settings/team/invite-many");
    let of_other_person = form_token(&admin.get(INVITE).await, INVITE);
    let of_other_session = form_token(&again.get(INVITE).await, INVITE);
    let anonymous = form_token(&Tab::open(&service).get("/sign-in").await, "/sign-in");
    let fields = [("email", address.as_str()), ("role", "viewer")];
    let refused = owner.post(INVITE, &fields).await.expect(403);
    assert!(refused.text.contains("This form is not from your session"), "{}", refused.text);
    for token in ["", "AAAA", &for_other_form, &of_other_person, &of_other_session, &anonymous] {
        owner.post(INVITE, &[fields[0], fields[1], ("form_token", token)]).await.expect(403);
    }
    // From another site, even a right token is worth nothing.
    for (origin, site) in
        [("https://evil.example", "cross-site"), ("null", "cross-site"), ("null", "same-site")]
    {
        let request = owner.request(Method::POST, INVITE).header("Origin", origin);
        let request = request.header("Sec-Fetch-Site", site);
        let form = [fields[0], fields[1], ("form_token", mine.as_str())];
        let refused = Answer::of(request.form(&form)).await.expect(403);
        assert!(refused.text.contains("This form came from elsewhere"), "{}", refused.text);
    }
    let without = owner.request(Method::POST, INVITE).form(&[fields[0], fields[1], ("form_token", &mine)]);
    assert!(Answer::of(without).await.expect(403).text.contains("This form came from elsewhere"));
    assert!(!owner.get("/settings/team").await.text.contains(&address), "nobody was invited");
    owner.post(INVITE, &[fields[0], fields[1], ("form_token", &mine)]).await.expect(201);
}

#[tokio::test]
async fn attack_20_nobody_is_signed_in_or_out_by_another_site() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let (attacker, victim) = (Tab::open(&service), Tab::open(&service));
    let token = form_token(&attacker.get("/sign-in").await, "/sign-in");
    victim.get("/sign-in").await.expect(200);
    let fields = [("email", email.as_str()), ("password", PASSWORD), ("form_token", &token)];
    let refused = victim.post("/sign-in", &fields).await.expect(403);
    assert_eq!(refused.header("set-cookie"), "");
    victim.post("/sign-in", &fields[..2]).await.expect(403);
    let tab = Tab::signed_in(&service, &email).await;
    tab.post("/sign-out", &[("form_token", &token)]).await.expect(403);
    tab.get("/settings/team").await.expect(200);
}

#[tokio::test]
async fn attack_20_one_request_has_one_identity() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = Tab::signed_in(&service, team.email("owner")).await;
    let request = owner.request(Method::GET, "/settings/team").bearer_auth(team.caller("viewer").token());
    Answer::of(request).await.expect(303);
    // Whatever it is that stands there: whoever sends it means to be somebody else than the cookie says.
    let request = owner.request(Method::GET, "/settings/team").basic_auth("somebody", Some("secret"));
    Answer::of(request).await.expect(303);
    // Nor is a form let in by a header that keeps the check of its origin away.
    let token = form_token(&owner.get(INVITE).await, INVITE);
    let address = Service::new_address("x");
    let request = owner.request(Method::POST, INVITE).bearer_auth("rcs_nothing");
    let form = [("email", address.as_str()), ("role", "viewer"), ("form_token", &token)];
    Answer::of(request.form(&form)).await.expect(303);
    assert!(!owner.get("/settings/team").await.text.contains(&address));
}

#[tokio::test]
async fn attack_5_what_a_role_may_not_do_is_not_offered_and_refused_when_it_is_sent_by_hand() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let member = Tab::signed_in(&service, team.email("member")).await;
    for page in ["/settings/team", INVITE, "/settings/team/invite-many"] {
        member.get(page).await.expect(403);
    }
    let admin = Tab::signed_in(&service, team.email("admin")).await;
    let owner = format!("/settings/team/{}", team.id("owner"));
    let shown = admin.get(&owner).await.expect(200);
    assert!(!shown.text.contains("/role\"") && !shown.text.contains("/remove\""), "{}", shown.text);
    let invite = admin.get(INVITE).await.expect(200);
    assert!(!invite.text.contains("value=\"owner\""), "{}", invite.text);
    // By hand, with a right form: the use case refuses all the same.
    let address = Service::new_address("x");
    let refused = admin.fill(&invite, INVITE, &[("email", &address), ("role", "owner")]).await.expect(403);
    assert!(refused.text.contains("It takes one of these roles: Owner."), "{}", refused.text);
    let remove = format!("{owner}/remove");
    admin.get(&remove).await.expect(403);
    let viewer = format!("/settings/team/{}/remove", team.id("viewer"));
    let token = form_token(&admin.get(&viewer).await, &viewer);
    admin.post(&remove, &[("form_token", &token)]).await.expect(403);
    team.owner().get("/v1/members").await.expect(200);
    // A thing of another organization is no thing at all.
    let other = Team::assemble(&service, "Other").await;
    let foreign = admin.get(&format!("/settings/team/{}", other.id("viewer"))).await.expect(404);
    let nobody = admin.get("/settings/team/user_01h455vb4pex5vsknk084sn02q").await.expect(404);
    let without_id =
        |text: &str| text.replace(other.id("viewer"), "").replace("user_01h455vb4pex5vsknk084sn02q", "");
    // What differs from page to page is the token of the form that signs out.
    let bare = |page: &Answer| {
        let token = form_token(page, "/sign-out");
        without_id(&page.text).replace(&token, "")
    };
    assert_eq!(bare(&foreign), bare(&nobody));
}

#[tokio::test]
async fn attack_19_no_page_leads_to_another_site() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    for (then, written) in [
        ("//evil.example", "%2F%2Fevil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("https://evil.example/", "https://evil.example/"),
        ("/\t/evil.example", "/%09/evil.example"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        // Whoever has just signed in comes from a page of ours, and would have asked for it.
        ("/v1/audit/export", "/v1/audit/export"),
        ("/settings/audit/export/file", "%2Fsettings%2Faudit%2Fexport%2Ffile"),
        ("/settings/%2e%2e/v1/me/export", "%2Fsettings%2F%252e%252e%2Fv1%2Fme%2Fexport"),
    ] {
        let tab = Tab::open(&service);
        let shown = tab.get(&format!("/sign-in?then={written}")).await.expect(200);
        let leads_there = ["evil", "javascript:", "/export"].iter().any(|part| shown.text.contains(part));
        assert!(!leads_there, "{}", shown.text);
        let by_hand = [("email", email.as_str()), ("password", PASSWORD), ("then", then)];
        let entered = tab.fill(&shown, "/sign-in", &by_hand).await.expect(303);
        assert_eq!(entered.header("location"), "/settings/team", "{then}");
        let again = tab.get(&format!("/sign-in?then={written}")).await.expect(303);
        assert_eq!(again.header("location"), "/settings/team", "{then}");
        let out = tab.send("/settings/team", "/sign-out", &[("then", then)]).await.expect(303);
        assert_eq!(out.header("location"), "/sign-in", "{then}");
    }
    // A path that looks like one with a host before it.
    let tab = Tab::open(&service);
    let odd = Answer::of(tab.request(Method::GET, "//evil.example/settings/team")).await;
    assert!(!odd.header("location").contains("then=%2F%2F"), "{:?}", odd.headers);
}

#[tokio::test]
async fn asvs_14_3_2_private_pages_are_kept_nowhere_and_assets_for_ever() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let tab = Tab::signed_in(&service, &email).await;
    for path in ["/", "/settings/team", INVITE, "/account", "/organizations", "/sign-in", "/settings/team/x"]
    {
        let answer = tab.get(path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let page = tab.get("/settings/team").await;
    let (_, rest) = page.text.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let style = rest.split('"').next().unwrap();
    let asset = tab.get(style).await.expect(200);
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(asset.header("content-type").starts_with("text/css") && asset.header("set-cookie").is_empty());
    assert_eq!(tab.get("/assets/console.css").await.expect(200).header("cache-control"), "no-cache");
    // Where there is none, it is as anywhere else where there is nothing.
    for nothing in ["/assets/console-0000000000000000.css", "/assets/x", "/assets/x/y"] {
        let answer = tab.get(nothing).await.problem(404, "not_found");
        assert_eq!(answer.header("cache-control"), "no-store", "{nothing}");
    }
}

#[tokio::test]
async fn attack_22_what_people_call_themselves_is_text_wherever_it_is_shown() {
    const NAME: &str = "<script>alert('1')</script>\"&";
    let service = Service::start().await;
    let email = Service::new_address("owner");
    let (owner, _) = service.sign_up(&email, "<b>Acme</b>").await;
    owner.patch("/v1/me", serde_json::json!({"name": NAME})).await.expect(200);
    let invited = Service::new_address("new");
    let (_, token) = service.invite(&owner, &invited, "viewer").await;
    let tab = Tab::signed_in(&service, &email).await;
    let me = owner.get("/v1/me").await.text_at("/id").to_owned();
    let member = format!("/settings/team/{me}");
    let pages = [
        "/settings/team".to_owned(),
        member.clone(),
        format!("{member}/remove"),
        "/account".to_owned(),
        "/account/sessions".to_owned(),
        "/account/delete".to_owned(),
        "/live".to_owned(),
        format!("/live/agents/{me}"),
        "/organizations".to_owned(),
        format!("/settings/team?search={}", "%3Cscript%3E%22"),
    ];
    let mut shown = Vec::new();
    for path in pages {
        shown.push(tab.get(&path).await.expect(200));
    }
    let anonymous = Tab::open(&service);
    shown.push(anonymous.get(&format!("/invitations/accept?token={token}")).await.expect(200));
    let typed = [("email", "\"><script>x"), ("password", "x")];
    shown.push(anonymous.send("/sign-in", "/sign-in", &typed).await.expect(422));
    for page in shown {
        assert!(!page.text.contains("<script>") && !page.text.contains("<b>"), "{}", page.text);
        assert!(page.text.contains("&#60;"), "it is shown: {}", page.text);
    }
}

#[tokio::test]
async fn attack_24_a_cookie_that_was_tampered_with_says_and_opens_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let address = Service::new_address("x");
    tab.send(INVITE, INVITE, &[("email", &address), ("role", "viewer")]).await.expect(201);
    let invited = team.owner().get("/v1/invitations?status=pending").await.expect(200);
    let invitation = invited.list("data")[0]["id"].as_str().unwrap();
    let resend = format!("/settings/team/invitations/{invitation}/resend");
    tab.send("/settings/team", &resend, &[]).await.expect(303);
    let notice = tab.cookie("notice").unwrap();
    assert!(!notice.contains(&address), "{notice}");
    tab.set_cookie("notice", &format!("{}AAAA", &notice[..notice.len() - 4]));
    let shown = tab.get("/settings/team").await.expect(200);
    assert!(!shown.text.contains("class=\"notice"), "{}", shown.text);
    // Two of one name: somebody else has set one.
    let session = tab.cookie("session").unwrap();
    let request = service.anonymous().request(Method::GET, "/settings/team");
    let request = request.header("Cookie", format!("rollcall_session={session}; rollcall_session=rcs_other"));
    Answer::of(request).await.expect(303);
    assert_eq!(Answer::of(tab.request(Method::GET, "/settings/team")).await.status, 200);
}

#[tokio::test]
async fn attack_20_no_form_of_another_site_passes_a_page_behind_a_link_whatever_its_type() {
    let service = Service::start().await;
    for path in ["/signup/complete", "/invitations/accept", "/password/reset", "/me/email/confirm"] {
        let body = "token=T&password=P&name=value=x";
        for kind in [Some("text/plain"), Some("multipart/form-data; boundary=x"), None] {
            let post = |from: &[(&str, &str)]| {
                let mut request = service.anonymous().request(Method::POST, path).body(body);
                for (name, value) in from.iter().copied().chain(kind.map(|kind| ("Content-Type", kind))) {
                    request = request.header(name, value);
                }
                Answer::of(request)
            };
            for from in [
                &[("Origin", "https://evil.example")][..],
                &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
                &[("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
                &[("Sec-Fetch-Site", "same-site")],
            ] {
                post(from).await.problem(403, "origin_mismatch");
            }
            // And if a browser did not say where it comes from, or it is ours: nothing but a form is taken.
            let base = service.base();
            for from in [&[][..], &[("Origin", base.as_str())]] {
                let refused = post(from).await.expect(400);
                assert!(refused.text.contains("Open the link in the mail again"), "{}", refused.text);
            }
        }
    }
    // Programs say nothing of where they come from.
    let signup =
        serde_json::json!({"email": Service::new_address("x"), "name": "X", "organization_name": "X"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_said_beside_the_field_and_forms_are_text() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let long = "x".repeat(101);
    for search in ["%00", "a%0Ab", &long] {
        let shown = tab.get(&format!("/settings/team?search={search}")).await.expect(422);
        assert!(shown.text.contains("at most 100 visible characters"), "{}", shown.text);
        team.owner().get(&format!("/v1/members?q={search}")).await.invalid("q");
    }
    let token = form_token(&tab.get(INVITE).await, INVITE);
    let request = tab.request(Method::POST, INVITE).header("Origin", service.base());
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let form = format!("email=%FFx@navy.example&role=viewer&form_token={token}");
    let refused = Answer::of(request.body(form)).await.expect(400);
    assert!(refused.text.contains("reload the page"), "{}", refused.text);
}

#[tokio::test]
async fn coming_in_by_a_link_ends_the_session_that_the_browser_had() {
    let service = Service::start().await;
    let email = Service::new_address("before");
    let (account, _) = service.sign_up(&email, "Before").await;
    let tab = Tab::signed_in(&service, &email).await;
    let held = tab.cookie("session").unwrap();
    let team = Team::assemble(&service, "Acme").await;
    let invited = Service::new_address("new");
    let (_, token) = service.invite(team.owner(), &invited, "viewer").await;
    let fields = [("token", token.as_str()), ("name", "New"), ("password", PASSWORD)];
    tab.post("/invitations/accept", &fields).await.expect(303);
    assert_ne!(tab.cookie("session").unwrap(), held);
    service.anonymous().with_token(&held).get("/v1/session").await.expect(401);
    account.get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn too_many_wrong_passwords_are_told_when_to_come_again() {
    let limits = [("limits.enabled", "true"), ("limits.password_attempts", "3")];
    let service = Service::start_with(&limits).await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let tab = Tab::open(&service);
    let fields = [("email", email.as_str()), ("password", "not the password")];
    let mut last = tab.send("/sign-in", "/sign-in", &fields).await.expect(422);
    assert!(last.text.contains("<title>Error: Sign in"), "{}", last.text);
    // What is wrong is beside its field, and the page begins there.
    let password = last.text.split("name=\"password\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(password.contains("autofocus") && password.contains("password-mistake"), "{password}");
    assert_eq!(last.text.matches("autofocus").count(), 1);
    for _ in 0..30 {
        if last.status == 429 {
            break;
        }
        last = tab.fill(&last, "/sign-in", &fields).await;
    }
    let wait: u64 = last.expect(429).header("retry-after").parse().unwrap();
    assert!(wait > 0);
}

#[tokio::test]
async fn who_may_not_invite_is_told_so_whatever_they_typed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("admin")).await;
    let many = "/settings/team/invite-many";
    let (one, lot) = (form_token(&tab.get(INVITE).await, INVITE), form_token(&tab.get(many).await, many));
    let role = format!("/v1/members/{}", team.id("admin"));
    team.owner().patch(&role, serde_json::json!({"role": "member"})).await.expect(200);
    tab.post(INVITE, &[("email", "x"), ("role", "owna"), ("form_token", &one)]).await.expect(403);
    tab.post(many, &[("addresses", ""), ("role", "owna"), ("form_token", &lot)]).await.expect(403);
    // And is not sent back to where the same is said again.
    let refused = tab.get("/settings/team").await.expect(403);
    assert!(
        refused.text.contains("Go to the start page") && !refused.text.contains("href=\"/settings/team\"")
    );
}
