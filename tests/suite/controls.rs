//! The security controls that plans are told apart by.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Team, one_line};
use serde_json::{Value, json};
use time::Duration;

use crate::api_keys::make;

const SECURITY: &str = "/v1/security";
const SOLD: [(&str, &str); 4] = [
    ("call_recording", "pro"),
    ("phi_protection", "pro"),
    ("end_to_end_encryption", "enterprise"),
    ("audit_log", "enterprise"),
];

fn switch(control: &str, enabled: bool) -> Value {
    json!({control: {"enabled": enabled}})
}

/// Everything that was switched, the oldest first: the control, and its state before and after.
async fn switched(service: &Service) -> Vec<Value> {
    let rows = service
        .database
        .rows(
            "SELECT convert_from(leaf, 'UTF8')::jsonb -> 'changes' AS changes FROM audit_events
                WHERE action = 'security.control_changed' AND outcome = 'success' ORDER BY written",
        )
        .await;
    rows.iter().flat_map(|row| row["changes"].as_array().unwrap().clone()).collect()
}

fn change(control: &str, before: &str, after: &str) -> Value {
    json!({"field": control, "before": before, "after": after})
}

fn effects(shown: &Answer, control: &str) -> Vec<String> {
    let effects = shown.body[control]["effects"].as_array().unwrap().iter();
    effects.map(|effect| effect.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_control_is_there_from_its_plan_on_and_otherwise_the_plan_is_named() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for (place, plan) in ["free", "pro", "enterprise"].into_iter().enumerate() {
        if place > 0 {
            service.set_plan(&team.organization, plan).await;
        }
        let shown = team.owner().get(SECURITY).await.expect(200);
        for (control, from) in SOLD {
            let available = from == "pro" && place >= 1 || place == 2;
            let kept = &shown.body[control];
            assert_eq!(kept["available"], available, "{control} on {plan}");
            assert_eq!(kept["available_from_plan"], from);
            assert_eq!(
                (&kept["enabled"], &kept["changed_at"], &kept["changed_by"]),
                (&json!(false), &Value::Null, &Value::Null)
            );
            if !available {
                let refused = team.owner().patch(SECURITY, switch(control, true)).await;
                let refused = refused.problem(403, "plan_required");
                assert_eq!(refused.body["required_plan"], from, "{}", refused.text);
                assert!(refused.text_at("/detail").contains(from), "{}", refused.text);
                // Off it is anyway.
                team.owner().patch(SECURITY, switch(control, false)).await.expect(200);
            }
        }
    }
    assert!(switched(&service).await.is_empty());
    let log = service.audit_log(Some(&team.organization)).await;
    let refused = ("security.control_changed".to_owned(), "refused".to_owned());
    assert_eq!(log.iter().filter(|entry| **entry == refused).count(), 4 + 2);
}

#[tokio::test]
async fn a_control_that_is_switched_tells_by_whom_and_when_and_is_in_the_log() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.set_plan(&team.organization, "enterprise").await;
    let all: Value = SOLD
        .iter()
        .map(|(control, _)| ((*control).to_owned(), json!({"enabled": true})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let shown = team.owner().patch(SECURITY, all.clone()).await.expect(200);
    for (control, _) in SOLD {
        let kept = &shown.body[control];
        assert_eq!(kept["enabled"], true);
        assert_eq!(kept["changed_at"], "2026-03-01T09:00:00Z");
        assert_eq!(kept["changed_by"]["id"], team.id("owner"));
    }
    assert_eq!(team.caller("admin").get(SECURITY).await.expect(200).body, shown.body);
    // What begins the audit log stands first in it.
    let on = |control: &str| change(control, "off", "on");
    let expected = [on("audit_log"), on("call_recording"), on("phi_protection"), on("end_to_end_encryption")];
    assert_eq!(switched(&service).await, expected);
    // So already: nothing is written.
    team.owner().patch(SECURITY, all).await.expect(200);
    assert_eq!(switched(&service).await.len(), 4);
    assert_eq!(service.mails_to(team.email("owner")).await.len(), 1, "the sign-up, and nothing else");

    let off = json!({
        "audit_log": {"enabled": false}, "call_recording": {"enabled": false}, "phi_protection": {"enabled": false},
        "mfa_required": {"enabled": true},
    });
    team.owner().patch(SECURITY, off).await.expect(200);
    let changes = switched(&service).await;
    let expected = [
        change("mfa_required", "off", "on"),
        change("call_recording", "on", "off"),
        change("phi_protection", "on", "off"),
        change("audit_log", "on", "off"),
    ];
    assert_eq!(changes[4..], expected);
    // The Owners are told of what protects; recording protects nobody.
    for subject in ["The audit log of Acme is off", "PHI protection of Acme is off"] {
        service.told(team.email("owner"), subject).await;
    }
    service.all_mail_sent().await;
    let mails = service.mails_to(team.email("owner")).await;
    assert!(!mails.iter().any(|mail| mail["subject"].as_str().unwrap().contains("recording")), "{mails:?}");
    team.owner().patch(SECURITY, json!({"mfa_required": {"enabled": false}})).await.expect(200);
    service.told(team.email("owner"), "The rule that everybody needs a second factor of Acme is off").await;
}

#[tokio::test]
async fn nobody_but_an_owner_who_has_just_proved_who_they_are_switches_anything() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.set_plan(&team.organization, "enterprise").await;
    for (control, _) in SOLD {
        let refused = team.caller("admin").patch(SECURITY, switch(control, true)).await;
        refused.problem(403, "permission_denied");
        team.owner()
            .patch(SECURITY, json!({control: {"enabled": null}}))
            .await
            .invalid(&format!("{control}.enabled"));
        team.owner()
            .patch(SECURITY, json!({control: {"effects": []}}))
            .await
            .invalid(&format!("{control}.effects"));
        team.owner().patch(SECURITY, json!({control: true})).await.invalid(control);
        team.owner().patch(SECURITY, json!({control: {}})).await.expect(200);
    }
    service.clock.advance(Duration::minutes(11));
    team.owner().patch(SECURITY, switch("audit_log", true)).await.problem(403, "elevation_required");
    assert!(switched(&service).await.is_empty());
}

#[tokio::test]
async fn a_change_that_is_meant_for_another_version_is_refused() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.set_plan(&team.organization, "pro").await;
    let patch = |tag: String, body: Value| {
        let request = team.owner().request(Method::PATCH, SECURITY).header("If-Match", tag).json(&body);
        Answer::of(request)
    };
    let first = team.owner().get(SECURITY).await.expect(200).header("etag").to_owned();
    let second = patch(first.clone(), switch("call_recording", true)).await.expect(200);
    let second = second.header("etag").to_owned();
    assert_ne!(first, second);
    patch(first, switch("phi_protection", true)).await.problem(412, "precondition_failed");
    patch(second.clone(), switch("phi_protection", true)).await.expect(200);
    // With another plan something else is shown.
    let third = team.owner().get(SECURITY).await.expect(200).header("etag").to_owned();
    service.set_plan(&team.organization, "enterprise").await;
    assert_ne!(team.owner().get(SECURITY).await.expect(200).header("etag"), third);
    patch(third, switch("audit_log", true)).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn effects_tell_what_two_controls_mean_together() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.set_plan(&team.organization, "enterprise").await;
    let alone = team.owner().patch(SECURITY, switch("phi_protection", true)).await.expect(200);
    let before = effects(&alone, "phi_protection");
    assert!(before.iter().any(|effect| effect.contains("masked in transcripts before anything is stored")));
    // Whoever is about to switch recording on reads what it will mean.
    assert!(effects(&alone, "call_recording").iter().any(|effect| effect.contains("sound is not")));
    let both = team.owner().patch(SECURITY, switch("call_recording", true)).await.expect(200);
    assert_eq!(effects(&both, "phi_protection"), before);
    assert!(before.iter().any(|effect| effect.contains("only Owners and Admins can play one")));
    // Where the reason goes depends on whether there is a log.
    let told = |shown: &Answer, what: &str| {
        let all = [effects(shown, "phi_protection"), effects(shown, "call_recording")].concat();
        all.iter().filter(|effect| effect.contains(what)).count()
    };
    assert_eq!((told(&both, "kept in the audit log"), told(&both, "As the audit log is off")), (0, 2));
    let logged = team.owner().patch(SECURITY, switch("audit_log", true)).await.expect(200);
    assert_eq!((told(&logged, "kept in the audit log"), told(&logged, "As the audit log is off")), (2, 0));
    let three = team.owner().patch(SECURITY, switch("end_to_end_encryption", true)).await.expect(200);
    let recording = effects(&three, "call_recording");
    assert!(recording.iter().any(|effect| effect.contains("from whoever has fetched the call's key")));
    // Each says what it decides about.
    for (control, told) in [
        ("call_recording", "what comes after"),
        ("phi_protection", "what comes after"),
        ("phi_protection", "about all that there are"),
        ("end_to_end_encryption", "for calls that have begun as well"),
        ("end_to_end_encryption", "keeps to it until it ends"),
    ] {
        assert!(effects(&three, control).iter().any(|effect| effect.contains(told)), "{control}: {told}");
    }
    team.owner().patch(SECURITY, switch("phi_protection", false)).await.expect(200);
    let mail = service.told(team.email("owner"), "PHI protection of Acme is off").await;
    assert!(one_line(&mail).contains("can now be played by everybody"), "{mail}");
}

