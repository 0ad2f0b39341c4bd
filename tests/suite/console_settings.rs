//! The console's Settings: API keys, security, the organization and its plan.

use rollcall_tests::{PASSWORD, Service, Tab, Team, until};
use serde_json::json;
use time::Duration;

/// What stands in an element that is shown once.
fn shown_once(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"once\"").expect("something that is shown once");
    rest.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()
}

/// The path of a page that is linked to, by how it begins.
fn linked(page: &str, begins: &str) -> String {
    let mut links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    links.find(|link| link.starts_with(begins)).unwrap_or_else(|| panic!("no {begins}: {page}")).to_owned()
}

const NEW_KEY: &str = "/settings/api-keys/new";
const NO_LIMITS: [(&str, &str); 4] =
    [("expires_at", ""), ("networks", ""), ("rate_requests", ""), ("rate_seconds", "")];

fn key<'a>(name: &'a str, scopes: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let scopes = scopes.iter().map(|scope| ("scopes[]", *scope));
    [("name", name)].into_iter().chain(scopes).chain(NO_LIMITS).collect()
}

#[tokio::test]
async fn a_key_is_made_shown_once_used_changed_rotated_and_revoked() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    assert!(tab.get("/settings/api-keys").await.expect(200).text.contains("There is no key yet."));
    let made = tab.send(NEW_KEY, NEW_KEY, &key("Importer", &["team:read"])).await.expect(201);
    let secret = shown_once(&made.text);
    assert!(made.text.contains("This is shown once.") && made.header("cache-control") == "no-store");
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/members").await.expect(200);
    program.get("/v1/members").await.expect(200);
    program.get("/v1/organization").await.problem(403, "permission_denied");

    let here = linked(&made.text, "/settings/api-keys/key_");
    let shown = tab.get(&here).await.expect(200);
    // Not what opens it, on no page; and how much it was used, as a picture and as a table.
    assert!(!shown.text.contains(&secret) && !tab.get("/settings/api-keys").await.text.contains(&secret));
    assert!(shown.text.contains("3 requests in the last 30 days"), "{}", shown.text);
    assert_eq!((shown.text.matches("<rect ").count(), shown.text.matches("<td>0</td>").count()), (1, 29));
    assert!(shown.text.contains("<td>3</td>") && shown.text.contains("See who is in the team"));

    // Wider, with a mistake first: everything that was typed is still there.
    let wider = ["team:read", "organization:read"];
    let mut fields = key("Importer 2", &wider);
    fields.retain(|(name, _)| *name != "networks");
    fields.push(("networks", "192.0.2.0/24\n10.0.0.1/8"));
    let wrong = tab.fill(&shown, &here, &fields).await.expect(422);
    assert!(wrong.text.contains("10.0.0.1/8: Must be the network itself, like 10.0.0.0/8"), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"organization:read\" checked") && wrong.text.contains("Importer 2"));
    let changed = tab.fill(&wrong, &here, &key("Importer 2", &wider)).await.expect(303);
    assert!(tab.follow(changed.header("location")).await.text.contains("Importer 2 is changed."));
    program.get("/v1/organization").await.expect(200);
    // From a page as it was before, it is not changed again.
    tab.fill(&shown, &here, &key("Other", &["team:read"])).await.expect(303);
    let now = tab.get(&here).await.expect(200);
    assert!(now.text.contains("Somebody has changed this") && !now.text.contains("Other"), "{}", now.text);

    let rotate = format!("{here}/rotate");
    let rotated = tab.fill(&now, &rotate, &[("overlap", "3600")]).await.expect(200);
    let second = shown_once(&rotated.text);
    assert_ne!(second, secret);
    for secret in [&secret, &second] {
        service.anonymous().with_token(secret).get("/v1/members").await.expect(200);
    }
    tab.fill(&now, &rotate, &[("overlap", "604801")]).await.expect(400);

    let revoke = format!("{here}/revoke");
    let asked = tab.get(&revoke).await.expect(200);
    assert!(asked.text.contains("It cannot be undone."), "{}", asked.text);
    let revoked = tab.fill(&asked, &revoke, &[]).await.expect(303);
    assert!(tab.follow(revoked.header("location")).await.text.contains("Importer 2 is revoked."));
    service.anonymous().with_token(&second).get("/v1/members").await.problem(401, "unauthenticated");
    let over = tab.get(&here).await.expect(200);
    assert!(over.text.contains("cannot be changed or used any more") && !over.text.contains("/rotate"));
}

