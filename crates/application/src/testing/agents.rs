//! Where nobody is an agent, and nothing waits.

use async_trait::async_trait;
use rollcall_domain::{
    CallId, EscalationId, OrganizationId, UserId,
    availability::{Agent, Cause, Change, Skills},
    escalations::{Escalation, Settings},
    secret::TokenHash,
};
use time::OffsetDateTime;

use super::{Answer, MockUnit};
use crate::{
    Page, PageRequest,
    availability::{Availability, AvailabilityView, ListedAgent, Period, Pulse, Spell},
    escalations::{EscalationFilter, EscalationKey, Escalations, EscalationsView, ShownEscalation},
    sessions::Live,
};

/// Nothing is heard of anybody.
pub(crate) struct Silence;

#[async_trait]
impl Pulse for Silence {
    async fn beat(&self, _: OrganizationId, _: UserId, _: OffsetDateTime, _: OffsetDateTime) -> Answer<()> {
        Ok(())
    }

    async fn renew(
        &self,
        _: OrganizationId,
        _: UserId,
        _: EscalationId,
        _: TokenHash,
        _: OffsetDateTime,
    ) -> Answer<Option<OffsetDateTime>> {
        Ok(None)
    }
}

#[async_trait]
impl AvailabilityView for MockUnit {
    async fn agents_page(
        &mut self,
        _: OrganizationId,
        _: OffsetDateTime,
        _: &PageRequest<UserId>,
    ) -> Answer<Page<ListedAgent, UserId>> {
        Ok(Page { entries: Vec::new(), next: None })
    }

    async fn agent_find(
        &mut self,
        _: OrganizationId,
        _: UserId,
        _: OffsetDateTime,
    ) -> Answer<Option<ListedAgent>> {
        Ok(None)
    }

    async fn availability_spells(
        &mut self,
        _: OrganizationId,
        _: Option<UserId>,
        _: Period,
    ) -> Answer<Vec<Spell>> {
        Ok(Vec::new())
    }

    async fn agents_of(&mut self, _: UserId) -> Answer<Vec<(OrganizationId, Agent)>> {
        Ok(Vec::new())
    }

    async fn agent_kept_out(&mut self, _: OrganizationId, _: UserId) -> Answer<Option<Cause>> {
        Ok(None)
    }

    async fn agents_due(&mut self, _: OrganizationId, _: OffsetDateTime) -> Answer<Vec<UserId>> {
        Ok(Vec::new())
    }

    async fn agents_lapsed(&mut self, _: OrganizationId, _: OffsetDateTime) -> Answer<Vec<UserId>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Availability for MockUnit {
    async fn agent_add(&mut self, _: OrganizationId, _: &Agent) -> Answer<()> {
        Ok(())
    }

    async fn agent_lock(&mut self, _: OrganizationId, _: UserId) -> Answer<Option<Agent>> {
        Ok(None)
    }

    async fn agent_membership_lock(&mut self, _: OrganizationId, _: UserId) -> Answer<()> {
        Ok(())
    }

    async fn agent_save(&mut self, _: OrganizationId, _: &Agent) -> Answer<()> {
        Ok(())
    }

    async fn availability_note(&mut self, _: OrganizationId, _: &Change, _: i32) -> Answer<()> {
        Ok(())
    }

    async fn agents_in(&mut self, _: OrganizationId) -> Answer<Vec<UserId>> {
        Ok(Vec::new())
    }

    async fn agents_signed_out(&mut self, _: UserId, _: Live) -> Answer<Vec<OrganizationId>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl EscalationsView for MockUnit {
    async fn escalation_find(
        &mut self,
        _: OrganizationId,
        _: EscalationId,
        _: OffsetDateTime,
    ) -> Answer<Option<ShownEscalation>> {
        Ok(None)
    }

    async fn escalation_holder(
        &mut self,
        _: OrganizationId,
        _: EscalationId,
        _: OffsetDateTime,
    ) -> Answer<Option<UserId>> {
        Ok(None)
    }

    async fn escalations_page(
        &mut self,
        _: OrganizationId,
        _: EscalationFilter,
        _: OffsetDateTime,
        _: &PageRequest<EscalationKey>,
    ) -> Answer<Page<ShownEscalation, EscalationKey>> {
        Ok(Page { entries: Vec::new(), next: None })
    }

    async fn escalation_settings(&mut self, _: OrganizationId) -> Answer<Settings> {
        Ok(Settings::default())
    }
}

#[async_trait]
impl Escalations for MockUnit {
    async fn escalation_add(&mut self, _: OrganizationId, _: &Escalation) -> Answer<()> {
        Ok(())
    }

    async fn escalation_of_call_lock(&mut self, _: OrganizationId, _: CallId) -> Answer<Option<Escalation>> {
        Ok(None)
    }

    async fn escalation_lock(&mut self, _: OrganizationId, _: EscalationId) -> Answer<Option<Escalation>> {
        Ok(None)
    }

    async fn escalation_next_lock(&mut self, _: OrganizationId, _: &Skills) -> Answer<Option<Escalation>> {
        Ok(None)
    }

    async fn escalations_held_lock(&mut self, _: OrganizationId, _: UserId) -> Answer<Vec<Escalation>> {
        Ok(Vec::new())
    }

    async fn escalations_overdue_lock(
        &mut self,
        _: OrganizationId,
        _: OffsetDateTime,
        _: u16,
    ) -> Answer<Vec<Escalation>> {
        Ok(Vec::new())
    }

    async fn escalation_save(&mut self, _: OrganizationId, _: &Escalation) -> Answer<()> {
        Ok(())
    }

    async fn escalation_to_offer(
        &mut self,
        _: OrganizationId,
        _: OffsetDateTime,
    ) -> Answer<Option<(EscalationId, UserId)>> {
        Ok(None)
    }

    async fn escalation_settings_save(&mut self, _: OrganizationId, _: &Settings) -> Answer<bool> {
        Ok(true)
    }
}
