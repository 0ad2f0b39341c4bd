//! The console's audit log, and what of Settings is shown and done by whom.

use reqwest::Method;
use rollcall_tests::{Service, Tab, Team};
use serde_json::{Value, json};

use crate::audit_exports::{Files, events, team_with_log};

const LOG: &str = "/settings/audit";

/// Paths of pages that are linked to, by how they begin.
fn links(page: &str, begins: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    links.filter(|link| link.starts_with(begins)).map(|link| link.replace("&#38;", "&")).collect()
}

#[tokio::test]
async fn an_event_is_found_read_in_plain_words_proved_and_checked_offline() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("admin")).await;
    let all = tab.get(LOG).await.expect(200);
    assert!(all.text.contains("Organization changed") && all.text.contains("Grace Hopper"), "{}", all.text);
    let found = tab.get(&format!("{LOG}?action=organization.updated&q=Two")).await.expect(200);
    let found = links(&found.text, "/settings/audit/evt_");
    // Made Two, and from Two made Three: the newest first.
    assert_eq!(found.len(), 2, "{found:?}");
    let event = tab.get(&found[1]).await.expect(200);
    for said in [
        "Organization changed",
        "<td data-label=\"Before\">One</td>",
        "<td data-label=\"After\">Two</td>",
        "Grace Hopper",
    ] {
        assert!(event.text.contains(said), "{said}: {}", event.text);
    }
    let proof = tab.get(&format!("{}/proof", found[1])).await.expect(200);
    assert!(proof.text.contains("The proof holds") && proof.text.contains("Hashed together they are"));
    let file = tab.get(&format!("{}/proof.json", found[1])).await.expect(200);
    assert!(
        file.header("content-disposition").starts_with("attachment")
            && file.header("cache-control") == "no-store"
    );
    let root = file.text_at("/root_hash").replace('+', "&#43;");
    assert!(file.text_at("/checkpoint").contains(file.text_at("/root_hash")));
    assert!(proof.text.contains(file.text_at("/leaf_hash").split('=').next().unwrap()), "{root}");
    // What the page offers to be taken along is what the offline verifier takes.
    let evidence = links(&proof.text, "/v1/audit/export?").remove(0);
    let evidence = tab.get(&evidence).await.expect(200);
    let (code, said) = Files::new().verify(&evidence.text, &[]);
    assert_eq!(code, 0, "{said}");
    let ids: Vec<Value> =
        events(&evidence.text).into_iter().map(|event| event["leaf"]["id"].clone()).collect();
    assert!(ids.contains(&json!(found[1].rsplit('/').next().unwrap())), "{ids:?}");
}

#[tokio::test]
async fn the_log_is_searched_page_by_page_and_says_what_is_wrong_with_a_search() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    for n in 0..55 {
        team.owner().patch("/v1/organization", json!({"name": format!("Name {n}")})).await.expect(200);
    }
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let first = tab.get(&format!("{LOG}?action=organization.*")).await.expect(200);
    let next =
        links(&first.text, "/settings/audit?").into_iter().find(|link| link.contains("after=")).unwrap();
    let second = tab.get(&next).await.expect(200);
    let (first, second) =
        (links(&first.text, "/settings/audit/evt_"), links(&second.text, "/settings/audit/evt_"));
    assert_eq!((first.len(), second.len()), (50, 8));
    assert!(second.iter().all(|event| !first.contains(event)));
    let wrong = tab.get(&format!("{LOG}?actor=nobody&since=2026-02-30&action=X")).await.expect(422);
    for said in ["Must be the id of a user", "A day like 2027-01-31", "Must be an action like"] {
        assert!(wrong.text.contains(said), "{said}: {}", wrong.text);
    }
    assert!(wrong.text.contains("value=\"nobody\" selected"), "{}", wrong.text);
    let nothing = tab.get(&format!("{LOG}?q=nothing-of-the-kind")).await.expect(200);
    assert!(nothing.text.contains("No entry matches."), "{}", nothing.text);
    let refused = tab.get(&format!("{LOG}?outcome=refused&actor={}", team.id("owner"))).await.expect(200);
    assert!(links(&refused.text, "/settings/audit/evt_").is_empty());
    tab.get(&format!("{LOG}?after=x")).await.expect(400);
    // Days are those of whoever asks, and lead to the API's own file.
    let file = tab.get("/settings/audit/export/file?since=2026-03-01&until=&format=csv").await.expect(303);
    assert_eq!(file.header("location"), "/v1/audit/export?format=csv&since=2026-03-01T00%3A00%3A00Z");
    assert!(tab.get(file.header("location")).await.expect(200).text.starts_with("index,id,"));
    tab.get("/settings/audit/export/file?since=x").await.expect(422);
}

