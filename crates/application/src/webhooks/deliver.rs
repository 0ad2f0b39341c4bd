//! What is on its way to webhooks is sent, with no transaction open, and tried again with patience.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use rollcall_domain::{
    OrganizationId,
    webhooks::{ATTEMPTS, Lane, Manner, wait_after},
};
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::task::{Id, JoinError, JoinSet};

use super::{
    ClaimedDelivery, Deliveries, DeliveryAttempt, DeliveryOutcome, DeliveryRoom, NotTaken, Topic,
    UnreadableDelivery, WebhookMessage, WebhookSender, secret::open,
};
use crate::{Application, Error, ErrorChain, keyring::UnsealError};

/// How many are sent at a time;
const PLACES: u16 = 20;
/// of these to receivers of which nothing is known,
const NEW: u16 = 8;
/// and to those that keep others waiting. There are always some left for those that answer.
const SLOW: u16 = 4;
/// How long nobody else sends what is being sent. Longer than sending can take.
const LEASE: Duration = Duration::minutes(2);
/// The most characters that are kept of what went wrong.
const ERROR_CHARACTERS: usize = 300;
/// How much of one organization may wait.
const WAITING: u32 = 10_000;

/// Gives up what has waited longest where too much waits.
///
/// # Errors
/// When the database does not answer.
pub async fn give_up(app: &Application, deliveries: &dyn Deliveries) -> Result<(), Error> {
    let error = format!("more than {WAITING} waited to be sent, and this had waited longest");
    for (organization, given_up) in deliveries.give_up(app.now(), WAITING, &error).await? {
        tracing::warn!(
            %organization,
            given_up,
            "too much waits for a webhook that does not take it; the oldest is given up"
        );
    }
    Ok(())
}

/// What is being sent: places that are taken anew as each becomes free. Whoever hangs keeps one, and nobody waits for it.
pub struct WebhookCourier {
    app: Application,
    deliveries: Arc<dyn Deliveries>,
    sender: Arc<dyn WebhookSender>,
    tasks: JoinSet<Result<(), Error>>,
    places: HashMap<Id, Place>,
}

struct Place {
    organization: OrganizationId,
    topic: Topic,
    lane: Lane,
}

impl WebhookCourier {
    /// Nothing is, at first.
    pub fn new(app: &Application, deliveries: &Arc<dyn Deliveries>, sender: &Arc<dyn WebhookSender>) -> Self {
        let (app, deliveries, sender) = (app.clone(), deliveries.clone(), sender.clone());
        Self { app, deliveries, sender, tasks: JoinSet::new(), places: HashMap::new() }
    }

    /// Begins to send what is due, as far as there are places.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fill(&mut self) -> Result<(), Error> {
        let room = self.room();
        if room.places == 0 {
            return Ok(());
        }
        let now = self.app.now();
        let mut result = Ok(());
        for claimed in self.deliveries.claim(now, now + LEASE, &room).await? {
            let claimed = match claimed {
                Ok(claimed) => claimed,
                Err(unreadable) => {
                    let put_by = put_by(self.deliveries.as_ref(), &unreadable, now).await;
                    result = result.and(put_by);
                    continue;
                }
            };
            let (organization, topic, lane) = (claimed.organization, claimed.topic, claimed.standing.lane());
            let (app, deliveries, sender) = (self.app.clone(), self.deliveries.clone(), self.sender.clone());
            let task = self
                .tasks
                .spawn(async move { send(&app, deliveries.as_ref(), sender.as_ref(), &claimed).await });
            self.places.insert(task.id(), Place { organization, topic, lane });
        }
        result
    }

    /// Waits until there are more places, for ever if nothing is being sent.
    ///
    /// # Errors
    /// When the database does not answer. That a webhook does not is no error: what it was sent waits for its next attempt.
    pub async fn some_done(&mut self) -> Result<(), Error> {
        let Some(done) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        let mut result = self.leave(done);
        while let Some(done) = self.tasks.try_join_next_with_id() {
            result = result.and(self.leave(done));
        }
        result
    }

    /// Waits until nothing is being sent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn finish(&mut self) -> Result<(), Error> {
        let mut result = Ok(());
        while !self.tasks.is_empty() {
            result = result.and(self.some_done().await);
        }
        result
    }

    fn leave(&mut self, done: Result<(Id, Result<(), Error>), JoinError>) -> Result<(), Error> {
        let (id, sent) = match done {
            Ok((id, sent)) => (id, sent),
            Err(panic) => (panic.id(), Err(Error::Internal(Box::new(panic)))),
        };
        self.places.remove(&id);
        sent
    }

    fn room(&self) -> DeliveryRoom {
        let mut room = DeliveryRoom { places: PLACES, new: NEW, slow: SLOW, busy: Vec::new() };
        let mut busy = BTreeMap::<_, u16>::new();
        for place in self.places.values() {
            room.places = room.places.saturating_sub(1);
            match place.lane {
                Lane::Prompt => {}
                Lane::New => room.new = room.new.saturating_sub(1),
                Lane::Slow => room.slow = room.slow.saturating_sub(1),
            }
            *busy.entry((place.organization, place.topic)).or_default() += 1;
        }
        room.busy =
            busy.into_iter().map(|((organization, topic), count)| (organization, topic, count)).collect();
        room
    }
}

