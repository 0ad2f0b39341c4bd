//! Every page of the console, looked at by everybody who sees it.
//!
//! [`ROWS`] has a row for each path of the console's own list of routes, as the contract's operations have theirs: whoever adds a page
//! says here who sees it, and it is looked at by each of them as everybody may: on a phone, in the dark, without a mouse.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use rollcall_tests::{Browser, Look, Profile, Rules, Service, Tab, Team};
use serde_json::json;

use super::go;

const ALL: &[&str] = &["owner", "admin", "member", "customer_support_agent", "viewer"];
const OWNER: &[&str] = &["owner"];
const SUPERVISORS: &[&str] = &["owner", "admin"];
const AGENTS: &[&str] = &["owner", "admin", "customer_support_agent"];
const READERS: &[&str] = &["owner", "admin", "member", "viewer"];
const LISTENERS: &[&str] = &["owner", "admin", "member"];

/// Who comes to what is at a path.
#[derive(Clone, Copy)]
enum Seen {
    /// Whoever is not signed in sees a page.
    Outside,
    /// Whoever is signed in in one of these roles sees a page.
    By(&'static [&'static str]),
    /// Nothing is there to be looked at: it takes forms, sends files or parts of pages, or leads on.
    Nothing,
}

use Seen::{By, Nothing, Outside};

