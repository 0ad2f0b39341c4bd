//! A copy of the database that is a moment behind.

use std::time::Duration;

use rollcall_application::{
    ErrorChain,
    ports::{Scope, StoreError},
};
use rollcall_domain::EventId;
use tokio::time::{Instant, sleep};

use crate::{
    connection::Pool,
    error::store_error,
    store::PgStore,
    transaction::{NO_ORGANIZATION, Transaction, TransactionPurpose},
};

/// The longest wait until a replica has what is committed now.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often this is checked.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a replica turned out to be.
enum Replica {
    /// It has the event, in what this shows of it.
    Has(Box<Transaction>),
    /// It does not have it.
    Lacks,
    /// It takes changes of its own: it follows nobody.
    FollowsNobody,
}

impl PgStore {
    /// A view of the replica that has an event. None if there is none that gets it in time: it is slower without it, never wrong.
    pub(crate) async fn view_of_replica(&self, scope: Scope, since: EventId) -> Option<Box<Transaction>> {
        let replica = self.replica.as_ref()?;
        match self.wait_for(replica, scope, since).await {
            Ok(Replica::Has(view)) => return Some(view),
            Ok(Replica::Lacks) => {
                tracing::warn!(
                    "the replica is too far behind, or follows another database; the database itself is read"
                );
            }
            Ok(Replica::FollowsNobody) => {
                tracing::warn!(
                    "ROLLCALL__DATABASE__REPLICA_URL does not lead to a standby; the primary is read instead"
                );
            }
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), "the replica cannot be read; the database itself is")
            }
        }
        None
    }

    async fn wait_for(&self, replica: &Pool, scope: Scope, since: EventId) -> Result<Replica, StoreError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.look(replica, scope, since).await? {
                Replica::Lacks if Instant::now() < until => sleep(LOOK_EVERY).await,
                found => return Ok(found),
            }
        }
    }

    /// Whether the replica has an event that was committed after all that is to be in the view. Not by how far it has come:
    /// positions in the log of changes say nothing about which history they are of, and after a failover a standby may have come
    /// far in the one that was left behind.
    async fn look(&self, replica: &Pool, scope: Scope, since: EventId) -> Result<Replica, StoreError> {
        let mut view = Transaction::begin_on(replica, self, scope, TransactionPurpose::Look).await?;
        // The first statement is what the whole view sees.
        let found = sqlx::query!(
            r#"SELECT pg_is_in_recovery() AS "standby!",
                      EXISTS (SELECT FROM audit_events WHERE org_id = $1 AND event_id = $2) AS "has!""#,
            scope.organization().map_or(NO_ORGANIZATION, |organization| organization.uuid()),
            since.uuid(),
        );
        let found = found.fetch_one(view.connection()).await.map_err(store_error)?;
        Ok(match (found.standby, found.has) {
            (false, _) => Replica::FollowsNobody,
            (true, true) => Replica::Has(Box::new(view)),
            (true, false) => Replica::Lacks,
        })
    }
}
