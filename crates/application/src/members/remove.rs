//! Removing a member.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, Target},
    members::Departure,
};

use crate::{Actor, Application, Error};

/// Who goes, and who takes over what they leave behind.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Who is removed.
    pub user: UserId,
    /// Who stands behind their open invitations from then on; nobody in particular if left out.
    pub hand_over_to: Option<UserId>,
}

/// Removes a member; their sessions in the organization end with the membership.
///
/// # Errors
/// [`Error::PermissionDenied`] (an Admin does not remove an Owner), [`Error::NotFound`], [`Error::LastOwner`],
/// and [`Error::Invalid`] when nothing can be handed over to that person.
pub async fn remove(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let removed = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::MemberRemoved, Target::User(command.user), removed).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let seat = actor.permit(Permission::TeamRemove)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    let acting = unit.member_find(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let leaving = unit.member_find(seat.organization, command.user).await?.ok_or(Error::NotFound)?;
    let owners = unit.owners_count(seat.organization).await?;
    let departure = Departure::removal(acting.membership, leaving.membership, owners)?;

    let mut event = app
        .event_by(actor, Action::MemberRemoved, Target::User(command.user))
        .change("role", Some(departure.membership().role.as_str()), None);
    if let Some(heir) = command.hand_over_to {
        let refused = |problem| Error::invalid("hand_over_to", problem);
        if heir == command.user {
            return Err(refused("must be somebody else than the member who is removed"));
        }
        let found = unit.member_find(seat.organization, heir).await?;
        let found = found.ok_or_else(|| refused("is not a member"))?;
        if !found.membership.role.grants(Permission::TeamInvite) {
            return Err(refused("must be a member who may invite"));
        }
        let passed_on = unit.invitations_hand_over(seat.organization, command.user, heir).await?;
        event = event
            .change("hand_over_to", None, Some(&heir.to_string()))
            .change("invitations_handed_over", None, Some(&passed_on.to_string()));
    }
    unit.member_remove(seat.organization, command.user).await?;
    Ok(unit.commit(app.record(event)).await?)
}
