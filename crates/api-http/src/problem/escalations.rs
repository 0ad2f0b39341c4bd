//! What is wrong with a request about an escalation.

use rollcall_domain::escalations::EscalationRefusal;

use super::{Code, Problem};

impl Problem {
    /// The problem that a refusal is.
    pub(super) fn of_escalation(refusal: EscalationRefusal) -> Self {
        Self::plain(match refusal {
            EscalationRefusal::AlreadyClaimed => Code::AlreadyClaimed,
            EscalationRefusal::NotAvailable => Code::NotAvailable,
            EscalationRefusal::SkillsMissing => Code::SkillsMissing,
            EscalationRefusal::LeaseLost => Code::LeaseLost,
            EscalationRefusal::Ended => Code::EscalationEnded,
            EscalationRefusal::Exists => Code::EscalationExists,
        })
    }
}
