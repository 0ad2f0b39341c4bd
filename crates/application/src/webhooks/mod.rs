//! Webhooks: who chose them, what is on its way to them, and what became of that.
//!
//! There is one way to all of them, whether they are sent checkpoints of an audit log or what becomes of escalated calls.

mod deliver;
#[cfg(test)]
mod deliver_tests;
mod deliveries;
mod ports;
mod remove;
mod resend;
mod secret;
mod set;
mod show;

pub use deliver::{WebhookCourier, give_up};
pub use deliveries::{
    ClaimedDelivery, Deliveries, DeliveriesView, DeliveryAttempt, DeliveryFailure, DeliveryHealth,
    DeliveryOutcome, DeliveryRoom, DeliveryState, ShownDelivery, Topic, UnreadableDelivery,
};
pub use ports::{
    KeptWebhook, NewWebhook, NotTaken, Patience, WebhookMessage, WebhookSender, Webhooks, WebhooksView,
};
pub use remove::remove;
pub use resend::resend;
pub(crate) use secret::{mint, seal};
pub use set::{WebhookChoice, set};
pub use show::{ShownWebhook, show};
