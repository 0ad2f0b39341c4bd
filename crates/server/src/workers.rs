//! What goes on without being asked: sending mail, forgetting what is long over, removing deleted organizations whose time
//! is over, erasing what is left of people whose accounts have ended, telling people by when they need a second factor, sealing anew what an older key has sealed, counting what waits, writing down when API keys were
//! last used, and what was called with them, giving audit events their places, sketching what can be searched, taking out what is too
//! old, sending checkpoints to their witnesses, and to webhooks what they are to be told, keeping live streams going, removing what is
//! left of recordings, finding out which agents are gone.

use std::{sync::Arc, time::Duration};

use rollcall_adapter_postgres::PgStore;
use rollcall_api_http::metrics::{ConnectionLabels, Metrics, SpanLabels};
use rollcall_application::{
    Application, Error, SealedRows,
    accounts::{self, Erasures},
    api_keys,
    audit::{
        self, Retention, Sketches,
        witness::{self, WitnessPost},
    },
    availability::{self, DueAgents, QueueDepth},
    mail::Courier,
    organizations,
    ports::{Attempts, Backlog, Clock, Expiry, IdempotencyKeys, Purge},
    recordings::{self, Remains},
    reseal, revocations,
    security::{self, MfaNotices},
    stream,
    webhooks::{self, Post, WebhookCourier, Webhooks},
};
use rollcall_domain::tokens::KeyPurpose;
use time::OffsetDateTime;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::telemetry::span_counts;

/// The wait after something did not work.
const PAUSE: Duration = Duration::from_secs(1);
/// How often what waits is counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// How often audit events are looked for that another node has left without a place.
const SEQUENCE_EVERY: Duration = Duration::from_secs(1);
/// How often stretches of audit logs are looked for that have no sketch.
const SKETCH_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked for what is too old in audit logs.
const RETAIN_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often checkpoints are looked for that are due.
const WITNESS_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for what is to be sent to webhooks.
const POST_EVERY: Duration = Duration::from_secs(1);
/// How long it is kept what became of what was sent to webhooks.
const DELIVERIES_KEPT: time::Duration = time::Duration::days(90);
/// How often it is written down when API keys were last used.
const WRITE_USES_EVERY: Duration = Duration::from_secs(3);
/// How often the calls that were made with API keys are written down.
const WRITE_CALLS_EVERY: Duration = Duration::from_millis(250);
/// How often what is long over is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often organizations and recordings whose time is over are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(15 * 60);

/// How often it is looked for what is left of people whose accounts have ended.
const ERASE_EVERY: Duration = Duration::from_secs(1);

