//! One member.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, Target},
    members::Member,
};

use crate::{Actor, Application, Error};

/// A member.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for whoever is not in the organization.
pub async fn show(app: &Application, actor: &Actor, user: UserId) -> Result<Member, Error> {
    let read = async {
        let seat = actor.permit(Permission::TeamRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        view.member_find(seat.organization, user).await?.ok_or(Error::NotFound)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, Target::User(user), read.await).await
}
