//! Inviting many at once.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
};
use time::Duration;

use super::{Create, ListedInvitation, create};
use crate::{Actor, Application, Error, Limit};

/// When it is worth trying again while another runs.
const AGAIN: Duration = Duration::seconds(5);

/// Invites each in turn, in a transaction of its own, so that one bad line spoils no other. The results come in
/// the order of the commands.
///
/// It counts as one request but may take hundreds of transactions, even when every line is refused without a limit being reached. So a
/// node runs one at a time per organization and per person. Nothing cuts one short: it goes on to its end though nobody waits for the
/// answer any more, and until then no other begins.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever may invite nobody at all, [`Error::LimitReached`] while another of the organization or by the same
/// person runs, [`Error::Busy`] when too many run, and whatever is not about a line, such as a database that does not answer.
pub async fn create_bulk(
    app: &Application,
    actor: &Actor,
    commands: Vec<Result<Create, Error>>,
) -> Result<Vec<Result<ListedInvitation, Error>>, Error> {
    let permitted = actor.permit(Permission::TeamInvite);
    let seat =
        app.refusals_recorded(actor, Action::InvitationCreated, AuditTarget::Nothing, permitted).await?;
    // Being refused because another runs leaves no event: whoever asks again and again would fill the log.
    let _running = app.bulk_invitations.begin(seat.organization, Some(actor.user_id()), another_runs())?;
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

fn another_runs() -> Error {
    let what = "bulk invitations of the organization, or by you, at the same time";
    let limit = Limit { name: "bulk_invitations", what, quota: 1, window: AGAIN };
    Error::LimitReached { limit, retry_after: AGAIN }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{OrganizationId, Role};

    use super::*;
    use crate::testing::{MockDirectory, TestStore, actor, application, organization};

    #[tokio::test]
    async fn attack_35_while_one_runs_no_other_of_the_organization_or_the_person_does_anything() {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        let (owner, admin) = (actor(1, Role::Owner), actor(2, Role::Admin));
        let begin = |at, by: &Actor| app.bulk_invitations.begin(at, Some(by.user_id()), another_runs());
        let elsewhere = OrganizationId::from_parts(0, &[9; 10]);
        for (at, by) in [(organization().id, &owner), (elsewhere, &admin)] {
            let running = begin(at, by).expect("room");
            let refused = create_bulk(&app, &admin, Vec::new()).await;
            assert!(
                matches!(&refused, Err(Error::LimitReached { retry_after, .. }) if retry_after.is_positive()),
                "{refused:?}"
            );
            // Nor is it written down.
            assert!(store.committed().is_empty());
            drop(running);
            assert!(create_bulk(&app, &admin, Vec::new()).await.is_ok());
        }
        // Whoever may invite nobody hears of nothing else.
        let running = begin(organization().id, &owner).expect("room");
        let refused = create_bulk(&app, &actor(3, Role::Viewer), Vec::new()).await;
        assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
        drop(running);
    }
}
