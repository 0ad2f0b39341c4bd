//! What metrics say of how much waits, on this node and altogether.

use rollcall_api_http::metrics::{ConnectionLabels, SpanLabels};
use rollcall_application::Error;
use time::OffsetDateTime;

use super::{Workers, complain};
use crate::telemetry::span_counts;

impl Workers {
    /// Counts what waits, and what there is.
    pub(super) async fn count(&self) {
        complain(self.count_letters().await);
        complain(self.count_events().await);
        complain(self.count_agents().await);
        complain(self.count_backlog().await);
        self.count_here();
    }

    async fn count_letters(&self) -> Result<(), Error> {
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
}
