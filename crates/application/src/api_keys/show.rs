//! One API key.

use rollcall_domain::{
    ApiKeyId, Permission,
    audit::{Action, AuditTarget},
};

use super::ListedKey;
use crate::{Actor, Application, Error};

/// A key.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for what is not the organization's.
pub async fn show(app: &Application, actor: &Actor, id: ApiKeyId) -> Result<ListedKey, Error> {
    let read = async {
        let seat = actor.permit(Permission::ApiKeysRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        let listed = view.api_key_find(seat.organization, id).await?.ok_or(Error::NotFound)?;
        Ok(app.key_uses.known(listed))
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::ApiKey(id), read.await).await
}
