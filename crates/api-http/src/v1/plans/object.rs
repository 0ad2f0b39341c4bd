use rollcall_application::{
    Asks,
    plans::{Bill, KeptPlanChange},
    security::Changer,
};
use rollcall_domain::{
    organizations::Plan,
    plans::{Offer, Plans},
    security::Control,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::UserObject;

/// A plan, and what it entitles to.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(super) struct PlanObject {
    #[schema(example = "pro")]
    plan: &'static str,
    /// The security controls that can be switched on.
    #[schema(example = json!(["call_recording", "phi_protection"]))]
    entitlements: Vec<&'static str>,
    limits: LimitsObject,
}

/// How much of some things a plan has.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanLimits)]
struct LimitsObject {
    /// The most members; null where there is no limit.
    #[schema(example = 250)]
    seats: Option<u32>,
    /// The most API keys that are not revoked; null where there is no limit.
    #[schema(example = 200)]
    api_keys: Option<u32>,
    /// How many days the audit log is kept.
    #[schema(example = 365)]
    audit_retention_days: u32,
    /// How many days recordings of calls are kept.
    #[schema(example = 365)]
    recording_retention_days: u32,
}

impl PlanObject {
    pub(super) fn new(plan: Plan, offer: &Offer) -> Self {
        Self {
            plan: plan.as_str(),
            entitlements: offer.controls.iter().map(Control::as_str).collect(),
            limits: LimitsObject {
                seats: offer.seats,
                api_keys: offer.api_keys,
                audit_retention_days: offer.audit_retention_days,
                recording_retention_days: offer.recording_retention_days,
            },
        }
    }
}

/// What the organization pays for, uses, and could have.
#[derive(Serialize, ToSchema)]
#[schema(as = Billing)]
pub(super) struct BillingObject {
    /// What it pays for.
    #[schema(example = "pro")]
    plan: &'static str,
    usage: UsageObject,
    /// Every plan, the smallest first.
    plans: Vec<PlanObject>,
    /// The last 50 changes of the plan, the newest first.
    changes: Vec<PlanChangeObject>,
}

/// What the organization uses of its plan.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanUsage)]
struct UsageObject {
    /// Members.
    #[schema(example = 12)]
    seats: u64,
    /// API keys that are not revoked.
    #[schema(example = 3)]
    api_keys: u64,
    /// The security controls that are on, of those that plans are told apart by.
    #[schema(example = json!(["call_recording"]))]
    controls: Vec<&'static str>,
}

/// A change of the plan.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanChange)]
struct PlanChangeObject {
    #[schema(example = "free")]
    plan_before: &'static str,
    #[schema(example = "pro")]
    plan: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    changed_at: OffsetDateTime,
    /// By whom; null once they have left, and for the platform's operator.
    changed_by: Option<UserObject>,
    /// Whether it was the platform's operator.
    #[schema(example = false)]
    by_operator: bool,
}

impl BillingObject {
    pub(super) fn new(bill: Bill, plans: &Plans) -> Self {
        let user =
            |Changer { id, email, name }| UserObject { id, email: email.to_string(), name: name.to_string() };
        let change = |kept: KeptPlanChange| PlanChangeObject {
            plan_before: kept.before.as_str(),
            plan: kept.after.as_str(),
            changed_at: kept.at,
            changed_by: kept.by.map(user),
            by_operator: kept.by_operator,
        };
        Self {
            plan: bill.plan.as_str(),
            usage: UsageObject {
                seats: bill.usage.seats,
                api_keys: bill.usage.api_keys,
                controls: bill.usage.controls.iter().map(Control::as_str).collect(),
            },
            plans: Plan::ALL.map(|plan| PlanObject::new(plan, plans.of(plan))).into(),
            changes: bill.changes.into_iter().map(change).collect(),
        }
    }
}

/// What the billing page is called in entity tags.
pub(super) fn tag_name(who: &impl Asks) -> String {
    let organization = who.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.billing")
}
