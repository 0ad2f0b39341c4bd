//! The members of the organization.

use rollcall_domain::{
    Permission,
    audit::{Action, Target},
    members::Member,
};

use super::{MemberFilter, MemberKey};
use crate::{Actor, Application, Error, Page, PageRequest};

/// A page of the members that fit, those who came in first at its beginning.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    actor: &Actor,
    filter: &MemberFilter,
    page: &PageRequest<MemberKey>,
) -> Result<Page<Member, MemberKey>, Error> {
    let read = async {
        let seat = actor.permit(Permission::TeamRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        Ok(view.members_page(seat.organization, filter, page).await?)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, Target::Nothing, read.await).await
}
