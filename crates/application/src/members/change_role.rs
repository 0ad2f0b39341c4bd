//! Giving a member another role.

use rollcall_domain::{
    Permission, Role, UserId,
    audit::{Action, Target},
    members::{Member, RoleChange},
};

use crate::{Actor, Application, Error};

/// Whose role, and which.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Whose role changes.
    pub user: UserId,
    /// The role after.
    pub role: Role,
    /// The version of the membership that the change is meant for, if the caller cares.
    pub expected_version: Option<i32>,
}

/// Gives a member another role. It counts from their next request on.
///
/// # Errors
/// [`Error::PermissionDenied`] (an Admin neither touches an Owner nor makes one), [`Error::NotFound`],
/// [`Error::LastOwner`], [`Error::PreconditionFailed`].
pub async fn change_role(app: &Application, actor: &Actor, command: Command) -> Result<Member, Error> {
    let changed = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::MemberRoleChanged, Target::User(command.user), changed).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<Member, Error> {
    let seat = actor.permit(Permission::TeamUpdateRole)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    // What the actor was when the request came in may have changed while it waited for the lock.
    let acting = unit.member_find(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let mut member = unit.member_find(seat.organization, command.user).await?.ok_or(Error::NotFound)?;
    let owners = unit.owners_count(seat.organization).await?;
    let change = RoleChange::decide(acting.membership, member.membership, command.role, owners)?;
    if command.expected_version.is_some_and(|version| version != member.version) {
        return Err(Error::PreconditionFailed);
    }
    if change.is_nothing() {
        return Ok(member);
    }
    unit.member_set_role(seat.organization, change.user(), change.to()).await?;
    let event = app
        .event_by(actor, Action::MemberRoleChanged, Target::User(change.user()))
        .change("role", Some(change.from().as_str()), Some(change.to().as_str()));
    unit.commit(app.record(event)).await?;
    member.membership.role = change.to();
    member.version += 1;
    Ok(member)
}