async fn reasons(caller: &Caller) -> Vec<Value> {
    let checks = json!({"checks": [
        {"permission": "audit_log:append"}, {"permission": "media_keys:issue"}, {"permission": "audit_log:read"},
        {"permission": "recordings:read"}, {"permission": "calls:write"},
    ]});
    let told = caller.post("/v1/authorize", checks).await.expect(200);
    told.list("results").iter().map(|result| result["reason"].clone()).collect()
}

#[tokio::test]
async fn a_program_is_told_which_scopes_lead_to_nothing_with_the_plan() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let scopes =
        json!({"scopes": ["audit_log:append", "media_keys:issue", "audit_log:read", "recordings:read"]});
    let (_, secret) = make(team.owner(), scopes).await;
    let program = service.anonymous().with_token(&secret);
    let (plan, scope) = (json!("plan_required"), json!("scope_lacks_permission"));
    let nothing = Value::Null;
    // What was made before can be read and deleted with any plan.
    let free = [plan.clone(), plan, nothing.clone(), nothing.clone(), scope.clone()];
    assert_eq!(reasons(&program).await, free);
    // People's rights are those of the table.
    let role = json!("role_lacks_permission");
    let of_owner = [role, nothing.clone(), nothing.clone(), nothing.clone(), nothing.clone()];
    assert_eq!(reasons(team.owner()).await, of_owner);
    service.set_plan(&team.organization, "enterprise").await;
    let enterprise = [nothing.clone(), nothing.clone(), nothing.clone(), nothing, scope];
    assert_eq!(reasons(&program).await, enterprise);
    assert_eq!(reasons(team.owner()).await, of_owner);
}
