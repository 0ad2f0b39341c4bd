//! Settings → Billing: what the organization pays for, uses, and could have.

use askama::Template;
use rollcall_application::plans::{self, KeptPlanChange};
use rollcall_domain::{Permission, organizations::Plan, plans::Offer};

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::Answer,
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/billing";

#[derive(Template)]
#[template(path = "plans/billing.html")]
struct BillingPage {
    t: Texts,
    seats: String,
    keys: String,
    /// The controls that are on.
    on: Vec<&'static str>,
    offers: Vec<Offered>,
    changes: Vec<Change>,
}

impl Page for BillingPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.billing_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

struct Offered {
    name: &'static str,
    means: &'static str,
    has: Vec<String>,
    current: bool,
    /// Where it is gone over to.
    change: Option<String>,
}

struct Change {
    at: Moment,
    what: String,
    by: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    let t = caller.t;
    let bill = plans::billing(&caller.console.app, &caller.actor).await?;
    let catalogue = &caller.console.app.settings.plans;
    let offer = catalogue.of(bill.plan);
    let may = caller.may(Permission::BillingManage);
    let offered = |plan: Plan| Offered {
        name: t.plan(plan),
        means: t.plan_means(plan),
        has: has(t, catalogue.of(plan)),
        current: plan == bill.plan,
        change: (may && plan != bill.plan).then(|| format!("{PATH}/change/{plan}")),
    };
    Ok(caller.page(&BillingPage {
        t,
        seats: used(t, bill.usage.seats, offer.seats),
        keys: used(t, bill.usage.api_keys, offer.api_keys),
        on: bill.usage.controls.iter().map(|control| t.control(control)).collect(),
        offers: Plan::ALL.map(offered).into(),
        changes: bill.changes.into_iter().map(|change| shown(&caller, change)).collect(),
    }))
}

/// What a plan has, line by line.
pub(super) fn has(t: Texts, offer: &Offer) -> Vec<String> {
    let seats = offer.seats.map(|most| t.billing_plan_seats(most));
    let keys = offer.api_keys.map(|most| t.billing_plan_keys(most));
    let mut has = vec![
        seats.unwrap_or_else(|| t.billing_plan_seats_unlimited().to_owned()),
        keys.unwrap_or_else(|| t.billing_plan_keys_unlimited().to_owned()),
        t.billing_plan_audit(t.kept_for(offer.audit_retention_days)),
        t.billing_plan_recordings(t.kept_for(offer.recording_retention_days)),
        t.billing_plan_mfa().to_owned(),
    ];
    has.extend(offer.controls.iter().map(|control| t.control(control).to_owned()));
    has
}

fn used(t: Texts, used: u64, most: Option<u32>) -> String {
    let used = t.number(used);
    match most {
        Some(most) => t.billing_used_of(used, t.number(most)),
        None => t.billing_used_unlimited(used),
    }
}

fn shown(caller: &Caller, change: KeptPlanChange) -> Change {
    let t = caller.t;
    let by = match (change.by, change.by_operator) {
        (Some(by), _) => by.name.to_string(),
        (None, true) => t.billing_by_operator().to_owned(),
        (None, false) => t.billing_by_gone().to_owned(),
    };
    let what = t.billing_from_to(t.plan(change.before), t.plan(change.after));
    Change { at: caller.times.show(change.at), what, by }
}
