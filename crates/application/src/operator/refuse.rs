//! Somebody else's token on the operator's paths.

use rollcall_domain::audit::{Action, AuditActor, AuditTarget, Origin};

use crate::{Application, Error, ports::Scope};

/// Writes down, in the platform's log, that somebody came with a token that is not the operator's. Of the token nothing is kept.
///
/// # Errors
/// Only when something is out of order.
pub async fn refuse(app: &Application, origin: &Origin) -> Result<(), Error> {
    let event = app.event(AuditActor::Anonymous, origin, Action::OperatorRefused, AuditTarget::Nothing);
    app.record_refusal(Scope::Platform, event, &Error::Unauthenticated).await
}
