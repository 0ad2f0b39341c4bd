//! What is on its way to subscribers, and what becomes of it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId,
    id::DeliveryId,
    webhooks::{ReceiverStanding, WebhookUrl},
};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{Sealed, ports::StoreError};

/// What a subscriber is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Each day's checkpoint of an audit log.
    Checkpoints,
    /// What becomes of escalated calls.
    Escalations,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 2] = [Self::Checkpoints, Self::Escalations];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoints => "checkpoints",
            Self::Escalations => "escalations",
        }
    }
}

/// What has become of something that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is on its way.
    Queued,
    /// It was taken.
    Sent,
    /// It was given up.
    Failed,
    /// It was to go to another one than there is by now.
    Moot,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Failed, Self::Moot];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Moot => "moot",
        }
    }
}

/// Something that was to be sent, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDelivery {
    /// Names it.
    pub id: DeliveryId,
    /// What has happened.
    pub kind: String,
    /// How many events a checkpoint is about; none for anything else.
    pub size: Option<u64>,
    /// When that happened.
    pub at: OffsetDateTime,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u16,
    /// When that was decided.
    pub settled_at: Option<OffsetDateTime>,
    /// What went wrong the last time.
    pub error: Option<String>,
}

/// How an attempt went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// When the attempt began.
    pub at: OffsetDateTime,
    /// What went wrong.
    pub error: String,
}

/// How it goes with what a subscriber is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryHealth {
    /// When it last took something, since it was chosen.
    pub last_sent_at: Option<OffsetDateTime>,
    /// When and why it last did not, since it was chosen.
    pub last_failure: Option<DeliveryFailure>,
    /// Until when nothing is sent to it, because it has not answered in time.
    pub paused_until: Option<OffsetDateTime>,
    /// How much waits to be sent; 10,000 is that much or more.
    pub waiting: u32,
    /// How much was given up within ninety days; 10,000 is that much or more.
    pub given_up: u32,
}

impl DeliveryHealth {
    /// How it goes at a moment: a pause that is over is none.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> Self {
        Self { paused_until: self.paused_until.filter(|until| *until > now), ..self }
    }

    /// What went wrong the last time, unless something was taken since.
    pub fn failing(&self) -> Option<&DeliveryFailure> {
        self.last_failure.as_ref().filter(|failure| self.last_sent_at.is_none_or(|sent| sent < failure.at))
    }
}

/// Reads what the subscribers of the scope's organization are sent.
#[async_trait]
pub trait DeliveriesView {
    /// The last that was to be sent, the newest first, at most so many.
    async fn deliveries(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        at_most: u16,
    ) -> Result<Vec<ShownDelivery>, StoreError>;

    /// How much was to be sent since a moment.
    async fn deliveries_since(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError>;

    /// How it goes with whoever is told, and nothing where nobody is.
    async fn health(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
    ) -> Result<DeliveryHealth, StoreError>;
}

/// Something that is being sent to a webhook.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// Whose.
    pub organization: OrganizationId,
    /// Names the delivery, for every attempt.
    pub id: DeliveryId,
    /// What the webhook is told.
    pub topic: Topic,
    /// Where it goes.
    pub url: WebhookUrl,
    /// What it is signed with.
    pub secret: Sealed,
    /// When the webhook was chosen,
    pub chosen_at: OffsetDateTime,
    /// and which choice that was, of those that have followed each other.
    pub choices: i32,
    /// What has happened.
    pub kind: String,
    /// What is said of it.
    pub data: Value,
    /// When it happened.
    pub at: OffsetDateTime,
    /// How many attempts came before.
    pub attempts: u16,
    /// What is thought of whoever receives it.
    pub standing: ReceiverStanding,
}

/// Something that is to be sent, and that cannot be read as it is kept. It spoils nothing else.
#[derive(Debug)]
pub struct UnreadableDelivery {
    /// Whose.
    pub organization: OrganizationId,
    /// Names the delivery.
    pub id: DeliveryId,
    /// How many attempts came before.
    pub attempts: u16,
    /// What is wrong with it.
    pub error: StoreError,
}

/// How much more may be sent now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryRoom {
    /// How many attempts may begin at once, from 0: all in all,
    pub places: u16,
    /// of these to receivers of which nothing is known,
    pub new: u16,
    /// and to slow ones.
    pub slow: u16,
    /// How much each webhook is being sent already.
    pub busy: Vec<(OrganizationId, Topic, u16)>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It was taken.
    Sent,
    /// It is to be tried again.
    Later {
        /// When.
        due_at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Failed {
        /// What went wrong.
        error: String,
    },
}

impl DeliveryOutcome {
    /// What went wrong, if anything did.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Sent => None,
            Self::Later { error, .. } | Self::Failed { error } => Some(error),
        }
    }
}

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When it began.
    pub at: OffsetDateTime,
    /// How it ended.
    pub settled: DeliveryOutcome,
    /// What is thought of the receiver by now.
    pub standing: ReceiverStanding,
    /// Until when nothing is sent to it.
    pub paused_until: Option<OffsetDateTime>,
}

/// What is to be sent to webhooks, wherever they are. A narrow door beside the units of work: that something is to be sent is written down
/// by a unit of work; what has become of it is bookkeeping.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Takes what is to be sent now, as far as there is room, and no more than two for each webhook, or one for those that have not
    /// proved to be quick. Nobody else gets it until `lease_until`.
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        room: &DeliveryRoom,
    ) -> Result<Vec<Result<ClaimedDelivery, UnreadableDelivery>>, StoreError>;

    /// Notes how an attempt ended, unless its lease has run out and another has begun, and what it tells of the receiver, unless another
    /// was chosen meanwhile: both before anything else is sent there.
    async fn settle(&self, delivery: &ClaimedDelivery, attempt: &DeliveryAttempt) -> Result<(), StoreError>;

    /// Notes how an attempt ended at something that could not be read.
    async fn settle_unreadable(
        &self,
        unreadable: &UnreadableDelivery,
        at: OffsetDateTime,
        settled: &DeliveryOutcome,
    ) -> Result<(), StoreError>;

    /// Gives up what has waited longest of whatever has more waiting than `keep`; gives back how much that was of whose.
    async fn give_up(
        &self,
        now: OffsetDateTime,
        keep: u32,
        error: &str,
    ) -> Result<BTreeMap<OrganizationId, u64>, StoreError>;

    /// Forgets what became of what happened before a moment.
    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::testing::NOW;

    #[test]
    fn a_pause_that_is_over_is_none() {
        let health = DeliveryHealth { paused_until: Some(NOW), ..DeliveryHealth::default() };
        assert_eq!(health.clone().at(NOW - Duration::SECOND).paused_until, Some(NOW));
        assert_eq!(health.at(NOW).paused_until, None);
    }

    #[test]
    fn whoever_has_taken_something_since_is_failing_no_more() {
        let failure = DeliveryFailure { at: NOW, error: "no".to_owned() };
        let health = DeliveryHealth { last_failure: Some(failure.clone()), ..DeliveryHealth::default() };
        assert_eq!(health.failing(), Some(&failure));
        for (sent, failing) in [(NOW - Duration::SECOND, Some(&failure)), (NOW + Duration::SECOND, None)] {
            let health = DeliveryHealth { last_sent_at: Some(sent), ..health.clone() };
            assert_eq!(health.failing(), failing, "{sent}");
        }
        assert_eq!(DeliveryHealth::default().failing(), None);
    }
}