#[tokio::test]
async fn where_there_is_no_log_a_page_says_why_and_what_to_do() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = Tab::signed_in(&service, team.email("owner")).await;
    let admin = Tab::signed_in(&service, team.email("admin")).await;
    for page in [LOG, "/settings/audit/export", "/settings/audit/evt_01h455vb4pex5vsknk084sn02q/proof"] {
        let said = owner.get(page).await.expect(200);
        assert!(said.text.contains("It comes with the plan Enterprise."), "{page}: {}", said.text);
    }
    service.set_plan(&team.organization, "enterprise").await;
    let said = owner.get(LOG).await.expect(200);
    assert!(said.text.contains("/settings/security/controls/audit_log"), "{}", said.text);
    let said = admin.get(LOG).await.expect(200);
    assert!(
        said.text.contains("Only these roles switch it on: Owner.")
            && !said.text.contains("controls/audit_log")
    );
    service.turn_audit_log_on(&team).await;
    service.turn_audit_log_off(&team).await;
    let said = owner.get(LOG).await.expect(200);
    assert!(said.text.contains("nothing new is added") && said.text.contains("Security control changed"));
}

/// Every page of these sections, and whether an Admin may see it.
const PAGES: [(&str, bool); 17] = [
    ("/settings/api-keys", false),
    ("/settings/api-keys/new", false),
    ("/settings/api-keys/{key}", false),
    ("/settings/api-keys/{key}/revoke", false),
    ("/settings/security", true),
    ("/settings/security/controls/call_recording", false),
    ("/settings/security/second-factors", true),
    ("/settings/security/witness", true),
    ("/settings/security/webhook", true),
    ("/settings/audit", true),
    ("/settings/audit/{event}", true),
    ("/settings/audit/{event}/proof", true),
    ("/settings/audit/export", true),
    ("/settings/organization", true),
    ("/settings/organization/delete", false),
    ("/settings/billing", false),
    ("/settings/billing/change/pro", false),
];

/// A page, where its form goes, and what is filled in.
type Sent<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

struct Things {
    key: String,
    event: String,
}

impl Things {
    async fn of(team: &Team) -> Self {
        let made =
            team.owner().post("/v1/api-keys", json!({"name": "Importer", "scopes": ["team:read"]})).await;
        let events = team.owner().get("/v1/audit/events?limit=1").await.expect(200);
        Self {
            key: made.expect(201).text_at("/api_key/id").to_owned(),
            event: events.text_at("/data/0/id").to_owned(),
        }
    }

    fn in_path(&self, path: &str) -> String {
        path.replace("{key}", &self.key).replace("{event}", &self.event)
    }
}

