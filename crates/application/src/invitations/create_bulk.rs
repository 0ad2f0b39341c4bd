//! Inviting many at once.

use rollcall_domain::{
    Permission,
    audit::{Action, Target},
};

use super::{Create, ListedInvitation, create};
use crate::{Actor, Application, Error};

/// Invites each in turn, in a transaction of its own, so that one bad line spoils no other. The results come in
/// the order of the commands.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever may invite nobody at all.
pub async fn create_bulk(
    app: &Application,
    actor: &Actor,
    commands: Vec<Result<Create, Error>>,
) -> Result<Vec<Result<ListedInvitation, Error>>, Error> {
    let permitted = actor.permit(Permission::TeamInvite);
    app.refusals_recorded(actor, Action::InvitationCreated, Target::Nothing, permitted).await?;
    let mut results = Vec::with_capacity(commands.len());
    for command in commands {
        results.push(match command {
            Ok(command) => create(app, actor, command).await,
            Err(error) => Err(error),
        });
    }
    Ok(results)
}
