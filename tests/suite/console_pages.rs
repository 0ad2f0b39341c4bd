//! What holds for every page. Which pages there are, the router itself says: one that is added is looked at here, or this fails.

use std::collections::BTreeMap;

use rollcall_server::console_paths;
use rollcall_tests::{Answer, Authenticator, PASSWORD, Service, Tab, Team};
use serde_json::json;
use time::Duration;

use crate::{
    api_keys::make, audit_exports::team_with_log, calls::write, conventions::SHUT_OFF, passkeys::enrolled,
};

/// What is no page: files, and a part of a page that a script fetches.
const NO_PAGES: [&str; 3] = ["/settings/audit/{id}/proof.json", "/settings/audit/export/file", "/live/board"];
/// Where there is nothing to be seen.
const NOTHING: [&str; 3] = ["/settings/{*rest}", "/account/{*rest}", "/account/passkeys/{id}"];

/// A team in which there is something of everything that a page can be about.
struct World {
    team: Team,
    ids: BTreeMap<&'static str, String>,
}

impl World {
    async fn of(service: &Service) -> Self {
        let team = team_with_log(service, "Acme").await;
        let (key, _) = make(team.owner(), json!({})).await;
        let call = write(team.owner(), "CA1").await;
        let tab = Tab::signed_in(service, team.email("owner")).await;
        let log = tab.get("/settings/audit").await.expect(200);
        let event = log.text.split("/settings/audit/evt_").nth(1).unwrap().split('"').next().unwrap();
        let ids = BTreeMap::from([
            ("/settings/team/{id}", team.id("viewer").to_owned()),
            ("/settings/team/invitations/{id}", "inv_x".to_owned()),
            ("/settings/api-keys/{id}", key),
            ("/settings/audit/{id}", format!("evt_{event}")),
            ("/settings/security/controls/{control}", "call_recording".to_owned()),
            ("/settings/billing/change/{plan}", "pro".to_owned()),
            ("/settings/{*rest}", "nothing".to_owned()),
            ("/account/{*rest}", "nothing".to_owned()),
            ("/account/passkeys/{id}", "pk_x".to_owned()),
            ("/account/sessions/{id}", "ses_x".to_owned()),
            ("/organizations/{id}", "org_x".to_owned()),
            ("/calls/{id}", call),
            ("/live/agents/{id}", team.id("customer_support_agent").to_owned()),
            ("/live/calls/{id}/{what}", "esc_x/claim".to_owned()),
            ("/problems/{code}", "last_owner".to_owned()),
        ]);
        Self { team, ids }
    }

    /// Every path of the router, and an address that it leads to.
    fn addresses(&self) -> Vec<(&'static str, String)> {
        let paths = console_paths();
        assert!(paths.len() > 60, "{paths:?}");
        paths.into_iter().map(|path| (path, self.address(path))).collect()
    }

    fn address(&self, path: &str) -> String {
        if !path.contains('{') {
            return path.to_owned();
        }
        let known = self.ids.iter().find_map(|(known, id)| {
            let rest = path.strip_prefix(known)?;
            let (before, _) = known.split_once('{')?;
            Some(format!("{before}{id}{rest}"))
        });
        known.unwrap_or_else(|| panic!("{path}: say in `World::of` what stands in its place"))
    }
}

/// The tags of a kind on a page.
fn tags<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let begin = format!("<{kind} ");
    page.split(begin.as_str()).skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))
        .or_else(|| tag.split_once(&format!("{name}=\"")))?
        .1
        .split('"')
        .next()
}

