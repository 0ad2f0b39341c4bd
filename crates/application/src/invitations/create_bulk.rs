//! Inviting many at once.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
};

use time::Duration;

use super::{Create, ListedInvitation, create};
use crate::{Actor, Application, Error, Limit};

/// Invites each in turn, in a transaction of its own, so that one bad line spoils no other. The results come in
/// the order of the commands.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever may invite nobody at all, and whatever is not about a line, such as a database
/// that does not answer.
pub async fn create_bulk(
    app: &Application,
    actor: &Actor,
    commands: Vec<Result<Create, Error>>,
) -> Result<Vec<Result<ListedInvitation, Error>>, Error> {
    let permitted = actor.permit(Permission::TeamInvite);
    app.refusals_recorded(actor, Action::InvitationCreated, AuditTarget::Nothing, permitted).await?;
    let mut results = Vec::with_capacity(commands.len());
    let mut limited: Option<(Limit, Duration)> = None;
    for command in commands {
        results.push(match (command, limited) {
            (Err(error), _) => Err(error),
            // The rest would only be refused one by one, and each refusal written down.
            (Ok(_), Some((limit, retry_after))) => Err(Error::LimitReached { limit, retry_after }),
            (Ok(command), None) => match create(app, actor, command).await {
                // Not about this line: what has been done so far is done, and is there to be seen.
                Err(
                    error @ (Error::Busy
                    | Error::Unavailable(_)
                    | Error::Internal(_)
                    | Error::Unauthenticated),
                ) => {
                    return Err(error);
                }
                result => {
                    if let Err(Error::LimitReached { limit, retry_after }) = &result {
                        limited = Some((*limit, *retry_after));
                    }
                    result
                }
            },
        });
    }
    Ok(results)
}
