//! Second factors and passkeys, as people set them up.

use rollcall_tests::{Answer, Authenticator, PASSWORD, SecurityKey, Service, Tab, Team};
use time::Duration;

use crate::{console_account::forms, mfa_rule::late_viewer};

const PAGE: &str = "/account/second-factor";
const APP: &str = "/account/second-factor/app";
const CONFIRM: &str = "/account/second-factor/app/confirm";
const CODES: &str = "/account/second-factor/recovery-codes";

/// The recovery codes on a page.
fn codes(page: &Answer) -> Vec<String> {
    let codes = page.text.split("<li><code>").skip(1).filter_map(|rest| rest.split("</code>").next());
    codes.map(str::to_owned).collect()
}

/// The authenticator app that has scanned a page.
fn scan(service: &Service, page: &Answer) -> Authenticator {
    let (_, seed) = page.text.split_once("<code class=\"seed\">").expect("a seed");
    let seed = seed.split("</code>").next().unwrap().replace(' ', "");
    Authenticator::of(&seed, &service.clock)
}

/// What a page asks a device for.
fn options(page: &Answer) -> serde_json::Value {
    let (_, options) = page.text.split_once("data-new-passkey=\"").expect("options");
    let options = options.split('"').next().unwrap();
    let options =
        options.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
    serde_json::from_str(&options).unwrap()
}

/// Signs somebody in who has a second factor.
async fn sign_in_with(service: &Service, email: &str, code: &str) -> Answer {
    let tab = Tab::open(service);
    let asked =
        tab.send("/sign-in", "/sign-in", &[("email", email), ("password", PASSWORD)]).await.expect(303);
    let second = asked.header("location").to_owned();
    tab.send(&second, "/sign-in/second-factor", &[("code", code)]).await
}

#[tokio::test]
async fn an_app_is_scanned_confirmed_and_turned_off_and_its_codes_are_shown_once() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    let (elsewhere, _) = service.sign_up(&email, "Acme").await;
    let tab = Tab::signed_in(&service, &email).await;
    let begun = tab.send(PAGE, APP, &[]).await.expect(200);
    assert!(begun.text.contains("<svg class=\"qr\"") && begun.header("cache-control") == "no-store");
    assert!(!begun.text.contains("otpauth:"), "the picture is drawn, not linked");
    let app = scan(&service, &begun);
    let wrong = tab.fill(&begun, CONFIRM, &[("code", &app.wrong_code())]).await.expect(422);
    assert!(wrong.text.contains("id=\"code-mistake\"") && !wrong.text.contains("class=\"seed\""));
    elsewhere.get("/v1/me").await.expect(200);
    let on = tab.fill(&wrong, CONFIRM, &[("code", &app.code())]).await.expect(200);
    let first = codes(&on);
    assert_eq!(first.len(), 10, "{}", on.text);
    assert!(on.text.contains(&format!("href=\"data:text/plain,{}%0A", first[0])), "{}", on.text);
    assert_eq!(on.header("cache-control"), "no-store");
    elsewhere.get("/v1/me").await.expect(401);
    // Nothing of it is ever shown again.
    for page in [PAGE, APP, CONFIRM, CODES] {
        let shown = tab.follow(page).await.expect(200);
        assert!(codes(&shown).is_empty() && !shown.text.contains("class=\"seed\""), "{page}");
    }
    service.clock.advance(Authenticator::STEP);
    sign_in_with(&service, &email, &first[0]).await.expect(303);
    let shown = tab.get(PAGE).await.expect(200);
    assert!(shown.text.contains("9 are left."), "{}", shown.text);
    let renewed = tab.fill(&shown, CODES, &[]).await.expect(200);
    assert_eq!(codes(&renewed).len(), 10);
    sign_in_with(&service, &email, &first[1]).await.expect(422);
    sign_in_with(&service, &email, &codes(&renewed)[1]).await.expect(303);
    let off = tab.send(PAGE, &format!("{APP}/off"), &[]).await.expect(303);
    let shown = tab.follow(off.header("location")).await.expect(200);
    assert!(shown.text.contains("Your authenticator app is off.") && !shown.text.contains(CODES));
}

#[tokio::test]
async fn an_old_proof_is_renewed_before_a_seed_is_shown() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    service.sign_up(&email, "Acme").await;
    let tab = Tab::signed_in(&service, &email).await;
    service.clock.advance(Duration::minutes(11));
    let asked = tab.send(PAGE, APP, &[]).await.expect(403);
    assert!(!asked.text.contains("class=\"seed\""));
    let begun = tab.fill(&asked, APP, &[("proof_password", PASSWORD)]).await.expect(200);
    scan(&service, &begun);
    let asked = {
        service.clock.advance(Duration::minutes(11));
        tab.send(PAGE, "/account/passkeys/new", &[]).await.expect(403)
    };
    let new = tab.fill(&asked, "/account/passkeys/new", &[("proof_password", PASSWORD)]).await.expect(200);
    assert_eq!(options(&new)["publicKey"]["rp"]["id"], "localhost");
}

