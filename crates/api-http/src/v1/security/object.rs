use rollcall_application::{
    Actor,
    security::{Changer, KeptControl, KeptDeadline, ShownSecurity},
};
use rollcall_domain::{
    OrganizationId, UserId,
    organizations::Plan,
    plans::Plans,
    security::{Control, ControlSet},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::UserObject;

/// The organization's security controls.
#[derive(Serialize, ToSchema)]
#[schema(as = Security)]
pub(in crate::v1) struct SecurityObject {
    /// Whether calls can be recorded.
    call_recording: SwitchObject,
    /// Whether what identifies somebody is masked in transcripts.
    phi_protection: SwitchObject,
    /// Whether calls are encrypted between their participants.
    end_to_end_encryption: SwitchObject,
    /// Whether what is done is kept so that it can be proved.
    audit_log: SwitchObject,
    mfa_required: MfaRequired,
}

/// A control that is on or off.
#[derive(Serialize, ToSchema)]
#[schema(as = Switch)]
struct SwitchObject {
    #[schema(example = false)]
    enabled: bool,
    #[serde(flatten)]
    control: ControlObject,
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
    /// Whether the organization's plan has it, so that it can be switched on.
    #[schema(example = true)]
    available: bool,
    /// The smallest plan that has it; null where no plan does.
    #[schema(example = "free")]
    available_from_plan: Option<&'static str>,
    /// When it was last changed; null if it never was.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = Option<String>)]
    changed_at: Option<OffsetDateTime>,
    /// By whom; null if it never was, once they have left, and for the platform's operator.
    changed_by: Option<UserObject>,
    /// What it does while it is on, also beside the others that are on now.
    effects: Vec<&'static str>,
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

/// What controls are shown by.
struct Around<'a> {
    plan: Plan,
    plans: &'a Plans,
    on: ControlSet,
}

impl Around<'_> {
    fn control(
        &self,
        control: Control,
        changed_at: Option<OffsetDateTime>,
        changed_by: Option<Changer>,
    ) -> ControlObject {
        let user =
            |Changer { id, email, name }| UserObject { id, email: email.to_string(), name: name.to_string() };
        ControlObject {
            available: self.plans.has(self.plan, control),
            available_from_plan: self.plans.available_from(control).map(Plan::as_str),
            changed_at,
            changed_by: changed_by.map(user),
            effects: control.effects(self.on),
        }
    }

    fn switch(&self, controls: &[KeptControl], control: Control) -> SwitchObject {
        let kept = controls.iter().find(|kept| kept.control == control).cloned();
        let KeptControl { enabled, changed_at, changed_by, .. } = kept.unwrap_or(KeptControl::off(control));
        SwitchObject { enabled, control: self.control(control, changed_at, changed_by) }
    }
}

impl SecurityObject {
    pub(in crate::v1) fn new(shown: ShownSecurity, plans: &Plans) -> Self {
        let around = Around { plan: shown.plan, plans, on: shown.on() };
        let switch = |control| around.switch(&shown.controls, control);
        let kept = shown.mfa_required;
        Self {
            call_recording: switch(Control::CallRecording),
            phi_protection: switch(Control::PhiProtection),
            end_to_end_encryption: switch(Control::EndToEndEncryption),
            audit_log: switch(Control::AuditLog),
            mfa_required: MfaRequired {
                enabled: kept.rule.enabled,
                grace_days: kept.rule.grace.get(),
                control: around.control(Control::MfaRequired, kept.changed_at, kept.changed_by),
            },
        }
    }
}

/// What tags call the controls: they are another thing than the organization, and shown otherwise with another plan.
pub(super) fn tag_name(actor: &Actor) -> String {
    let place = actor.place.as_ref().map(|(organization, _)| (organization.id, organization.plan));
    place.map(|(organization, plan)| format!("{organization}.security.{plan}")).unwrap_or_default()
}
