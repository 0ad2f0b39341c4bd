//! What stands behind plans and the operator's paths in unit tests.

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId,
    plans::{Offer, Plans},
    security::Control,
};

use super::Answer;
use crate::{
    Error, Page, PageRequest,
    audit::{AuditIntake, EventLine},
    operator::{Tenant, Tenants},
    plans::{Billing, Order, Receipt},
};

/// A log that is off.
pub(crate) struct Off;

#[async_trait]
impl AuditIntake for Off {
    async fn take(&self, _: OrganizationId, _: &[EventLine]) -> Answer<Option<usize>> {
        Ok(None)
    }
}

/// A platform without organizations.
pub(crate) struct Nobody;

#[async_trait]
impl Tenants for Nobody {
    async fn page(&self, _: &PageRequest<OrganizationId>) -> Answer<Page<Tenant, OrganizationId>> {
        Ok(Page { entries: Vec::new(), next: None })
    }

    async fn find(&self, _: OrganizationId) -> Answer<Option<Tenant>> {
        Ok(None)
    }
}

/// Is content with every plan.
pub(crate) struct Agrees;

#[async_trait]
impl Billing for Agrees {
    async fn agree(&self, order: &Order) -> Result<Receipt, Error> {
        Ok(Receipt { order: *order, provider: "test", reference: None })
    }

    async fn withdraw(&self, _: &Order, _: Option<&Receipt>) -> Result<(), Error> {
        Ok(())
    }
}

/// A small plan with two seats and ten keys, and larger ones.
pub(crate) fn plans() -> Plans {
    let offer = |controls: &[Control], seats| Offer {
        controls: controls.iter().copied().collect(),
        seats,
        api_keys: Some(10),
        audit_retention_days: 30,
        recording_retention_days: 30,
    };
    let pro = [Control::CallRecording, Control::PhiProtection];
    Plans::new([offer(&[], Some(2)), offer(&pro, Some(50)), offer(&Control::SOLD, None)]).expect("plans")
}
