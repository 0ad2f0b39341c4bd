//! Settings → Security: what is on, what that does, and where it is switched.

use askama::Template;
use rollcall_application::{
    Error, audit,
    security::{self, Changer, KeptControl, ShownSecurity},
    webhooks,
};
use rollcall_domain::{Permission, security::Control};
use time::OffsetDateTime;

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::Answer,
    texts::Texts,
    webhooks::Trouble,
};

pub(crate) const PATH: &str = "/settings/security";

#[derive(Template)]
#[template(path = "security/show.html")]
struct SecurityPage {
    t: Texts,
    /// Whether whoever looks can change any of it.
    may: bool,
    controls: Vec<Switch>,
    mfa: Switch,
    grace_days: u16,
    /// Who is sent checkpoints of the audit log, and where the platform is told of escalated calls.
    witness: Option<(String, Option<Trouble>)>,
    webhook: Option<(String, Option<Trouble>)>,
}

impl Page for SecurityPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.security_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// A control as it is.
struct Switch {
    key: &'static str,
    name: &'static str,
    on: bool,
    /// What it is for.
    means: &'static str,
    /// What follows from it together with what else is on.
    together: Vec<String>,
    /// All that it does by itself.
    effects: Vec<String>,
    /// The smallest plan that it comes with.
    plan: Option<&'static str>,
    changed: Option<(Moment, Option<String>)>,
    /// Why it cannot be switched on.
    unavailable: Option<String>,
}

pub(super) async fn show(caller: Caller) -> Answer {
    let app = &caller.console.app;
    let shown = security::show(app, &caller.actor).await?;
    let witness = match audit::witness::show(app, &caller.principal()).await {
        Ok(shown) => Some((shown.kept.witness.address().to_owned(), Trouble::of(&caller, &shown.health))),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let webhook = match webhooks::show(app, &caller.actor).await {
        Ok(shown) => Some((shown.kept.url.host().to_string(), Trouble::of(&caller, &shown.health))),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let of = |control| {
        let kept = shown.controls.iter().find(|kept| kept.control == control).cloned();
        let KeptControl { enabled, changed_at, changed_by, .. } = kept.unwrap_or(KeptControl::off(control));
        switch(&caller, &shown, control, enabled, (changed_at, changed_by))
    };
    let rule = shown.mfa_required.clone();
    let mfa = (rule.changed_at, rule.changed_by);
    Ok(caller.page(&SecurityPage {
        t: caller.t,
        may: caller.may(Permission::SecurityManage),
        controls: Control::SOLD.map(of).into(),
        mfa: switch(&caller, &shown, Control::MfaRequired, rule.rule.enabled, mfa),
        grace_days: rule.rule.grace.get().into(),
        witness,
        webhook,
    }))
}

fn switch(
    caller: &Caller,
    shown: &ShownSecurity,
    control: Control,
    on: bool,
    (at, by): (Option<OffsetDateTime>, Option<Changer>),
) -> Switch {
    let t = caller.t;
    let alone = control.effects([control].into_iter().filter(|_| on).collect());
    let effects = control.effects(shown.on()).into_iter();
    let (effects, together): (Vec<_>, Vec<_>) = effects.partition(|effect| alone.contains(effect));
    let from = caller.console.app.settings.plans.available_from(control);
    Switch {
        key: control.as_str(),
        name: t.control(control),
        on,
        means: t.control_means(control),
        together: together.into_iter().map(|effect| t.effect(effect)).collect(),
        effects: effects.into_iter().map(|effect| t.effect(effect)).collect(),
        plan: from.filter(|_| control != Control::MfaRequired).map(|plan| t.plan(plan)),
        changed: at.map(|at| (caller.times.show(at), by.map(|by| by.name.to_string()))),
        unavailable: unavailable(caller, shown, control),
    }
}

/// Why a control cannot be switched on with the organization's plan.
pub(super) fn unavailable(caller: &Caller, shown: &ShownSecurity, control: Control) -> Option<String> {
    let (t, plans) = (caller.t, &caller.console.app.settings.plans);
    (!plans.has(shown.plan, control)).then(|| match plans.available_from(control) {
        Some(plan) => t.security_from_plan(t.plan(plan)),
        None => t.plan_required_none().to_owned(),
    })
}
