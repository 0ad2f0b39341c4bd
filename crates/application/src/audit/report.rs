//! Taking what services beside Rollcall report.

use rollcall_domain::{
    Permission,
    audit::reports::Report,
    audit::{Action, AuditTarget},
};

use super::EventLine;
use crate::{Application, Error, Principal};

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBatch {
    /// The events in it.
    pub events: usize,
    /// Those that were not in the log yet.
    pub new: usize,
}

/// Takes events into the log of the organization that the program is at work in: all of them, each once, however often it is told.
///
/// # Errors
/// [`Error::PermissionDenied`]; [`Error::AuditLogDisabled`].
pub async fn report(
    app: &Application,
    principal: &Principal,
    reports: &[Report],
) -> Result<TakenBatch, Error> {
    let taken = take(app, principal, reports).await;
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, taken).await
}

async fn take(app: &Application, principal: &Principal, reports: &[Report]) -> Result<TakenBatch, Error> {
    let required = Permission::AuditLogAppend;
    let organization = principal.permit(required)?.id;
    // No role carries it.
    let Principal::Key(key) = principal else { return Err(Error::PermissionDenied { required }) };
    let lines = reports
        .iter()
        .map(|report| EventLine::reported(report, key.id(), &key.origin, organization, app.entropy.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    let new = app.audit_intake.take(organization, &lines).await?.ok_or(Error::AuditLogDisabled)?;
    Ok(TakenBatch { events: lines.len(), new })
}
