//! What goes on without being asked: sending mail, forgetting what is long over, removing deleted organizations whose time
//! is over, erasing what is left of people whose accounts have ended, telling people by when they need a second factor, sealing
//! anew what an older key has sealed, counting what waits, writing down when API keys were last used, and what was called with
//! them, giving audit events their places, sketching what can be searched, taking out what is too old, sending checkpoints to
//! their witnesses, and to webhooks what they are to be told, keeping live streams going, removing what is left of recordings,
//! finding out which agents are gone.

mod gauges;
mod keyring;
mod sequencing;

use std::{sync::Arc, time::Duration};

use rollcall_adapter_postgres::PgStore;
use rollcall_api_http::metrics::Metrics;
use rollcall_application::{
    Application, Error, ErrorChain, PassedOver, SealedRows,
    accounts::{self, Erasures},
    api_keys,
    audit::{
        self, Retention, Sketches,
        witness::{self, DueWitnesses},
    },
    availability::{self, DueAgents, QueueDepth},
    mail::Courier,
    organizations,
    ports::{Attempts, Backlog, Clock, Expiry, IdempotencyKeys, Purge},
    recordings::{self, Remains},
    revocations,
    security::{self, MfaNotices},
    stream,
    webhooks::{self, Deliveries, WebhookCourier, WebhookSender},
};
use rollcall_domain::tokens::KeyPurpose;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::sequencing::sequence;

/// The wait after something did not work.
const PAUSE: Duration = Duration::from_secs(1);
/// How often what waits is counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// How often stretches of audit logs are looked for that have no sketch.
const SKETCH_EVERY: Duration = Duration::from_secs(2);
/// How often audit logs are searched for what is past its retention.
const RETAIN_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often checkpoints are looked for that are due.
const WITNESS_EVERY: Duration = Duration::from_secs(1);
/// How often due webhook deliveries are looked for.
const DELIVER_EVERY: Duration = Duration::from_secs(1);
/// How long the outcomes of webhook deliveries are kept.
const DELIVERIES_KEPT: time::Duration = time::Duration::days(90);
/// How often the last uses of API keys are written down.
const WRITE_USES_EVERY: Duration = Duration::from_secs(3);
/// How often the calls that were made with API keys are written down.
const WRITE_CALLS_EVERY: Duration = Duration::from_millis(250);
/// How often what is long over is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often organizations and recordings whose time is over are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(15 * 60);

/// How often the remains of ended accounts are looked for.
const ERASE_EVERY: Duration = Duration::from_secs(1);

/// How often the remains of deleted recordings are looked for.
const CLEAN_RECORDINGS_EVERY: Duration = Duration::from_secs(5);

/// How often agents who have gone, and calls that waited or were held for too long, are looked for.
const SWEEP_AGENTS_EVERY: Duration = Duration::from_secs(1);

/// How often letters about deadlines for second factors are looked for.
const REMIND_EVERY: Duration = Duration::from_secs(2);

