//! Going over to another plan because the platform's staff say so.

use rollcall_domain::{
    OrganizationId,
    audit::{AuditActor, Origin},
};

use super::{
    Change, NewPlanChange,
    going_over::{decide, put_through},
};
use crate::{Application, Error, Precondition, ports::Scope};

/// Who agrees to what the operator decides.
const OPERATOR: &str = "operator";

/// Takes an organization over to another plan. Nobody is asked for money.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::ControlsInUse`], [`Error::TooManyMembers`], [`Error::TooManyApiKeysForPlan`] or
/// [`Error::RetentionTooShort`]; [`Error::PreconditionFailed`].
pub(crate) async fn change_as_operator(
    app: &Application,
    origin: &Origin,
    organization: OrganizationId,
    command: Change,
    precondition: &Precondition,
) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    unit.team_lock(organization).await?;
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::NotFound)?;
    let change = decide(app, unit.as_mut(), organization, found.plan, command).await?;
    precondition.check(found.version)?;
    let Some(change) = change else { return Ok(()) };
    let kept = NewPlanChange {
        id: app.id(),
        before: change.before(),
        after: change.after(),
        at: app.now(),
        by: None,
        provider: OPERATOR,
        reference: None,
        deletion: change.deletion(),
    };
    let event = |action, target| app.event(AuditActor::Operator, origin, action, target);
    let record = put_through(app, unit.as_mut(), organization, &change, &kept, event).await?;
    Ok(unit.commit(record).await?)
}
