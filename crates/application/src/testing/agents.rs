//! Where nobody is an agent, and nothing waits, unless a test says otherwise.

use async_trait::async_trait;
use rollcall_domain::{
    EscalationId, OrganizationId, UserId, availability::Choice, escalations::EscalationSettings,
    secret::TokenHash,
};
use time::{Duration, OffsetDateTime};

use super::{Answer, MockUnit, NOW};
use crate::{Page, availability::Pulse};

/// Nothing is heard of anybody.
pub(crate) struct Silence;

#[async_trait]
impl Pulse for Silence {
    async fn beat(&self, _: OrganizationId, _: UserId, _: Duration) -> Answer<Option<Choice>> {
        Ok(None)
    }

    async fn renew(
        &self,
        _: OrganizationId,
        _: UserId,
        _: EscalationId,
        _: TokenHash,
    ) -> Answer<Option<OffsetDateTime>> {
        Ok(None)
    }
}

/// What a unit says that was told nothing about agents. What a test expects goes before it.
pub(super) fn nothing_of_agents(unit: &mut MockUnit) {
    unit.expect_moment().returning(|| Ok(NOW));
    unit.expect_agents_page().returning(|_, _, _, _| Ok(Page { entries: Vec::new(), next: None }));
    unit.expect_agent_find().returning(|_, _, _, _| Ok(None));
    unit.expect_agent_kept_out().returning(|_, _, _| Ok(None));
    unit.expect_agents_of().returning(|_| Ok(Vec::new()));
    unit.expect_agents_lapsed().returning(|_, _| Ok(Vec::new()));
    unit.expect_agent_add().returning(|_, _| Ok(()));
    unit.expect_agent_lock().returning(|_, _| Ok(None));
    unit.expect_agents_forget_notes().returning(|_| Ok(()));
    unit.expect_agents_in().returning(|_| Ok(Vec::new()));
    unit.expect_agents_signed_out().returning(|_, _| Ok(Vec::new()));
    unit.expect_escalation_find().returning(|_, _, _| Ok(None));
    unit.expect_escalation_holder().returning(|_, _, _| Ok(None));
    unit.expect_escalations_page().returning(|_, _, _, _| Ok(Page { entries: Vec::new(), next: None }));
    unit.expect_escalation_settings().returning(|_| Ok(EscalationSettings::default()));
    unit.expect_escalation_of_call_lock().returning(|_, _| Ok(None));
    unit.expect_escalation_lock().returning(|_, _| Ok(None));
    unit.expect_escalation_next_lock().returning(|_, _, _| Ok(None));
    unit.expect_escalations_held_lock().returning(|_, _| Ok(Vec::new()));
    unit.expect_escalation_to_offer().returning(|_, _, _| Ok(None));
}
