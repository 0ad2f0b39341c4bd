//! The organization itself, and what is only looked at.

use reqwest::Method;
use serde_json::json;

use super::{
    marks::Sight,
    run::{Run, row},
    world::{Want, Who},
};

/// What it is.
pub(super) async fn show(run: &mut Run, who: Who) {
    let wanted = run.world.refuses(who, "organization:read").unwrap_or(Want::Status(200));
    let answer = run.ask(who, Method::GET, "/v1/organization", None, &[wanted]).await;
    if answer.status == 200 {
        let here = &run.world.organizations[run.world.home(who).unwrap()];
        let fields = ["/id", "/name", "/slug", "/plan"];
        assert_eq!(row(&answer.body, &fields), json!([here.id, here.name, here.slug, "enterprise"]));
    }
}

/// Another name.
pub(super) async fn rename(run: &mut Run, who: Who) {
    let home = run.world.home(who).unwrap_or(0);
    let name = format!("Org {}", run.name(home));
    let wanted = run.world.refuses(who, "organization:update").unwrap_or(Want::Status(200));
    let body = json!({"name": name});
    let answer = run.ask(who, Method::PATCH, "/v1/organization", Some(body), &[wanted]).await;
    if answer.status == 200 {
        let here = &mut run.world.organizations[home];
        here.name = name;
        // A slug may follow its name or stay; which, the contract does not say.
        here.slug = answer.text_at("/slug").to_owned();
        here.acted("organization.updated");
    }
}

/// What the model knows nothing of but who may look at it, and that nothing of others is in it.
pub(super) async fn look(run: &mut Run, who: Who) {
    let (path, permission, sensitive) = run.dice.one_of(&[
        ("/v1/plan", "organization:read", false),
        ("/v1/billing", "billing:read", false),
        ("/v1/security", "security:read", false),
        ("/v1/security/mfa-impact", "security:read", false),
        ("/v1/audit/events?limit=200", "audit_log:read", false),
        ("/v1/audit/checkpoint", "audit_log:read", false),
        ("/v1/audit/export", "audit_log:read", false),
        ("/v1/escalations/settings", "availability:manage", false),
        (
            "/v1/availability/history?since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z",
            "availability:read",
            false,
        ),
        ("/v1/organization/export", "organization:export", true),
    ]);
    let refusal = match sensitive {
        true => run.world.refuses_sensitive(who, permission),
        false => run.world.refuses(who, permission),
    };
    let wanted = [refusal.unwrap_or(Want::Status(200))];
    let sight = Sight { what_was_named: true, ..run.world.sight(who) };
    run.send(who, Method::GET, path, None, &wanted, &sight).await;
}

/// Compares the audit log with what was done: each act is in it as often as it was done.
pub(super) async fn compare_audit_log(run: &mut Run, home: usize) {
    let owner = run.owner(home).await;
    for (action, times) in run.world.organizations[home].acts.clone() {
        let query = format!("&action={action}&outcome=success");
        let events = run.list(owner, "/v1/audit/events", &query, &["/id"]).await;
        assert_eq!(events.len(), times, "{action} in the audit log of {home}");
    }
}
