//! Webhooks: who chose them, what is on its way to them, and what became of that.
//!
//! There is one way to all of them, whether they are sent checkpoints of an audit log or what becomes of escalated calls.

mod deliver;
#[cfg(test)]
mod deliver_tests;
mod ports;
mod remove;
mod resend;
mod secret;
mod set;
mod show;

pub use deliver::{Deliveries, give_up};
pub use ports::{
    ClaimedDelivery, DeliveriesView, DeliveryAttempt, DeliveryFailure, DeliveryHealth, DeliveryOutcome,
    DeliveryRoom, DeliveryState, KeptWebhook, NewWebhook, NotTaken, Patience, Post, ShownDelivery, Topic,
    UnreadableDelivery, WebhookMessage, Webhooks, WebhooksKept, WebhooksView,
};
pub use remove::remove;
pub use resend::resend;
pub(crate) use secret::{mint, seal};
pub use set::{ChosenWebhook, set};
pub use show::{ShownWebhook, show};
