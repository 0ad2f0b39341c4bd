//! Another plan, whatever is paid for it.

use rollcall_domain::{OrganizationId, audit::Origin};

use super::{Tenant, not_there, show};
use crate::{
    Application, Error, Precondition,
    plans::{Change, change_as_operator},
};

/// Takes an organization over to another plan. It is in the organization's own log.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::OrganizationDeleted`]; [`Error::ControlsInUse`], [`Error::TooManyMembers`],
/// [`Error::TooManyApiKeysForPlan`] or [`Error::RetentionTooShort`] when the plan is too small; [`Error::PreconditionFailed`].
pub async fn set_plan(
    app: &Application,
    origin: &Origin,
    id: OrganizationId,
    command: Change,
    precondition: &Precondition,
) -> Result<Tenant, Error> {
    match change_as_operator(app, origin, id, command, precondition).await {
        Err(Error::NotFound) => return Err(not_there(app, id).await),
        changed => changed?,
    }
    show(app, id).await
}
