//! The API keys of the organization.

use rollcall_domain::{
    ApiKeyId, Permission,
    audit::{Action, AuditTarget},
};

use super::ListedKey;
use crate::{Actor, Application, Error, Page, PageRequest};

/// A page of the keys, those that have ended among them, the newest first.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    actor: &Actor,
    page: &PageRequest<ApiKeyId>,
) -> Result<Page<ListedKey, ApiKeyId>, Error> {
    let read = async {
        let seat = actor.permit(Permission::ApiKeysRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        let Page { entries, next } = view.api_keys_page(seat.organization, page).await?;
        let entries = entries.into_iter().map(|listed| app.key_uses.known(listed)).collect();
        Ok(Page { entries, next })
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
