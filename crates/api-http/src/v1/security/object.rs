use rollcall_application::{
    Actor,
    security::{Changer, KeptDeadline, Shown},
};
use rollcall_domain::{OrganizationId, UserId, security::Control};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::UserObject;

/// The organization's security controls.
#[derive(Serialize, ToSchema)]
#[schema(as = Security)]
pub(in crate::v1) struct SecurityObject {
    mfa_required: MfaRequired,
}

/// Whether everybody needs a second factor.
#[derive(Serialize, ToSchema)]
struct MfaRequired {
    #[schema(example = true)]
    enabled: bool,
    /// How many days people have to set one up, from when this goes on or they come in: 0 to 90.
    #[schema(example = 7)]
    grace_days: u8,
    #[serde(flatten)]
    control: ControlObject,
}

/// What is the same for every control.
#[derive(Serialize, ToSchema)]
#[schema(as = Control)]
struct ControlObject {
    /// Whether the organization's plan has it.
    #[schema(example = true)]
    available: bool,
    /// The smallest plan that has it.
    #[schema(example = "free")]
    available_from_plan: &'static str,
    /// When it was last changed; null if it never was.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = Option<String>)]
    changed_at: Option<OffsetDateTime>,
    /// By whom; null if it never was, or once they have left.
    changed_by: Option<UserObject>,
    /// What it does while it is on.
    effects: &'static [&'static str],
}

/// By when somebody needs, or needed, a second factor in an organization. It is kept when they leave, and while none is asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = MfaDeadline)]
pub(in crate::v1) struct MfaDeadlineObject {
    #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: OrganizationId,
    #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
    user_id: UserId,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-09T03:04:05Z", value_type = String)]
    deadline_at: OffsetDateTime,
}

impl From<KeptDeadline> for MfaDeadlineObject {
    fn from(KeptDeadline { organization, user, at }: KeptDeadline) -> Self {
        Self { organization_id: organization, user_id: user, deadline_at: at }
    }
}

impl From<Shown> for SecurityObject {
    fn from(Shown { plan, mfa_required: kept }: Shown) -> Self {
        let control = Control::MfaRequired;
        let user =
            |Changer { id, email, name }| UserObject { id, email: email.to_string(), name: name.to_string() };
        Self {
            mfa_required: MfaRequired {
                enabled: kept.rule.enabled,
                grace_days: kept.rule.grace.get(),
                control: ControlObject {
                    available: control.is_available(plan),
                    available_from_plan: control.available_from().as_str(),
                    changed_at: kept.changed_at,
                    changed_by: kept.changed_by.map(user),
                    effects: control.effects(),
                },
            },
        }
    }
}

/// What tags call the controls: they are another thing than the organization.
pub(super) fn tag_name(actor: &Actor) -> String {
    let organization = actor.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.security")
}
