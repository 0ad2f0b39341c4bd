//! Whom the rule about second factors would meet, or meets.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
};

use super::Affected;
use crate::{Actor, Application, Error, Page, PageRequest, members::MemberKey};

/// A page of the members who have no second factor, those who came in first at its beginning.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn impact(
    app: &Application,
    actor: &Actor,
    page: &PageRequest<MemberKey>,
) -> Result<Page<Affected, MemberKey>, Error> {
    let read = async {
        let seat = actor.permit(Permission::SecurityRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        Ok(view.mfa_impact_page(seat.organization, page).await?)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
