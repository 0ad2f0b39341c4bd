//! When there is no audit log: why, and what to do.

use askama::Template;
use axum::response::Response;
use rollcall_domain::{Permission, security::Control};

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "audit/off.html")]
struct OffPage {
    t: Texts,
    /// The plan that has it, if the organization's has not.
    plan: Option<&'static str>,
    /// Whether no plan has it.
    never: bool,
    may: bool,
    billing: bool,
}

impl Page for OffPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.audit_off_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(super) fn page(caller: &Caller) -> Response {
    let plans = &caller.console.app.settings.plans;
    let from = plans.available_from(Control::AuditLog);
    let lacks = !plans.has(caller.organization.plan, Control::AuditLog);
    caller.page(&OffPage {
        t: caller.t,
        plan: from.filter(|_| lacks).map(|plan| caller.t.plan(plan)),
        never: from.is_none(),
        may: caller.may(Permission::SecurityManage),
        billing: caller.may(Permission::BillingRead),
    })
}
