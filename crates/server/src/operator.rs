//! What the platform's operator does on the machine itself.

use rollcall_application::{
    Error, Precondition, accounts,
    operator::{self, Tenant},
    organizations,
    plans::Change,
};
use rollcall_domain::{
    OrganizationId, UserId, audit::Origin, organizations::Organization, security::Control,
};

use crate::{
    ports::Ports,
    settings::Settings,
    visit::{VisitError, visit},
};

/// The operator does not get what they asked for.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It was not even tried, or its end is not certain.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// There is nothing to undo.
    #[error("{0} is not deleted, or its time is over")]
    NotDeleted(OrganizationId),
    /// It would be nobody's.
    #[error("{0} has no Owner any more: they have closed their accounts")]
    NoOwner(OrganizationId),
    /// Something else is in the way.
    #[error("{0} is not restored: {1}")]
    NotRestored(OrganizationId, #[source] Error),
    /// There is no such organization, or it is deleted.
    #[error("{0} is no organization, or it is deleted")]
    NoOrganization(OrganizationId),
    /// The plan would end protections.
    #[error("{0} is not changed: the plan lacks {1}, which is on; say --disable-controls to switch it off")]
    ControlsInUse(OrganizationId, String),
    /// The plan would delete something.
    #[error(
        "{0} is not changed: {1} recordings and {2} events of its audit log are older than the plan keeps them; say --accept-deletion to delete them"
    )]
    RetentionTooShort(OrganizationId, u64, u64),
    /// The plan is too small.
    #[error("{0} is not changed: {1} {2}, and the plan has room for {3}")]
    TooSmall(OrganizationId, u64, &'static str, u32),
    /// Something else is in the way.
    #[error("the plan of {0} is not changed: {1}")]
    NotChanged(OrganizationId, #[source] Error),
    /// There is no such account.
    #[error("{0} is no account")]
    NoAccount(UserId),
    /// There is nothing to turn off.
    #[error("{0} has no second factor")]
    NoSecondFactor(UserId),
    /// Something else is in the way.
    #[error("the second factor of {0} is not turned off: {1}")]
    NotReset(UserId, #[source] Error),
}

/// Undoes the deletion of an organization, whether or not a server is running.
///
/// # Errors
/// [`OperatorError`].
pub async fn restore(
    settings: &Settings,
    ports: &Ports,
    organization: OrganizationId,
) -> Result<Organization, OperatorError> {
    visit(settings, ports, async |app| {
        let restored =
            organizations::restore(app, &Origin::default(), organization, &Precondition::None).await;
        restored.map_err(|error| match error {
            Error::NotFound | Error::OrganizationDeleted => OperatorError::NotDeleted(organization),
            Error::LastOwner => OperatorError::NoOwner(organization),
            error => OperatorError::NotRestored(organization, error),
        })
    })
    .await
}

/// Turns the second factor of somebody who has lost it off, whether or not a server is running.
///
/// # Errors
/// [`OperatorError`].
pub async fn reset_mfa(settings: &Settings, ports: &Ports, user: UserId) -> Result<(), OperatorError> {
    visit(settings, ports, async |app| {
        let reset = accounts::reset_mfa(app, &Origin::default(), user).await;
        reset.map_err(|error| match error {
            Error::NotFound => OperatorError::NoAccount(user),
            Error::MfaNotEnabled => OperatorError::NoSecondFactor(user),
            error => OperatorError::NotReset(user, error),
        })
    })
    .await
}

/// Takes an organization over to another plan, whether or not a server is running.
///
/// # Errors
/// [`OperatorError`].
pub async fn set_plan(
    settings: &Settings,
    ports: &Ports,
    organization: OrganizationId,
    command: Change,
) -> Result<Tenant, OperatorError> {
    visit(settings, ports, async |app| {
        let changed =
            operator::set_plan(app, &Origin::default(), organization, command, &Precondition::None).await;
        changed.map_err(|error| match error {
            Error::NotFound | Error::OrganizationDeleted => OperatorError::NoOrganization(organization),
            Error::ControlsInUse { controls } => {
                let names: Vec<&str> = controls.iter().map(Control::as_str).collect();
                OperatorError::ControlsInUse(organization, names.join(", "))
            }
            Error::RetentionTooShort { outlived } => {
                OperatorError::RetentionTooShort(organization, outlived.recordings, outlived.audit_events)
            }
            Error::TooManyMembers { used, most } => {
                OperatorError::TooSmall(organization, used, "members", most)
            }
            Error::TooManyApiKeysForPlan { used, most } => {
                OperatorError::TooSmall(organization, used, "API keys", most)
            }
            error => OperatorError::NotChanged(organization, error),
        })
    })
    .await
}