/// The paths of the console, who sees what is there, and by what address, with the names of things in the place of their ids.
const ROWS: &[(&str, Seen, &str)] = &[
    ("/", Outside, "/"),
    ("/settings/{*rest}", By(ALL), "/settings/nothing/there"),
    ("/account/{*rest}", By(ALL), "/account/nothing/there"),
    ("/sign-up", Outside, "/sign-up"),
    ("/sign-up/sent", Outside, "/sign-up/sent"),
    ("/signup/complete", Outside, "/signup/complete?token={signup}"),
    ("/password/forgotten", Outside, "/password/forgotten"),
    ("/password/forgotten/sent", Outside, "/password/forgotten/sent"),
    ("/password/reset", Outside, "/password/reset?token={reset}"),
    // What was done is said once, to whoever has done it.
    ("/password/reset/done", Nothing, ""),
    ("/me/email/confirm/done", Nothing, ""),
    ("/account/deleted", Nothing, ""),
    ("/welcome", Nothing, ""),
    ("/me/email/confirm", Outside, "/me/email/confirm?token={address}"),
    ("/account", By(ALL), "/account"),
    ("/account/password", By(ALL), "/account/password"),
    ("/account/email", By(ALL), "/account/email"),
    ("/account/data", By(ALL), "/account/data"),
    ("/account/delete", By(ALL), "/account/delete"),
    ("/sign-in", Outside, "/sign-in"),
    ("/sign-in/passkey", Nothing, ""),
    // It takes a password first: `account` and `team` look at it.
    ("/sign-in/second-factor", Nothing, ""),
    ("/sign-in/second-factor/options", Nothing, ""),
    ("/sign-out", Nothing, ""),
    ("/account/sessions", By(ALL), "/account/sessions"),
    ("/account/sessions/{id}/end", Nothing, ""),
    ("/account/sessions/end-others", Nothing, ""),
    ("/organizations", By(ALL), "/organizations"),
    ("/organizations/{id}/go", Nothing, ""),
    ("/account/second-factor", By(ALL), "/account/second-factor"),
    ("/account/second-factor/app", Nothing, ""),
    ("/account/second-factor/app/confirm", Nothing, ""),
    ("/account/second-factor/app/off", Nothing, ""),
    ("/account/second-factor/recovery-codes", Nothing, ""),
    ("/account/passkeys/new", Nothing, ""),
    ("/account/passkeys", Nothing, ""),
    ("/account/passkeys/{id}", By(OWNER), "/account/passkeys/{passkey}"),
    ("/account/passkeys/{id}/rename", Nothing, ""),
    ("/account/passkeys/{id}/remove", Nothing, ""),
    ("/live", By(AGENTS), "/live"),
    ("/live/board", Nothing, ""),
    ("/live/status", Nothing, ""),
    ("/live/agents/{id}", By(SUPERVISORS), "/live/agents/{agent}"),
    ("/live/calls/{id}/{what}", Nothing, ""),
    ("/live/calls/next", Nothing, ""),
    ("/live/callbacks", By(AGENTS), "/live/callbacks"),
    ("/live/settings", By(SUPERVISORS), "/live/settings"),
    ("/calls", By(READERS), "/calls"),
    ("/calls/{id}", By(READERS), "/calls/{call}"),
    ("/calls/{id}/recording", By(LISTENERS), "/calls/{call}/recording"),
    ("/settings/team", By(SUPERVISORS), "/settings/team"),
    ("/settings/team/{id}", By(SUPERVISORS), "/settings/team/{member}"),
    ("/settings/team/{id}/role", Nothing, ""),
    ("/settings/team/{id}/reset-mfa", Nothing, ""),
    ("/settings/team/{id}/remove", By(SUPERVISORS), "/settings/team/{member}/remove"),
    ("/invitations/accept", Outside, "/invitations/accept?token={invitation}"),
    ("/invitations/accept/here", Nothing, ""),
    ("/invitations/open", Outside, "/invitations/open?of={reference}"),
    ("/settings/team/invite", By(SUPERVISORS), "/settings/team/invite"),
    ("/settings/team/invite-many", By(SUPERVISORS), "/settings/team/invite-many"),
    ("/settings/team/invitations/{id}/resend", Nothing, ""),
    ("/settings/team/invitations/{id}/revoke", Nothing, ""),
    ("/settings/api-keys", By(OWNER), "/settings/api-keys"),
    ("/settings/api-keys/new", By(OWNER), "/settings/api-keys/new"),
    ("/settings/api-keys/{id}", By(OWNER), "/settings/api-keys/{key}"),
    ("/settings/api-keys/{id}/rotate", Nothing, ""),
    ("/settings/api-keys/{id}/revoke", By(OWNER), "/settings/api-keys/{key}/revoke"),
    ("/settings/security", By(SUPERVISORS), "/settings/security"),
    ("/settings/security/controls/{control}", By(OWNER), "/settings/security/controls/audit_log"),
    ("/settings/security/second-factors", By(SUPERVISORS), "/settings/security/second-factors"),
    ("/settings/security/witness", By(SUPERVISORS), "/settings/security/witness"),
    ("/settings/security/witness/remove", Nothing, ""),
    ("/settings/security/webhook", By(SUPERVISORS), "/settings/security/webhook"),
    ("/settings/security/webhook/remove", Nothing, ""),
    ("/settings/security/webhook/resend", Nothing, ""),
    ("/settings/audit", By(SUPERVISORS), "/settings/audit"),
    ("/settings/audit/export", By(SUPERVISORS), "/settings/audit/export"),
    ("/settings/audit/export/file", Nothing, ""),
    ("/settings/audit/{id}", By(SUPERVISORS), "/settings/audit/{event}"),
    ("/settings/audit/{id}/proof", By(SUPERVISORS), "/settings/audit/{event}/proof"),
    ("/settings/audit/{id}/proof.json", Nothing, ""),
    ("/settings/organization", By(ALL), "/settings/organization"),
    ("/settings/organization/export", Nothing, ""),
    ("/settings/organization/delete", By(OWNER), "/settings/organization/delete"),
    ("/settings/billing", By(OWNER), "/settings/billing"),
    ("/settings/billing/change/{plan}", By(OWNER), "/settings/billing/change/free"),
    // The rest of it is folded: `pages` looks at it.
    ("/docs", Outside, "/docs"),
    ("/problems", Outside, "/problems"),
    ("/problems/{code}", Outside, "/problems/last_owner"),
    ("/dev/mailbox", Outside, "/dev/mailbox"),
];