/// Notes that something cannot be read: it is tried again, as a node of another version may be able to, and given up in the end, like
/// whatever is not taken.
async fn put_by(
    deliveries: &dyn Deliveries,
    unreadable: &UnreadableDelivery,
    at: OffsetDateTime,
) -> Result<(), Error> {
    let UnreadableDelivery { organization, id, attempts, error } = unreadable;
    tracing::error!(
        %organization,
        delivery = %id,
        attempts = attempts + 1,
        error = %ErrorChain(error),
        "what is to be sent to a webhook cannot be read"
    );
    let not_sent = Err(NotTaken::Now("it cannot be read as it is kept".to_owned()));
    Ok(deliveries.settle_unreadable(unreadable, at, &settled(*attempts, not_sent, at)).await?)
}

async fn send(
    app: &Application,
    deliveries: &dyn Deliveries,
    sender: &dyn WebhookSender,
    claimed: &ClaimedDelivery,
) -> Result<(), Error> {
    let began = app.now();
    let sent = match message(app, claimed) {
        Ok(message) => sender.send(message).await,
        Err(not_sent) => Err(not_sent),
    };
    let at = app.now();
    let manner = match &sent {
        Err(NotTaken::Late(_)) => Manner::Never,
        _ => Manner::of(at - began),
    };
    let standing = claimed.standing.after(manner);
    let settled = settled(claimed.attempts, sent, at);
    if let Some(error) = settled.error() {
        let attempts = claimed.attempts + 1;
        tracing::warn!(
            organization = %claimed.organization,
            delivery = %claimed.id,
            attempts,
            error,
            kind = claimed.kind,
            "a webhook has not taken what it was sent"
        );
    }
    let paused_until = standing.pause().map(|pause| at + pause);
    Ok(deliveries.settle(claimed, &DeliveryAttempt { at, settled, standing, paused_until }).await?)
}

/// What follows from an attempt, after so many others.
fn settled(attempts: u16, sent: Result<(), NotTaken>, at: OffsetDateTime) -> DeliveryOutcome {
    let short = |error: String| error.chars().take(ERROR_CHARACTERS).collect();
    match sent {
        Ok(()) => DeliveryOutcome::Sent,
        Err(NotTaken::Now(error) | NotTaken::Late(error)) => match wait_after(attempts.saturating_add(1)) {
            Some(wait) if attempts.saturating_add(1) < ATTEMPTS => {
                DeliveryOutcome::Later { due_at: at + wait, error: short(error) }
            }
            _ => DeliveryOutcome::Failed { error: short(error) },
        },
        Err(NotTaken::Ever(error)) => DeliveryOutcome::Failed { error: short(error) },
    }
}

/// What the webhook is told, in the form of Standard Webhooks.
fn message(app: &Application, claimed: &ClaimedDelivery) -> Result<WebhookMessage, NotTaken> {
    let secret = open(app, claimed.organization, claimed.topic, &claimed.secret);
    let secret = secret.map_err(|closed| match closed {
        // Once whoever runs the service has put the key back, it is sent.
        UnsealError::Missing { .. } => {
            tracing::error!(
                organization = %claimed.organization,
                error = %ErrorChain(&closed),
                "a webhook is not sent"
            );
            NotTaken::Now("it could not be signed at the moment".to_owned())
        }
        UnsealError::Damaged { .. } => {
            NotTaken::Ever("its secret cannot be opened; choose the webhook again".to_owned())
        }
    })?;
    let unwritable = |error: &dyn std::error::Error| NotTaken::Ever(error.to_string());
    let at = claimed.at.format(&Rfc3339).map_err(|error| unwritable(&error))?;
    let body = json!({"type": claimed.kind, "timestamp": at, "data": claimed.data});
    Ok(WebhookMessage {
        url: claimed.url.clone(),
        id: claimed.id,
        at: app.now(),
        secret,
        body: serde_json::to_vec(&body).map_err(|error| unwritable(&error))?,
    })
}