/// What the workers work with.
#[derive(Clone)]
pub(crate) struct Workers {
    pub(crate) courier: Courier,
    pub(crate) idempotency: Arc<dyn IdempotencyKeys>,
    pub(crate) expiry: Arc<dyn Expiry>,
    pub(crate) attempts: Arc<dyn Attempts>,
    pub(crate) purge: Arc<dyn Purge>,
    pub(crate) erasures: Arc<dyn Erasures>,
    pub(crate) mfa_notices: Arc<dyn MfaNotices>,
    pub(crate) sealed: Arc<dyn SealedRows>,
    pub(crate) sketches: Arc<dyn Sketches>,
    pub(crate) retention: Arc<dyn Retention>,
    pub(crate) due_witnesses: Arc<dyn DueWitnesses>,
    pub(crate) deliveries: Arc<dyn Deliveries>,
    pub(crate) webhook_sender: Arc<dyn WebhookSender>,
    pub(crate) remains: Arc<dyn Remains>,
    pub(crate) due_agents: Arc<dyn DueAgents>,
    pub(crate) queue_depth: Arc<dyn QueueDepth>,
    pub(crate) backlog: Arc<dyn Backlog>,
    pub(crate) connections: PgStore,
    pub(crate) app: Application,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Workers {
    /// Starts them. They end, each after what it is at, when `stop` is called for.
    pub(crate) fn start(self, tracker: &TaskTracker, stop: &CancellationToken) {
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            while !stopped.is_cancelled() {
                workers.deliver(&stopped).await;
            }
        });
        let (app, stopped) = (self.app.clone(), stop.clone());
        tracker.spawn(async move { sequence(&app, &stopped).await });
        self.regularly(COUNT_EVERY, tracker, stop, |workers, _| async move {
            workers.count().await;
            complain(webhooks::give_up(&workers.app, workers.deliveries.as_ref()).await);
        });
        self.regularly(PURGE_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.purge(&stopped).await);
            complain(workers.retain_recordings(&stopped).await);
        });
        self.regularly(ERASE_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.erase(&stopped).await);
        });
        self.regularly(REMIND_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.remind(&stopped).await);
        });
        self.regularly(SWEEP_AGENTS_EVERY, tracker, stop, |workers, _| async move {
            complain(availability::sweep(&workers.app, workers.due_agents.as_ref()).await);
        });
        self.regularly(CLEAN_RECORDINGS_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.clean_recordings(&stopped).await);
        });
        self.regularly(SKETCH_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.sketch(&stopped).await);
        });
        self.regularly(RETAIN_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.retain(&stopped).await);
        });
        self.regularly(WITNESS_EVERY, tracker, stop, |workers, stopped| async move {
            complain(workers.witness(&stopped).await);
        });
        self.regularly(FORGET_EVERY, tracker, stop, |workers, _| async move { workers.forget().await });
        let (app, stopped) = (self.app.clone(), stop.clone());
        tracker.spawn(async move {
            tokio::select! {
                () = app.feed.keep_looking(&app) => {}
                () = stopped.cancelled() => app.feed.close(),
            }
        });
        let (app, stopped) = (self.app.clone(), stop.clone());
        tracker.spawn(async move {
            tokio::select! {
                () = app.streams.keep(&app) => {}
                () = stopped.cancelled() => app.streams.close(),
            }
        });
        let (app, stopped) = (self.app.clone(), stop.clone());
        tracker.spawn(async move {
            // The last time is when everything else has stopped.
            while pause(WRITE_USES_EVERY, &stopped).await {
                complain(api_keys::write_down_uses(&app).await);
            }
        });
        let (app, stopped) = (self.app.clone(), stop.clone());
        tracker.spawn(async move {
            // The last time is when everything else has stopped.
            while pause(WRITE_CALLS_EVERY, &stopped).await {
                complain(audit::write_down_calls(&app).await.map(drop));
            }
        });
        let stopped = stop.clone();
        tracker.spawn(async move {
            let mut courier = WebhookCourier::new(&self.app, &self.deliveries, &self.webhook_sender);
            while !stopped.is_cancelled() {
                complain(courier.fill().await);
                tokio::select! {
                    done = courier.some_done() => complain(done),
                    _ = pause(DELIVER_EVERY, &stopped) => {}
                }
            }
            complain(courier.finish().await);
        });
    }

    /// Has some work done at once, and again after each wait.
    fn regularly<Work, Done>(
        &self,
        every: Duration,
        tracker: &TaskTracker,
        stop: &CancellationToken,
        work: Work,
    ) where
        Work: Fn(Self, CancellationToken) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send,
    {
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                work(workers.clone(), stopped.clone()).await;
                if !pause(every, &stopped).await {
                    return;
                }
            }
        });
    }

    async fn deliver(&self, stopped: &CancellationToken) {
        // Letters that are being sent are finished, or time out: one that was cut off might go out twice.
        let nothing_to_do = match self.courier.deliver().await {
            Ok(taken) => taken == 0,
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), "the outbox does not answer");
                pause(PAUSE, stopped).await;
                false
            }
        };
        if nothing_to_do {
            tokio::select! {
                () = self.courier.outbox.wait() => {}
                () = stopped.cancelled() => {}
            }
        }
    }

    async fn purge(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let mut passed_over = PassedOver::default();
        while !stopped.is_cancelled()
            && organizations::purge_some(&self.app, self.purge.as_ref(), &mut passed_over).await?
        {}
        Ok(())
    }

    async fn retain_recordings(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let mut passed_over = PassedOver::default();
        while !stopped.is_cancelled()
            && recordings::retain_some(&self.app, self.remains.as_ref(), &mut passed_over).await?
        {}
        Ok(())
    }

    async fn erase(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && accounts::erase_some(&self.app, self.erasures.as_ref()).await? {}
        Ok(())
    }

    async fn clean_recordings(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let mut passed_over = PassedOver::default();
        while !stopped.is_cancelled()
            && recordings::clean_some(&self.app, self.remains.as_ref(), &mut passed_over).await?
        {}
        Ok(())
    }

    async fn remind(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && security::remind_some(&self.app, self.mfa_notices.as_ref()).await? {}
        Ok(())
    }

    async fn sketch(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let mut last = None;
        while !stopped.is_cancelled() {
            // After the last one, rather than passing each time over all that have a sketch.
            last = audit::sketch_next(self.sketches.as_ref(), last).await?;
            if last.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn retain(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let mut passed_over = PassedOver::default();
        while !stopped.is_cancelled()
            && audit::retain_some(&self.app, self.retention.as_ref(), &mut passed_over).await?
        {}
        Ok(())
    }

    async fn witness(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let witnesses = &self.due_witnesses;
        while !stopped.is_cancelled() && witness::send_some(&self.app, witnesses.as_ref()).await? {}
        Ok(())
    }

    /// Each by itself: one that cannot be forgotten now keeps no other.
    async fn forget(&self) {
        let now = self.clock.now();
        complain(self.courier.forget().await.map(drop));
        complain(self.idempotency.forget().await.map(drop).map_err(Error::from));
        complain(self.expiry.forget_sessions(now).await.map(drop).map_err(Error::from));
        complain(self.expiry.forget_signups(now).await.map(drop).map_err(Error::from));
        complain(self.expiry.forget_password_resets(now).await.map(drop).map_err(Error::from));
        complain(self.expiry.forget_email_changes(now).await.map(drop).map_err(Error::from));
        complain(self.expiry.forget_second_factors(now).await.map(drop).map_err(Error::from));
        complain(self.expiry.forget_availability(availability::KEPT).await.map(drop).map_err(Error::from));
        self.seal_anew().await;
        complain(revocations::forget(&self.app).await.map(drop));
        complain(stream::forget(&self.app).await.map(drop));
        complain(self.deliveries.forget(now - DELIVERIES_KEPT).await.map(drop).map_err(Error::from));
        complain(audit::forget_unoffered(&self.app).await.map(drop));
        complain(self.attempts.forget(now).await.map(drop).map_err(Error::from));
        complain(self.app.ceremonies.forget(now).await.map(drop).map_err(Error::from));
        for purpose in KeyPurpose::ALL {
            complain(self.expiry.forget_signing_keys(purpose, now).await.map(drop).map_err(Error::from));
        }
    }
}

/// Waits for the next time; there is none once it is stopped.
async fn pause(every: Duration, stopped: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(every) => true,
        () = stopped.cancelled() => false,
    }
}

fn complain(done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::warn!(error = %ErrorChain(&error), "regular work was not done; it is tried again");
    }
}