#[test]
fn every_path_of_the_console_has_a_row() {
    let listed: BTreeSet<_> = ROWS.iter().map(|(path, ..)| *path).collect();
    let there: BTreeSet<_> = rollcall_server::console_paths().into_iter().collect();
    let missing: Vec<_> = there.difference(&listed).collect();
    assert!(missing.is_empty(), "say in ROWS in tests/suite/browser/every_page.rs who sees {missing:?}");
    let stale: Vec<_> = listed.difference(&there).collect();
    assert!(stale.is_empty(), "there is nothing any more at {stale:?}");
    assert_eq!(listed.len(), ROWS.len(), "a path has two rows");
}

/// An organization with something of everything, and the ids of things by the names that they have in rows.
async fn something_of_everything(service: &Service) -> (Team, BTreeMap<&'static str, String>) {
    let team = Team::assemble(service, "Acme & Sons of Greater Northern California").await;
    service.turn_audit_log_on(&team).await;
    let owner = team.owner();
    let long = json!({"name": "Maximiliane Großschreiber-Wojciechowska"});
    team.caller("customer_support_agent").patch("/v1/me", long).await.expect(200);
    crate::recordings::switch(&team, "call_recording", true).await;
    let call = crate::calls::write(owner, "CA1").await;
    crate::transcripts::store(owner, &call, "I would like to talk to a person, please.").await.expect(201);
    crate::recordings::put(owner, &call, &crate::recordings::wav(4096, 1)).await.expect(201);
    crate::escalations::escalate(owner, "CA2", 5).await;
    owner.put("/v1/audit/witness", json!({"email": "auditor@bank.example"})).await.expect(200);
    let (_, passkey) = crate::passkeys::enrolled(service, owner).await;
    let (key, _) = crate::api_keys::make(owner, json!({})).await;
    let invited = Service::new_address("invited");
    let (_, invitation) = service.invite(owner, &invited, "viewer").await;
    let (signup, other) = (Service::new_address("signup"), Service::new_address("other"));
    let body = json!({"email": signup, "name": "Hypatia", "organization_name": "Museion"});
    service.anonymous().post("/v1/signup", body).await.expect(202);
    let reset = json!({"email": team.email("viewer")});
    service.anonymous().post("/v1/password-resets", reset).await.expect(202);
    team.caller("member").post("/v1/me/email", json!({"new_email": other})).await.expect(202);
    service.database.all_sequenced().await;
    let ids = [
        ("signup", service.token_for(&signup, "/signup/complete").await),
        ("reset", service.token_for(team.email("viewer"), "/password/reset").await),
        ("address", service.token_for(&other, "/me/email/confirm").await),
        ("invitation", invitation),
        ("reference", crate::passed_on::link_to(service, &team, "passed.on@bank.example").await),
        ("passkey", passkey.text_at("/id").to_owned()),
        ("agent", team.id("customer_support_agent").to_owned()),
        ("member", team.id("member").to_owned()),
        ("call", call),
        ("key", key),
        ("event", crate::audit_exports::an_event_of(service, &team).await),
    ];
    (team, ids.into())
}

/// The pages of a role, or those outside, by their addresses.
fn pages(role: Option<&str>, ids: &BTreeMap<&'static str, String>) -> Vec<String> {
    let seen = ROWS.iter().filter(|(_, seen, _)| match (seen, role) {
        (Outside, None) => true,
        (By(roles), Some(role)) => roles.contains(&role),
        (Outside | By(_) | Nothing, _) => false,
    });
    let named = |address: &str| {
        ids.iter().fold(address.to_owned(), |address, (name, id)| address.replace(&format!("{{{name}}}"), id))
    };
    seen.map(|(.., address)| named(address)).collect()
}

/// What pages are made of, by their addresses: one that is made of the same as before is not looked at again.
#[derive(Default)]
struct Known(Mutex<BTreeSet<String>>);