#[tokio::test]
async fn a_key_says_what_is_wrong_beside_the_field_and_asks_for_a_proof_that_keeps_what_was_typed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.owner().patch("/v1/me", json!({"time_zone": "Asia/Kathmandu"})).await.expect(200);
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let fields = [
        ("name", ""),
        ("expires_at", "2001-02-30"),
        ("networks", "nowhere"),
        ("rate_requests", "5"),
        ("rate_seconds", ""),
    ];
    let wrong = tab.send(NEW_KEY, NEW_KEY, &fields).await.expect(422);
    for said in [
        "Must not be empty.",
        "Must hold at least one permission.",
        "A day like 2027-01-31",
        "nowhere: Must be a network",
        "Fill in both",
    ] {
        assert!(wrong.text.contains(said), "{said}: {}", wrong.text);
    }
    service.clock.advance(Duration::minutes(11));
    let day = "2027-03-05";
    let mut fields = key("Importer", &["team:read", "calls:read"]);
    fields.retain(|(name, _)| *name != "expires_at");
    fields.push(("expires_at", day));
    let asked = tab.send(NEW_KEY, NEW_KEY, &fields).await.expect(403);
    assert!(asked.text.contains("Confirm it"), "{}", asked.text);
    let scopes = rollcall_tests::tab::hidden_fields(&asked.text, NEW_KEY);
    assert_eq!(scopes.iter().filter(|(name, _)| name == "scopes[]").count(), 2);
    let mut again = fields.clone();
    again.push(("proof_password", PASSWORD));
    let made = tab.fill(&asked, NEW_KEY, &again).await.expect(201);
    let here = linked(&made.text, "/settings/api-keys/key_");
    let id = here.rsplit('/').next().unwrap();
    let kept = team.owner().get(&format!("/v1/api-keys/{id}")).await.expect(200);
    // Through that day where its owner is: Kathmandu is 5:45 ahead.
    assert!(kept.text_at("/expires_at").starts_with("2027-03-05T18:15:00"), "{}", kept.text);
    assert!(tab.get(&here).await.text.contains(&format!("value=\"{day}\"")));
}

#[tokio::test]
async fn a_control_is_switched_after_what_it_does_was_told_and_what_the_plan_lacks_is_said() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let phi = "/settings/security/controls/phi_protection";
    let shown = tab.get("/settings/security").await.expect(200);
    assert!(shown.text.contains("It comes with the plan Pro."), "{}", shown.text);
    assert!(!shown.text.contains(&format!("href=\"{phi}\"")));
    assert!(tab.get(phi).await.expect(200).text.contains("It comes with the plan Pro."));
    service.set_plan(&team.organization, "enterprise").await;
    let told = tab.get(phi).await.expect(200);
    assert!(
        told.text.contains("are masked in transcripts") && told.text.contains("Switch PHI protection on")
    );
    let done = tab.fill(&told, phi, &[]).await.expect(303);
    let after = tab.follow(done.header("location")).await;
    assert!(after.text.contains("PHI protection is on now."), "{}", after.text);
    // What follows from two controls together is seen at once; what each does besides is folded.
    let section =
        after.text.split("id=\"call_recording\"").nth(1).unwrap().split("</section>").next().unwrap();
    let (seen, folded) = section.split_once("<details>").unwrap();
    assert!(seen.contains("Keeps the sound of calls"), "{section}");
    assert!(seen.contains("PHI protection is on: transcripts are masked"), "{section}");
    assert!(folded.contains("The sound of calls can be uploaded"), "{section}");
    assert!(folded.contains("Switching it decides") && !seen.contains("Switching it decides"), "{section}");
    assert!(folded.contains("It comes with the plan Pro."), "{section}");
    // The page of before is no agreement to anything any more.
    tab.fill(&told, phi, &[]).await.expect(303);
    assert!(tab.get("/settings/security").await.text.contains("Somebody has changed this"));
    let off = tab.get(phi).await.expect(200);
    assert!(off.text.contains("can now be played by everybody") && off.text.contains("told by mail"));
    tab.fill(&off, phi, &[]).await.expect(303);
    let kept = team.owner().get("/v1/security").await.expect(200);
    assert_eq!(kept.body["phi_protection"]["enabled"], json!(false));
    tab.get("/settings/security/controls/mfa_required").await.expect(404);
    // In the other language, nothing of it is in English.
    team.owner().patch("/v1/me", json!({"locale": "de"})).await.expect(200);
    let german = tab.get("/settings/security").await.expect(200);
    assert!(
        german.text.contains("Jedes Mitglied braucht") && !german.text.contains(" the "),
        "{}",
        german.text
    );
}

