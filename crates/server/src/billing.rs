//! Who collects the money, where no payment provider does.

use async_trait::async_trait;
use rollcall_application::{
    Error,
    plans::{Billing, Order, Receipt},
};

/// Agrees to everything: changes of plans are recorded, and bills are written from that.
#[derive(Debug, Clone, Copy)]
pub struct OnAccount;

#[async_trait]
impl Billing for OnAccount {
    async fn agree(&self, order: &Order) -> Result<Receipt, Error> {
        Ok(Receipt { order: *order, provider: "on_account", reference: None })
    }

    /// What is not recorded is not billed.
    async fn withdraw(&self, _: &Order, _: Option<&Receipt>) -> Result<(), Error> {
        Ok(())
    }
}
