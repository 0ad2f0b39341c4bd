//! Ending an API key.

use rollcall_domain::{
    ApiKeyId, Permission,
    audit::{Action, AuditTarget},
    policy::Target,
};

use crate::{Actor, Application, Error, Precondition};

/// Ends a key, with every secret and token of it: on this node it is worth nothing when this returns, on every other within a
/// second. One that has been revoked stays so.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::PreconditionFailed`].
pub async fn revoke(
    app: &Application,
    actor: &Actor,
    id: ApiKeyId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let revoked = change(app, actor, id, precondition).await;
    app.refusals_recorded(actor, Action::ApiKeyRevoked, AuditTarget::ApiKey(id), revoked).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    id: ApiKeyId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let seat = actor.permit(Permission::ApiKeysManage)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::ApiKeysManage, Target::Organization).await?;
    let key = unit.api_key_lock(seat.organization, id).await?.ok_or(Error::NotFound)?;
    precondition.check(key.version)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    unit.api_key_revoke(seat.organization, id, app.now()).await?;
    let event = app.event_by(actor, Action::ApiKeyRevoked, AuditTarget::ApiKey(id)).change(
        "prefix",
        Some(key.prefix.as_str()),
        None,
    );
    Ok(unit.commit(app.record(event)).await?)
}