#[tokio::test]
async fn whom_the_rule_about_second_factors_meets_is_shown_before_it_goes_on() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let page = "/settings/security/second-factors";
    let shown = tab.get(page).await.expect(200);
    assert!(
        shown.text.contains("5 people have no second factor.") && shown.text.contains("You are among them.")
    );
    assert!(shown.text.contains(team.email("viewer")));
    let wrong = tab.fill(&shown, page, &[("enabled", "true"), ("grace_days", "91")]).await.expect(422);
    assert!(wrong.text.contains("Must be between 0 and 90.") && wrong.text.contains("value=\"91\""));
    let on = tab.fill(&wrong, page, &[("enabled", "true"), ("grace_days", "3")]).await.expect(303);
    let after = tab.follow(on.header("location")).await;
    assert!(after.text.contains("Everybody needs a second factor now."), "{}", after.text);
    let kept = team.owner().get("/v1/security").await.expect(200);
    assert_eq!(kept.body["mfa_required"]["grace_days"], json!(3));
    assert!(tab.get(page).await.text.contains("Who is affected"));
}

#[tokio::test]
async fn a_webhook_and_a_witness_are_chosen_and_their_secret_is_shown_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let (hook, witness) = ("/settings/security/webhook", "/settings/security/witness");
    let wrong = tab.send(hook, hook, &[("url", "ftp://x")]).await.expect(422);
    assert!(wrong.text.contains("Must be a URL like https://"), "{}", wrong.text);
    let url = "http://127.0.0.1:9/hook";
    let chosen = tab.send(hook, hook, &[("url", url)]).await.expect(200);
    let secret = shown_once(&chosen.text);
    assert!(secret.starts_with("whsec_"));
    let shown = tab.get(hook).await.expect(200);
    assert!(shown.text.contains(url) && !shown.text.contains("whsec_"), "{}", shown.text);
    let removed = tab.fill(&shown, "/settings/security/webhook/remove", &[]).await.expect(303);
    assert!(tab.follow(removed.header("location")).await.text.contains("Messages are not sent any more."));

    let wrong = tab.send(witness, witness, &[("to", "nobody")]).await.expect(422);
    assert!(wrong.text.contains("Must be an email address"), "{}", wrong.text);
    let auditor = Service::new_address("auditor");
    let chosen = tab.send(witness, witness, &[("to", &auditor)]).await.expect(303);
    assert!(
        tab.follow(chosen.header("location")).await.text.contains(&format!("Checkpoints go to {auditor}"))
    );
    let chosen = tab.send(witness, witness, &[("to", url)]).await.expect(200);
    assert!(shown_once(&chosen.text).starts_with("whsec_"));
    // Whoever may not choose it sees where it goes.
    let admin = Tab::signed_in(&service, team.email("admin")).await;
    let seen = admin.get(witness).await.expect(200);
    assert!(seen.text.contains(url) && !seen.text.contains("name=\"to\""), "{}", seen.text);
}