/// A page's answer as every page's is.
fn asvs_3_4_3(address: &str, page: &Answer) {
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types rollcall",
    ] {
        assert!(policy.contains(part), "{address}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(page.header("content-type").starts_with("text/html"), "{address}: {}", page.text);
    assert_eq!(page.header("cache-control"), "no-store", "{address}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{address}");
    assert_eq!(page.header("referrer-policy"), "no-referrer", "{address}");
    for (name, value) in SHUT_OFF {
        assert_eq!(page.header(name), value, "{address}: {name}");
    }
    // Nothing that the policy would keep from working.
    assert!(!page.text.contains(" style=\"") && !page.text.contains("<style"), "{address}");
    assert!(!page.text.contains(" onclick") && !page.text.contains("<script>"), "{address}");
    // The mailbox of the development profile shows links of ours in full.
    let mut links = page.text.split("=\"http").skip(1);
    assert!(links.all(|link| link.starts_with("://127.0.0.1:")), "{address}: {}", page.text);
}

/// What programs that fill in forms need to know of them (WCAG 1.3.5; HTML, section 4.10.18.7).
fn forms_can_be_filled_in(address: &str, page: &str) {
    const TOKENS: [&str; 8] = [
        "off",
        "username",
        "email",
        "name",
        "organization",
        "current-password",
        "new-password",
        "one-time-code",
    ];
    for form in page.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap()) {
        let inputs = tags(form, "input");
        let typed = inputs
            .iter()
            .filter(|input| !matches!(attribute(input, "type"), Some("hidden" | "checkbox" | "radio")));
        for field in typed.chain(&tags(form, "textarea")) {
            let token = attribute(field, "autocomplete").unwrap_or_else(|| panic!("{address}: {field}"));
            assert!(TOKENS.contains(&token), "{address}: {field}");
            if attribute(field, "type") == Some("password") {
                assert!(matches!(token, "current-password" | "new-password"), "{address}: {field}");
            }
        }
        // Whose password it is.
        if inputs.iter().any(|input| attribute(input, "type") == Some("password")) {
            let whose = inputs.iter().find(|input| attribute(input, "autocomplete") == Some("username"));
            let whose = whose.unwrap_or_else(|| panic!("{address}: whose password? {form}"));
            let is_shown = attribute(whose, "name").is_some();
            assert!(
                is_shown || attribute(whose, "value").is_some_and(|value| value.contains('@')),
                "{whose}"
            );
        }
    }
}

#[tokio::test]
async fn asvs_3_4_3_every_page_there_is_forbids_whatever_is_not_our_own_and_speaks_the_language_of_its_reader()
 {
    let service = Service::start().await;
    let world = World::of(&service).await;
    let owner = Tab::signed_in(&service, world.team.email("owner")).await;
    let (anonymous, german) = (Tab::open(&service), Tab::open_in(&service, "de"));
    let mut seen = 0;
    for (path, address) in world.addresses() {
        if NO_PAGES.contains(&path) {
            continue;
        }
        let page = owner.get(&address).await;
        match page.status.as_u16() {
            // Where something is done, or said elsewhere.
            303 => assert!(page.header("location").starts_with('/'), "{path}"),
            405 => assert!(page.text.contains("This address leads nowhere by itself"), "{path}"),
            404 => assert!(NOTHING.contains(&path), "{path}: {}", page.text),
            // There is nothing behind a link without its token.
            400 => assert!(page.text.contains("Open the link in the mail again"), "{path}"),
            status => assert_eq!(status, 200, "{path}: {}", page.text),
        }
        for (page, language) in
            [(page, "en"), (anonymous.get(&address).await, "en"), (german.get(&address).await, "de")]
        {
            if page.status == 303 {
                continue;
            }
            seen += 1;
            asvs_3_4_3(&address, &page);
            forms_can_be_filled_in(&address, &page.text);
            let reads = format!("<html lang=\"{language}\">");
            assert!(page.text.contains(&reads), "{address}: {}", page.text);
            if language == "en" {
                assert!(!page.text.to_lowercase().contains("e-mail"), "{address} spells it otherwise");
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[tokio::test]
async fn a_passkey_is_offered_to_whoever_has_one_and_a_fresh_proof_says_whose_it_is() {
    let service = Service::start().await;
    let email = Service::new_address("owner");
    let (owner, _) = service.sign_up(&email, "Acme").await;
    let (app, _) = service.enrol(&owner).await;
    for has_passkey in [false, true] {
        if has_passkey {
            owner.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
            enrolled(&service, &owner).await;
        }
        service.clock.advance(Authenticator::STEP);
        let tab = Tab::open(&service);
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        let asked = tab.send("/sign-in", "/sign-in", &fields).await.expect(303);
        let second = tab.follow(asked.header("location")).await.expect(200);
        assert_eq!(second.text.contains("data-passkey="), has_passkey, "{}", second.text);
        tab.fill(&second, "/sign-in/second-factor", &[("code", &app.code())]).await.expect(303);

        service.clock.advance(Duration::minutes(11));
        let (page, new) = ("/account/email", Service::new_address("new"));
        let asked = tab.send(page, page, &[("new_email", &new)]).await.expect(403);
        assert!(asked.text.contains("name=\"proof_code\""), "{}", asked.text);
        assert_eq!(asked.text.contains("data-passkey="), has_passkey, "{}", asked.text);
        forms_can_be_filled_in(page, &asked.text);
        assert!(asked.text.contains(&format!("value=\"{email}\"")), "{}", asked.text);
    }
}
