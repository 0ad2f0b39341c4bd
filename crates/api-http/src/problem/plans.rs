//! What a plan does not have, or has too little of.

use rollcall_application::Error;
use rollcall_domain::{
    organizations::Plan,
    plans::{COUNTED, Outlived},
    security::Control,
};

use super::{Code, Problem};

/// So many, in words.
fn counted(outlived: u64) -> String {
    let more = if outlived >= u64::from(COUNTED) { " or more" } else { "" };
    format!("{outlived}{more}")
}

impl Problem {
    /// The problem that an error about plans is.
    pub(super) fn of_plan(error: &Error) -> Self {
        match error {
            Error::PlanRequired { control, plan } => {
                let (control, plan) = (control.as_str(), plan.map(Plan::as_str));
                let detail = match plan {
                    Some(plan) => format!("{control} needs the plan {plan} or a larger one."),
                    None => format!("No plan has {control} here."),
                };
                let mut problem = Self::new(Code::PlanRequired, detail);
                problem.0.required_plan = Some(plan);
                problem
            }
            Error::ControlsInUse { controls } => {
                let names: Vec<&str> = controls.iter().map(Control::as_str).collect();
                let detail = format!("The plan lacks what is on: {}.", names.join(", "));
                let mut problem = Self::new(Code::ControlsInUse, detail);
                problem.0.controls = names;
                problem
            }
            Error::RetentionTooShort { outlived: Outlived { recordings, audit_events } } => {
                let detail = format!(
                    "Older than the plan keeps them, and to be deleted: recordings: {}; events of the audit log: {}.",
                    counted(*recordings),
                    counted(*audit_events),
                );
                let mut problem = Self::new(Code::RetentionTooShort, detail);
                problem.0.recordings = Some(*recordings);
                problem.0.audit_events = Some(*audit_events);
                problem
            }
            Error::NoSeatLeft { most } => Self::new(
                Code::SeatLimitReached,
                format!("All {most} seats of the organization's plan are taken."),
            ),
            Error::TooManyMembers { used, most } => Self::new(
                Code::TooManyMembers,
                format!("The organization has {used} members, and the plan has {most} seats."),
            ),
            Error::TooManyApiKeysForPlan { used, most } => Self::new(
                Code::TooManyApiKeys,
                format!(
                    "The organization has {used} API keys that are not revoked, and the plan allows {most}."
                ),
            ),
            Error::PlanChanged { plan } => Self::new(
                Code::PlanChanged,
                format!(
                    "The plan is {plan} by now: somebody else has changed it meanwhile. Nothing has been changed, and nothing is to be paid for it."
                ),
            ),
            Error::PaymentDeclined => Self::plain(Code::PaymentDeclined),
            Error::OrganizationSuspended => Self::plain(Code::Suspended),
            // Only errors about plans are shown to this function.
            _ => Self::plain(Code::Internal),
        }
    }
}