#[tokio::test]
async fn whoever_chose_a_receiver_sees_that_it_does_not_take_what_it_is_sent() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let pages = ["/settings/security/webhook", "/settings/security/witness"];
    let url = json!({"url": "http://127.0.0.1:9/hook"});
    team.owner().put("/v1/escalations/webhook", url.clone()).await.expect(200);
    team.owner().put("/v1/audit/witness", url).await.expect(200);
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    // It is tried again when the clock goes on, which it does not.
    until("the first checkpoint is not taken", async || {
        let shown = team.owner().get("/v1/audit/witness").await.expect(200);
        shown.body["health"]["last_error"].is_string().then_some(())
    })
    .await;
    let now = async |paused: &str, sent: &str| {
        let set = format!(
            "UPDATE subscribers SET paused_until = {paused}, last_sent_at = {sent},
                    last_failed_at = '2026-02-02', last_error = 'it is asleep'"
        );
        service.database.execute(&set).await;
    };
    let (no_answer, not_taken) =
        ("There was no answer in time.", "The last message could not be delivered: it is asleep.");
    now("'2030-01-01'", "'2026-02-01'").await;
    assert_eq!(tab.get("/settings/security").await.expect(200).text.matches(no_answer).count(), 2);
    for page in pages {
        let shown = tab.get(page).await.expect(200).text;
        assert!(
            shown.contains(no_answer) && shown.contains("1 Jan 2030") && shown.contains("it is asleep"),
            "{shown}"
        );
        assert!(shown.contains("Last delivered") && shown.contains("1 Feb 2026"), "{shown}");
    }
    now("'2026-02-02'", "NULL").await;
    let shown = tab.get("/settings/security").await.expect(200).text;
    assert_eq!((shown.matches(no_answer).count(), shown.matches(not_taken).count()), (0, 2));
    now("NULL", "'2026-02-03'").await;
    for page in ["/settings/security", pages[0], pages[1]] {
        let shown = tab.get(page).await.expect(200).text;
        assert!(!shown.contains(no_answer) && !shown.contains(not_taken), "{shown}");
    }
    team.owner().patch("/v1/me", json!({"locale": "de"})).await.expect(200);
    now("'2030-01-01'", "NULL").await;
    let shown = tab.get(pages[0]).await.expect(200).text;
    assert!(
        shown.contains("Es kam keine rechtzeitige Antwort.")
            && shown.contains("In den letzten 90 Tagen aufgegeben"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_organization_is_renamed_exported_and_deleted_after_what_that_entails_was_told() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let page = "/settings/organization";
    let shown = tab.get(page).await.expect(200);
    let wrong = tab.fill(&shown, page, &[("name", " ")]).await.expect(422);
    assert!(wrong.text.contains("Must not be empty."), "{}", wrong.text);
    let renamed = tab.fill(&shown, page, &[("name", "Acme & Sons")]).await.expect(303);
    let after = tab.follow(renamed.header("location")).await;
    assert!(after.text.contains("The organization is called Acme &#38; Sons now."), "{}", after.text);
    let to = tab.fill(&after, "/settings/organization/export", &[]).await.expect(303);
    assert_eq!(to.header("location"), "/v1/organization/export");
    let file = tab.get("/v1/organization/export").await.expect(200);
    assert!(file.text.lines().last().unwrap().contains("\"end\""));

    let delete = "/settings/organization/delete";
    let told = tab.get(delete).await.expect(200);
    assert!(told.text.contains("For 30 days") && told.text.contains("API keys stop working"));
    let wrong = tab.fill(&told, delete, &[("confirm_name", "Acme")]).await.expect(422);
    assert!(wrong.text.contains("name, as it is now"), "{}", wrong.text);
    let gone = tab.fill(&wrong, delete, &[("confirm_name", "Acme & Sons")]).await.expect(303);
    let said = tab.follow(gone.header("location")).await;
    assert!(said.text.contains("is deleted."), "{}", said.text);
    team.caller("viewer").get("/v1/session").await.expect(401);
}

#[tokio::test]
async fn a_plan_is_changed_only_with_agreement_to_what_ends_with_it() {
    let values = [
        ("plans.free.seats", "5"),
        ("plans.free.audit_retention_days", "7"),
        ("plans.pro.audit_retention_days", "30"),
    ];
    let service = Service::start_with(&values).await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let shown = tab.get("/settings/billing").await.expect(200);
    assert!(shown.text.contains("Your plan") && shown.text.contains("Change to Pro"), "{}", shown.text);
    let change = "/settings/billing/change/pro";
    let told = tab.get(change).await.expect(200);
    assert!(told.text.contains("Audit log is switched off"), "{}", told.text);
    let refused = tab.fill(&told, change, &[]).await.expect(422);
    assert!(refused.text.contains("Confirm that they may be switched off"), "{}", refused.text);
    assert_eq!(team.owner().get("/v1/billing").await.text_at("/plan"), "enterprise");
    // The oldest of the log is older than the other plan keeps it.
    service.clock.advance(Duration::days(60));
    let tab = Tab::signed_in(&service, team.email("owner")).await;
    let agreed = [("disable_controls", "yes")];
    let refused = tab.send(change, change, &agreed).await.expect(422);
    assert!(refused.text.contains("of the audit log would be deleted."), "{}", refused.text);
    assert!(refused.text.contains("name=\"disable_controls\" value=\"yes\" checked"));
    let both = [("disable_controls", "yes"), ("accept_deletion", "yes")];
    let done = tab.fill(&refused, change, &both).await.expect(303);
    let after = tab.follow(done.header("location")).await;
    assert!(after.text.contains("has the plan Pro now.") && after.text.contains("Enterprise to Pro"));
    // Free has too few seats for six: that is said, and there is no form.
    let owner = service.sign_in(team.email("owner")).await;
    service.bring_in(&owner, &Service::new_address("sixth"), "viewer").await;
    let free = tab.get("/settings/billing/change/free").await.expect(200);
    assert!(
        free.text.contains("Remove members first.") && !free.text.contains("change/free\""),
        "{}",
        free.text
    );
    tab.get("/settings/billing/change/gold").await.expect(404);
    tab.get(change).await.expect(303);
}
