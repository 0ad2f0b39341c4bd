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

pub use deliver::{Sending, give_up};
pub use ports::{
    Attempted, Claimed, DeliveriesView, DeliveryState, Failure, Health, KeptWebhook, Message, NewWebhook,
    NotTaken, Patience, Post, Room, Settled, ShownDelivery, Topic, Unreadable, Webhooks, WebhooksKept,
    WebhooksView,
};
pub use remove::remove;
pub use resend::resend;
pub(crate) use secret::{mint, seal};
pub use set::{Chosen, set};
pub use show::{Shown, show};