#[tokio::test]
async fn attack_5_what_of_settings_a_role_may_not_do_is_not_shown_and_refused_when_it_is_sent_by_hand() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let things = Things::of(&team).await;
    let [owner, admin, member] = ["owner", "admin", "member"].map(|role| team.email(role).to_owned());
    let (owner, member) = (Tab::signed_in(&service, &owner).await, Tab::signed_in(&service, &member).await);
    let admin = Tab::signed_in(&service, &admin).await;
    let rail = admin.get("/account").await.expect(200).text;
    assert!(rail.contains("href=\"/settings/security\"") && !rail.contains("href=\"/settings/api-keys\""));
    assert!(!member.get("/account").await.text.contains("href=\"/settings/security\""));
    for (page, admins) in PAGES {
        let page = things.in_path(page);
        owner.get(&page).await.expect(200);
        let seen = admin.get(&page).await.expect(if admins { 200 } else { 403 });
        // Of what an Admin sees here, nothing can be sent but the sign-out, and the search.
        assert_eq!(seen.text.matches("method=\"post\"").count(), 1, "{page}: {}", seen.text);
        // What everybody may see is what the organization is called.
        member.get(&page).await.expect(if page == "/settings/organization" { 200 } else { 403 });
    }
    // By hand, with right forms: those of an Owner who is one no more.
    let me = team.id("admin");
    team.owner().patch(&format!("/v1/members/{me}"), json!({"role": "owner"})).await.expect(200);
    let key = things.in_path("/settings/api-keys/{key}");
    let revoke = format!("{key}/revoke");
    let (rotate, recording) = (format!("{key}/rotate"), "/settings/security/controls/call_recording");
    let limits = [("expires_at", ""), ("networks", ""), ("rate_requests", ""), ("rate_seconds", "")];
    let named: Vec<(&str, &str)> =
        [("name", "Mine"), ("scopes[]", "team:read")].into_iter().chain(limits).collect();
    let forms: [Sent<'_>; 12] = [
        ("/settings/api-keys/new", "/settings/api-keys/new", &named),
        (&key, &key, &named),
        (&key, &rotate, &[("overlap", "0")]),
        (&revoke, &revoke, &[]),
        (recording, recording, &[]),
        (
            "/settings/security/second-factors",
            "/settings/security/second-factors",
            &[("enabled", "true"), ("grace_days", "0")],
        ),
        ("/settings/security/witness", "/settings/security/witness", &[("to", "x@example.com")]),
        ("/settings/security/webhook", "/settings/security/webhook", &[("url", "http://127.0.0.1:9/x")]),
        ("/settings/organization", "/settings/organization", &[("name", "Mine")]),
        ("/settings/organization", "/settings/organization/export", &[]),
        ("/settings/organization/delete", "/settings/organization/delete", &[("confirm_name", "Three")]),
        ("/settings/billing/change/pro", "/settings/billing/change/pro", &[("disable_controls", "yes")]),
    ];
    let mut shown = Vec::new();
    for (page, ..) in forms {
        shown.push(admin.get(page).await.expect(200));
    }
    team.owner().patch(&format!("/v1/members/{me}"), json!({"role": "admin"})).await.expect(200);
    for (page, (_, action, fields)) in shown.iter().zip(forms) {
        let refused = admin.fill(page, action, fields).await.expect(403);
        assert!(refused.text.contains("It takes one of these roles: Owner."), "{action}: {}", refused.text);
    }
    // What else is wrong with a form is not told to whoever may not send it; that they tried is written down, once for each permission.
    let denied = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(action, _)| action == "permission.denied").count()
    };
    let before = denied().await;
    let unnamed: Vec<(&str, &str)> = [("name", "")].into_iter().chain(limits).collect();
    let wrong: [&[(&str, &str)]; 12] = [
        &unnamed,
        &[],
        &[],
        &[],
        &[],
        &[("enabled", "true"), ("grace_days", "x")],
        &[("to", "x")],
        &[("url", "x")],
        &[("name", "")],
        &[],
        &[],
        &[],
    ];
    for (page, ((_, action, _), fields)) in shown.iter().zip(forms.into_iter().zip(wrong)) {
        if !fields.is_empty() {
            let refused = admin.fill(page, action, fields).await.expect(403);
            assert!(
                refused.text.contains("It takes one of these roles: Owner."),
                "{action}: {}",
                refused.text
            );
        }
    }
    assert_eq!(denied().await, before + 3);
    assert_eq!(team.owner().get("/v1/organization").await.expect(200).text_at("/name"), "Three");
    assert!(
        team.owner().get(&format!("/v1/api-keys/{}", things.key)).await.text.contains("\"revoked_at\":null")
    );
}