impl Known {
    /// Whether the page that is open is made of something else than those before it at that address.
    async fn is_new(&self, profile: &Profile, address: &str) -> bool {
        let script = "return [...document.querySelectorAll('main *')].map(part => part.tagName + part.className).join()";
        let made_of = profile.script(script, &[]).await;
        self.0.lock().unwrap().insert(format!("{address} {made_of}"))
    }
}

/// The widths between a phone and a desk at which pages must fit as well: those of tablets, and of windows side by side; at 769 the rail
/// begins to take its place, and at 1200 tables have their columns.
const BETWEEN: [u32; 6] = [480, 640, 769, 900, 1024, 1200];

/// Looks at pages as everybody may; tells what not everybody can use.
async fn look_at(
    profile: &Profile,
    service: &Service,
    who: &str,
    addresses: &[String],
    known: &Known,
) -> Vec<String> {
    let mut problems = Vec::new();
    for address in addresses {
        go(profile, service, address).await;
        let is_nothing = address.ends_with("/nothing/there");
        let title = profile.title().await;
        let says = |words: [&str; 2]| words.iter().any(|words| title.starts_with(words));
        if says(["There is no such page", "Diese Seite gibt es nicht"]) != is_nothing
            || says(["Your role does not allow", "Ihre Rolle erlaubt"])
        {
            problems.push(format!("{who} does not see {address}, but {title}"));
            continue;
        }
        if !known.is_new(profile, address).await {
            continue;
        }
        let mut misfits = Vec::new();
        for width in BETWEEN {
            profile.resize(width, Look::DESK.height).await;
            misfits.extend(profile.misfits().await.iter().map(|misfit| format!("{width} wide: {misfit}")));
        }
        let looks =
            [(Look::PHONE, Rules::All), (Look::DESK.in_the_dark(), Rules::Colours), (Look::DESK, Rules::All)];
        for (look, rules) in looks {
            profile.look(look).await;
            let found = profile.accessibility_problems(rules).await;
            problems.extend(found.iter().map(|problem| format!("{who} at {address}, {look:?}: {problem}")));
            misfits.extend(profile.misfits().await.iter().map(|misfit| format!("{look:?}: {misfit}")));
        }
        problems.extend(misfits.iter().map(|misfit| format!("{who} at {address}, {misfit}")));
        let keyboard = profile.keyboard_problems().await;
        problems.extend(keyboard.iter().map(|problem| format!("{who} at {address}: {problem}")));
    }
    problems
}

#[tokio::test]
async fn every_page_suits_everybody_who_sees_it() {
    let service = Service::start().await;
    let (team, ids) = something_of_everything(&service).await;
    // Whoever sees most reads the language with the longer words.
    team.owner().patch("/v1/me", json!({"locale": "de"})).await.expect(200);
    let browser = Browser::start();
    let (one, other) = tokio::join!(browser.profile(), browser.profile());
    let known = Known::default();
    let as_role = async |profile: &Profile, role: &'static str| {
        super::sit_down(profile, &service, team.caller(role), "/problems").await;
        look_at(profile, &service, role, &pages(Some(role), &ids), &known).await
    };
    let (mut problems, others) = tokio::join!(as_role(&one, "owner"), async {
        let mut problems = look_at(&other, &service, "nobody", &pages(None, &ids), &known).await;
        for role in &ALL[1..] {
            problems.extend(as_role(&other, role).await);
        }
        problems
    });
    problems.extend(others);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test]