#[tokio::test]
async fn attack_25_whoever_is_held_by_the_rule_finds_one_page_open_and_is_free_once_it_is_done() {
    let service = Service::start().await;
    let team = late_viewer(&service).await;
    let tab = Tab::signed_in(&service, team.email("viewer")).await;
    for page in ["/account", "/account/sessions", "/account/delete", "/live", "/settings/team"] {
        assert_eq!(tab.get(page).await.expect(303).header("location"), PAGE, "{page}");
    }
    let held = tab.get(PAGE).await.expect(200);
    assert!(held.text.contains("Acme asks everybody for a second factor"), "{}", held.text);
    let begun = tab.fill(&held, APP, &[]).await.expect(200);
    let app = scan(&service, &begun);
    let on = tab.fill(&begun, CONFIRM, &[("code", &app.code())]).await.expect(200);
    assert_eq!(codes(&on).len(), 10);
    tab.get("/account").await.expect(200);
    assert!(!tab.get(PAGE).await.expect(200).text.contains("asks everybody"));
}

#[tokio::test]
async fn attack_25_a_passkey_frees_as_well() {
    let service = Service::start().await;
    let team = late_viewer(&service).await;
    let tab = Tab::signed_in(&service, team.email("viewer")).await;
    let new = tab.send(PAGE, "/account/passkeys/new", &[]).await.expect(200);
    let credential = SecurityKey::new(&service.base()).create(&options(&new)).to_string();
    let fields = [("name", "Phone"), ("credential", credential.as_str())];
    let added = tab.fill(&new, "/account/passkeys", &fields).await.expect(200);
    assert_eq!(codes(&added).len(), 10);
    tab.get("/account").await.expect(200);
}

#[tokio::test]
async fn passkeys_are_added_named_and_removed_by_their_owner_alone() {
    const NAME: &str = "<b>Phone</b>";
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let new = tab.send(PAGE, "/account/passkeys/new", &[]).await.expect(200);
    // Without a script there is no answer of a device.
    let without = tab.fill(&new, "/account/passkeys", &[("name", NAME)]).await.expect(422);
    assert!(without.text.contains("role=\"alert\">Passkeys need a browser") && !without.text.contains("<b>"));
    let junk = [("name", NAME), ("credential", "{}")];
    tab.fill(&without, "/account/passkeys", &junk).await.expect(422);
    let empty = tab.fill(&without, "/account/passkeys", &[("name", ""), ("credential", "{}")]).await;
    assert!(empty.expect(422).text.contains("id=\"name-mistake\""));
    let mut device = SecurityKey::new(&service.base());
    let credential = device.create(&options(&without)).to_string();
    let fields = [("name", NAME), ("credential", credential.as_str())];
    let added = tab.fill(&without, "/account/passkeys", &fields).await.expect(200);
    assert_eq!(codes(&added).len(), 10);
    let shown = tab.get(PAGE).await.expect(200);
    assert!(shown.text.contains("&#60;b&#62;Phone") && !shown.text.contains("<b>"), "{}", shown.text);
    let (_, path) = shown.text.split_once("href=\"/account/passkeys/").expect("a passkey");
    let path = format!("/account/passkeys/{}", path.split('"').next().unwrap());
    let (rename, remove) = (format!("{path}/rename"), format!("{path}/remove"));
    let page = tab.get(&path).await.expect(200);
    let wrong = tab.fill(&page, &rename, &[("name", " ")]).await.expect(422);
    assert!(wrong.text.contains("id=\"name-mistake\""));
    let renamed = tab.fill(&page, &rename, &[("name", "Key")]).await.expect(303);
    assert!(tab.follow(renamed.header("location")).await.text.contains("called Key now"));

    // For somebody else there is no such passkey, nor a form that we have made.
    let other = Tab::signed_in(&service, team.email("admin")).await;
    other.get(&path).await.expect(404);
    other.get("/account/passkeys/nonsense").await.expect(404);
    let token = rollcall_tests::tab::hidden_fields(&page.text, &remove).remove(0).1;
    other.post(&remove, &[("form_token", &token)]).await.expect(403);

    let removed = tab.fill(&page, &remove, &[]).await.expect(303);
    let shown = tab.follow(removed.header("location")).await;
    assert!(shown.text.contains("The passkey Key is removed.") && forms(&shown.text, "/off").is_empty());
    tab.fill(&page, &remove, &[]).await.expect(404);
}