/// How often what is left of recordings that are no more is looked for.
const CLEAN_RECORDINGS_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked for agents who are gone, and for what has waited or was held for too long.
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
    pub(crate) witness_post: Arc<dyn WitnessPost>,
    pub(crate) post: Arc<dyn Post>,
    pub(crate) webhooks: Arc<dyn Webhooks>,
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
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.count().await);
                complain(workers.count_events().await);
                complain(workers.count_agents().await);
                complain(workers.count_backlog().await);
                workers.count_here();
                complain(webhooks::give_up(&workers.app, workers.post.as_ref()).await);
                if !pause(COUNT_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.purge(&stopped).await);
                if !pause(PURGE_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.erase(&stopped).await);
                if !pause(ERASE_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.remind(&stopped).await);
                if !pause(REMIND_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(availability::sweep(&workers.app, workers.due_agents.as_ref()).await);
                if !pause(SWEEP_AGENTS_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.clean_recordings(&stopped).await);
                if !pause(CLEAN_RECORDINGS_EVERY, &stopped).await {
                    return;
                }
            }
        });
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
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            // The last time is when everything else has stopped.
            while pause(WRITE_USES_EVERY, &stopped).await {
                complain(api_keys::write_down_uses(&workers.app).await);
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            // The last time is when everything else has stopped.
            while pause(WRITE_CALLS_EVERY, &stopped).await {
                complain(audit::write_down_calls(&workers.app).await.map(drop));
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.sketch(&stopped).await);
                if !pause(SKETCH_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.retain(&stopped).await);
                if !pause(RETAIN_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                complain(workers.witness(&stopped).await);
                if !pause(WITNESS_EVERY, &stopped).await {
                    return;
                }
            }
        });
        let (workers, stopped) = (self.clone(), stop.clone());
        tracker.spawn(async move {
            let mut sending = WebhookCourier::new(&workers.app, &workers.post, &workers.webhooks);
            while !stopped.is_cancelled() {
                complain(sending.fill().await);
                tokio::select! {
                    done = sending.some_done() => complain(done),
                    _ = pause(POST_EVERY, &stopped) => {}
                }
            }
            complain(sending.finish().await);
        });
        let stopped = stop.clone();
        tracker.spawn(async move {
            loop {
                self.forget().await;
                if !pause(FORGET_EVERY, &stopped).await {
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
                tracing::warn!(%error, "the outbox does not answer");
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

    async fn count(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let state = self.courier.outbox.state().await?;
        let age = state.oldest.map_or(0, |oldest| (now - oldest).whole_seconds().max(0));
        self.metrics.outbox_queued.set(i64::try_from(state.queued).unwrap_or(i64::MAX));
        self.metrics.outbox_dead.set(i64::try_from(state.dead).unwrap_or(i64::MAX));
        self.metrics.outbox_oldest_seconds.set(age);
        Ok(())
    }

    async fn count_events(&self) -> Result<(), Error> {
        let sequencing = &self.app.sequencing;
        let sequenced = sequencing.sequenced();
        self.metrics.audit_sequenced.inc_by(sequenced.saturating_sub(self.metrics.audit_sequenced.get()));
        self.metrics.audit_broken.set(i64::try_from(sequencing.broken()).unwrap_or(i64::MAX));
        let refused = &self.metrics.audit_checkpoints_refused;
        refused.inc_by(self.app.checkpoints.refused().saturating_sub(refused.get()));
        let state = sequencing.state().await?;
        let now = self.clock.now();
        let age = state.oldest.map_or(0, |oldest| (now - oldest).whole_seconds().max(0));
        self.metrics.audit_queued.set(i64::try_from(state.queued).unwrap_or(i64::MAX));
        self.metrics.audit_oldest_seconds.set(age);
        Ok(())
    }

    async fn count_agents(&self) -> Result<(), Error> {
        let (app, metrics) = (&self.app, &self.metrics);
        metrics.streams_open.set(i64::try_from(app.streams.count()).unwrap_or(i64::MAX));
        for (counter, counted) in [
            (&metrics.stream_resyncs, app.streams.resyncs()),
            (&metrics.offers_lapsed, app.lapsed.offers()),
            (&metrics.leases_lapsed, app.lapsed.leases()),
        ] {
            counter.inc_by(counted.saturating_sub(counter.get()));
        }
        let waiting = self.queue_depth.waiting().await?;
        metrics.escalations_waiting.set(i64::try_from(waiting.calls).unwrap_or(i64::MAX));
        metrics.escalations_oldest_seconds.set(waiting.longest.whole_seconds().max(0));
        metrics.agents_overdue_seconds.set(waiting.due.whole_seconds().max(0));
        Ok(())
    }

    async fn count_backlog(&self) -> Result<(), Error> {
        let (now, metrics) = (self.clock.now(), &self.metrics);
        let waiting = self.backlog.waiting(now).await?;
        let overdue = |due: Option<OffsetDateTime>| due.map_or(0, |due| (now - due).whole_seconds().max(0));
        metrics.webhooks_queued.set(i64::try_from(waiting.deliveries).unwrap_or(i64::MAX));
        metrics.webhooks_given_up.set(i64::try_from(waiting.given_up).unwrap_or(i64::MAX));
        metrics.webhooks_overdue_seconds.set(overdue(waiting.delivery_due));
        metrics.purge_overdue_seconds.set(overdue(waiting.purge_due));
        metrics.erasure_overdue_seconds.set(overdue(waiting.erasure_due));
        metrics.recording_remains.set(i64::try_from(waiting.remains).unwrap_or(i64::MAX));
        Ok(())
    }

    /// What is known without asking anybody.
    fn count_here(&self) {
        let (metrics, connections) = (&self.metrics, self.connections.connections());
        for (state, count) in [("used", connections.used), ("idle", connections.idle)] {
            metrics.database_connections.get_or_create(&ConnectionLabels { state }).set(count.into());
        }
        metrics.database_connections_limit.set(connections.most.into());
        let spans = span_counts();
        for (outcome, count) in [("sent", spans.sent), ("dropped", spans.dropped), ("failed", spans.failed)] {
            let counter = metrics.trace_spans.get_or_create_owned(&SpanLabels { outcome });
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }

    async fn purge(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && organizations::purge_some(&self.app, self.purge.as_ref()).await? {}
        while !stopped.is_cancelled() && recordings::retain_some(&self.app, self.remains.as_ref()).await? {}
        Ok(())
    }

    async fn erase(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && accounts::erase_some(&self.app, self.erasures.as_ref()).await? {}
        Ok(())
    }

    async fn clean_recordings(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && recordings::clean_some(&self.app, self.remains.as_ref()).await? {}
        Ok(())
    }

    async fn remind(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && security::remind_some(&self.app, self.mfa_notices.as_ref()).await? {}
        Ok(())
    }

    async fn sketch(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && self.sketches.sketch_one().await? {}
        Ok(())
    }

    async fn retain(&self, stopped: &CancellationToken) -> Result<(), Error> {
        while !stopped.is_cancelled() && audit::retain_some(&self.app, self.retention.as_ref()).await? {}
        Ok(())
    }

    async fn witness(&self, stopped: &CancellationToken) -> Result<(), Error> {
        let post = &self.witness_post;
        while !stopped.is_cancelled() && witness::send_some(&self.app, post.as_ref()).await? {}
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
        complain(reseal(&self.app, self.sealed.as_ref()).await.map(drop));
        complain(api_keys::tell_older_ring_keys(&self.app).await);
        complain(revocations::forget(&self.app).await.map(drop));
        complain(stream::forget(&self.app).await.map(drop));
        complain(self.post.forget(now - DELIVERIES_KEPT).await.map(drop).map_err(Error::from));
        complain(audit::forget_unoffered(&self.app).await.map(drop));
        complain(self.attempts.forget(now).await.map(drop).map_err(Error::from));
        complain(self.app.ceremonies.forget(now).await.map(drop).map_err(Error::from));
        for purpose in KeyPurpose::ALL {
            complain(self.expiry.forget_signing_keys(purpose, now).await.map(drop).map_err(Error::from));
        }
    }
}

/// Gives audit events their places. A round that has begun is finished.
async fn sequence(app: &Application, stopped: &CancellationToken) {
    // The first look is at once: whoever served before may have left something.
    let mut at_most = Duration::ZERO;
    while !stopped.is_cancelled() {
        let waited = tokio::select! {
            waited = app.sequencing.wait(at_most) => waited,
            () = stopped.cancelled() => return,
        };
        at_most = SEQUENCE_EVERY;
        let works = match waited {
            Ok(shards) => sequence_all(app, shards, stopped).await,
            Err(error) => {
                complain(Err(error));
                false
            }
        };
        if !works {
            pause(PAUSE, stopped).await;
        }
    }
}

/// In turns, so that no shard waits until another has nothing to do any more. Gives back whether all of it worked.
async fn sequence_all(app: &Application, mut shards: Vec<audit::Shard>, stopped: &CancellationToken) -> bool {
    let mut works = true;
    while !shards.is_empty() && !stopped.is_cancelled() {
        let mut with_more = Vec::new();
        for shard in shards {
            match audit::sequence(app, shard).await {
                Ok(done) if done.more => with_more.push(shard),
                Ok(_) => {}
                // The others go on.
                Err(error) => {
                    complain(Err(error));
                    works = false;
                }
            }
        }
        shards = with_more;
    }
    works
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
        tracing::warn!(%error, "regular work was not done; it is tried again");
    }
}