#[tokio::test]
async fn attack_20_a_link_of_another_site_looks_into_no_log_in_anybodys_name() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let event = Things::of(&team).await.event;
    let admin = Tab::signed_in(&service, team.email("admin")).await;
    let readings = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(action, _)| action == "audit_log.read").count()
    };
    let from_site = async |page: &str, site: &str| {
        let request = admin.request(Method::GET, page).header("Sec-Fetch-Site", site);
        admin.answer(request).await.expect(200).text
    };
    let before = readings().await;
    let pages = [
        LOG.to_owned(),
        format!("{LOG}?action=organization.*&q=Two"),
        format!("{LOG}/{event}"),
        format!("{LOG}/{event}/proof"),
    ];
    for page in &pages {
        let asks = format!("href=\"{}\">Open the audit log</a>", page.replace('&', "&#38;"));
        for site in ["cross-site", "same-site"] {
            let shown = from_site(page, site).await;
            assert!(shown.contains(&asks) && !shown.contains("Organization changed"), "{page}: {shown}");
        }
    }
    assert_eq!(readings().await, before);
    // Our own page, and whoever types the address.
    for (page, site) in pages.iter().zip(["same-origin", "none", "same-origin", "none"]) {
        assert!(!from_site(page, site).await.contains("Open the audit log"), "{page}");
    }
    // An event and its proof are one reading.
    assert_eq!(readings().await, before + 3);
}

#[tokio::test]
async fn attack_1_what_is_another_organization_s_is_nothing_here() {
    let service = Service::start().await;
    let (team, other) = (team_with_log(&service, "Acme").await, team_with_log(&service, "Other").await);
    let (mine, theirs) = (Things::of(&team).await, Things::of(&other).await);
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    for (page, _) in PAGES.iter().filter(|(page, _)| page.contains('{')) {
        tab.get(&mine.in_path(page)).await.expect(200);
        let foreign = tab.get(&theirs.in_path(page)).await.expect(404);
        assert!(!foreign.text.contains("Importer"), "{}", foreign.text);
        tab.get(&page.replace("{key}", "x").replace("{event}", "x")).await.expect(404);
    }
    tab.get(&format!("/settings/audit/{}/proof.json", theirs.event)).await.expect(404);
    // A form of one's own does not lead to another's key.
    let shown = tab.get(&mine.in_path("/settings/api-keys/{key}/revoke")).await.expect(200);
    let hidden =
        rollcall_tests::tab::hidden_fields(&shown.text, &mine.in_path("/settings/api-keys/{key}/revoke"));
    let fields: Vec<(&str, &str)> =
        hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    tab.post(&theirs.in_path("/settings/api-keys/{key}/revoke"), &fields).await.expect(403);
    let kept = other.owner().get(&format!("/v1/api-keys/{}", theirs.key)).await.expect(200);
    assert!(kept.text.contains("\"revoked_at\":null"));
}

#[tokio::test]
async fn attack_22_names_in_settings_and_the_log_are_text() {
    const NAME: &str = "<script>alert('1')</script>\"&";
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    team.owner().patch("/v1/me", json!({"name": NAME})).await.expect(200);
    team.owner().patch("/v1/organization", json!({"name": "<b>Acme</b>"})).await.expect(200);
    let key = json!({"name": NAME, "scopes": ["team:read"]});
    let made = team.owner().post("/v1/api-keys", key).await.expect(201);
    let event = team.owner().get("/v1/audit/events?action=organization.updated&limit=1").await.expect(200);
    let things =
        Things { key: made.text_at("/api_key/id").to_owned(), event: event.text_at("/data/0/id").to_owned() };
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let search = format!("{LOG}?q=%3Cscript%3E&target=%22%3E%3Cscript%3E&actor=%3Cscript%3E");
    for (page, status) in PAGES.iter().map(|(page, _)| (things.in_path(page), 200)).chain([(search, 422)]) {
        let shown = tab.get(&page).await.expect(status);
        assert!(!shown.text.contains("<script>") && !shown.text.contains("<b>"), "{page}: {}", shown.text);
        assert!(shown.text.contains("&#60;"), "it is shown: {page}");
        // What the policy would keep from working.
        let policy = shown.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{page}: {policy}");
        assert!(!shown.text.contains(" style=") && !shown.text.contains(" onclick"), "{page}");
        assert_eq!(shown.header("cache-control"), "no-store", "{page}");
    }
}
