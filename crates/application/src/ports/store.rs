//! The one door to what is kept: a scoped unit of work, whose commit carries the record.

use async_trait::async_trait;
use rollcall_domain::EventId;

use super::{AttemptsLookedAt, Scope};
use crate::{
    accounts::{Accounts, AccountsView},
    api_keys::{ApiKeys, ApiKeysView},
    audit::{
        AuditView, LogView, OwnEvents, Record, TreeView,
        witness::{Witnesses, WitnessesView},
    },
    availability::{Availability, AvailabilityView},
    calls::{Calls, CallsView, MediaKeyring, MediaKeyringView, Transcripts, TranscriptsView},
    escalations::{Escalations, EscalationsView},
    invitations::{Invitations, InvitationsView},
    members::{Members, MembersView},
    organizations::{Organizations, OrganizationsView},
    passkeys::{Passkeys, PasskeysView},
    plans::{PlanChanges, PlanChangesView},
    recordings::{Recordings, RecordingsView},
    second_factors::{SecondFactors, SecondFactorsView},
    security::{Security, SecurityView},
    sessions::{Sessions, SessionsView},
    tokens::{SigningKeys, SigningKeysView},
    webhooks::{DeliveriesView, Webhooks, WebhooksView},
};

/// Opens transactions. One takes a connection, so it may have to wait for that, and fail with [`StoreError::Unavailable`].
#[async_trait]
pub trait Store: Send + Sync {
    /// A transaction that may change what is in `scope`.
    async fn begin(&self, scope: Scope) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// A transaction that reads what is in `scope`, all of it at one moment.
    async fn view(&self, scope: Scope) -> Result<Box<dyn View>, StoreError>;

    /// The same for whoever reads for long: of a copy of the database, if there is one that has an event of the scope's log, and so all
    /// that was committed before it.
    async fn view_for_long(&self, scope: Scope, since: EventId) -> Result<Box<dyn View>, StoreError>;
}

/// Reads in one scope. A `find` gives what is there; nothing is locked.
pub trait View:
    AccountsView
    + OrganizationsView
    + MembersView
    + InvitationsView
    + ApiKeysView
    + CallsView
    + AvailabilityView
    + EscalationsView
    + TranscriptsView
    + MediaKeyringView
    + SessionsView
    + SecondFactorsView
    + PasskeysView
    + RecordingsView
    + SecurityView
    + PlanChangesView
    + SigningKeysView
    + AuditView
    + TreeView
    + OwnEvents
    + LogView
    + WitnessesView
    + WebhooksView
    + DeliveriesView
    + Send
{
}

impl<T> View for T where
    T: AccountsView
        + OrganizationsView
        + MembersView
        + InvitationsView
        + ApiKeysView
        + CallsView
        + AvailabilityView
        + EscalationsView
        + TranscriptsView
        + MediaKeyringView
        + SessionsView
        + SecondFactorsView
        + PasskeysView
        + RecordingsView
        + SecurityView
        + PlanChangesView
        + SigningKeysView
        + AuditView
        + TreeView
        + OwnEvents
        + LogView
        + WitnessesView
        + WebhooksView
        + DeliveriesView
        + Send
{
}

/// A change in the making, in one scope. Dropped without a commit, it never was.
#[async_trait]
pub trait UnitOfWork:
    View
    + Accounts
    + Organizations
    + Members
    + Invitations
    + ApiKeys
    + Calls
    + Availability
    + Escalations
    + Transcripts
    + MediaKeyring
    + Sessions
    + SecondFactors
    + Passkeys
    + Recordings
    + Security
    + PlanChanges
    + SigningKeys
    + Witnesses
    + Webhooks
    + AttemptsLookedAt
{
    /// Writes down what was done in this scope, and goes on in another one: somebody leaves all of their organizations at once.
    /// It is still one change, and none of it lasts before the [commit](Self::commit).
    async fn go_on(&mut self, record: Record, scope: Scope) -> Result<(), StoreError>;

    /// Makes the change last, together with its audit events and the mails it causes: all or nothing.
    ///
    /// # Errors
    /// [`StoreError::LastOwner`], which is looked at here; [`StoreError::Unavailable`] also for a keyed request that was taken for dead
    /// meanwhile. After [`StoreError::Unavailable`] it is not certain that nothing lasts: the answer may have been lost on its way.
    async fn commit(self: Box<Self>, record: Record) -> Result<(), StoreError>;
}

/// Why the store did not do what it was asked. Rules that the database holds keep their names.
///
/// Whatever is asked of it can fail with [`Unavailable`](Self::Unavailable), which may pass, and [`Internal`](Self::Internal), which does not;
/// where another error can come it is named. After any of them a unit of work is good for nothing more.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An account with the address exists.
    #[error("an account with the address exists")]
    AddressTaken,
    /// The organization has an open invitation for the address.
    #[error("an open invitation for the address exists")]
    InvitationPending,
    /// The account is in the organization.
    #[error("the account is in the organization")]
    AlreadyMember,
    /// A device's key is a passkey already.
    #[error("the passkey exists")]
    PasskeyExists,
    /// The call waits for a human agent already, by another escalation.
    #[error("the call is already waiting")]
    CallWaits,
    /// The organization would be without an Owner.
    #[error("the organization would be without an Owner")]
    LastOwner,
    /// The database does not answer, or not in time, or somebody was in the way: another try may go well.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault: a query that does not fit the schema, a row that does not fit the domain.
    #[error("the database answered what was not expected")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