async fn attack_5_nobody_else_sees_these_pages() {
    let service = Service::start().await;
    let (team, ids) = something_of_everything(&service).await;
    let mut seen_by_others = Vec::new();
    for role in ALL {
        let tab = Tab::with_session(&service, team.caller(role).token());
        let seen: BTreeSet<String> = pages(Some(role), &ids).into_iter().collect();
        let every: BTreeSet<String> = ALL.iter().flat_map(|role| pages(Some(role), &ids)).collect();
        for address in every.difference(&seen).filter(|address| !address.contains("/account/passkeys/")) {
            let answer = tab.get(address).await;
            if answer.status != 403 || !answer.text.contains("Your role does not allow this") {
                seen_by_others.push(format!("{role} at {address}: {}", answer.status));
            }
        }
    }
    assert!(seen_by_others.is_empty(), "{seen_by_others:#?}");
}

/// What no field takes: a character that turns the text around it, and one that is none.
const WRONG: &str = "\u{202e}\u{1}";

/// A form that takes something typed.
struct Form {
    method: &'static str,
    action: String,
    /// Its fields, with something wrong in each that is typed into, and what the page has chosen in the others.
    fields: Vec<(String, String)>,
}

/// The forms of a page that take something typed.
fn forms(page: &str) -> Vec<Form> {
    let attribute =
        |tag: &str, name: &str| Some(tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?.to_owned());
    let mut found = Vec::new();
    for method in ["post", "get"] {
        for form in page.split(&format!("<form method=\"{method}\"")).skip(1) {
            let form = form.split("</form>").next().unwrap();
            let (mut fields, mut typed, mut first) = (Vec::new(), false, false);
            for tag in form.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
                let name = attribute(tag, "name").unwrap_or_default();
                let value = attribute(tag, "value").unwrap_or_default();
                match (tag.split(' ').next().unwrap(), attribute(tag, "type").as_deref()) {
                    ("input", Some("hidden" | "checkbox")) => {}
                    ("input", Some("radio")) if !tag.contains(" checked") => {}
                    ("input", Some("radio")) => fields.push((name, value)),
                    ("input" | "textarea", _) if name.is_empty() => {}
                    ("input" | "textarea", _) => {
                        typed = true;
                        fields.push((name, WRONG.to_owned()));
                    }
                    ("select", _) => {
                        first = true;
                        fields.push((name, String::new()));
                    }
                    ("option", _) if first || tag.contains(" selected") => {
                        first = false;
                        fields.last_mut().unwrap().1 = value;
                    }
                    _ => {}
                }
            }
            let action = attribute(&format!(" {form}"), "action").expect("where a form is sent");
            found.extend(typed.then_some(Form { method, action, fields }));
        }
    }
    found
}

#[tokio::test]
async fn a_form_that_is_filled_in_wrong_says_so_in_the_title_of_its_page() {
    let service = Service::start().await;
    let (team, ids) = something_of_everything(&service).await;
    // Then it is asked why a recording is heard.
    crate::recordings::switch(&team, "phi_protection", true).await;
    let (mut sent, mut problems) = (BTreeSet::new(), Vec::new());
    for role in [None, Some("owner"), Some("customer_support_agent")] {
        let tab = match role {
            Some(role) => Tab::with_session(&service, team.caller(role).token()),
            None => Tab::open(&service),
        };
        for address in pages(role, &ids) {
            let shown = tab.follow(&address).await;
            for Form { method, action, fields } in forms(&shown.text) {
                if !sent.insert(action.clone()) {
                    continue;
                }
                let fields: Vec<_> =
                    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let answer = match method {
                    "post" => tab.fill(&shown, &action, &fields).await,
                    _ => {
                        let pairs = fields.iter().map(|(name, value)| format!("{name}={value}"));
                        let query = pairs.collect::<Vec<_>>().join("&").replace(WRONG, "%E2%80%AE%01");
                        tab.get(&format!("{action}?{query}")).await
                    }
                };
                let title = answer.text.split("<title>").nth(1).and_then(|rest| rest.split('<').next());
                if answer.status != 422 || !title.is_some_and(|title| title.starts_with("Error: ")) {
                    problems.push(format!("{method} {action}: {} {title:?}", answer.status));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(sent.len() > 20, "{sent:?}");
}
