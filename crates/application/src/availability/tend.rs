//! What time changes: who is gone, what has lapsed, who has waited for too long.

use rollcall_domain::{OrganizationId, UserId};
use time::Duration;

use super::{By, Desk, DueAgents};
use crate::{
    Application, Error, ErrorChain, escalations,
    ports::{Scope, aside},
};

/// For how long it is known who was what.
pub const KEPT: Duration = Duration::days(400);

/// How often something is attempted, as what has lapsed has to go back first.
const ATTEMPTS: usize = 4;

/// What an attempt came to.
pub(crate) enum Attempt<T> {
    /// It is done.
    Done(T),
    /// Nothing yet: what these agents held has lapsed, and has to go back first.
    Lapsed(Vec<UserId>),
}

/// Attempts what cannot be done while something that has lapsed is not back yet, and puts it back in between.
///
/// # Errors
/// Those of an attempt, and [`Error::Busy`] when each found something else that had lapsed.
pub(crate) async fn tend_and_retry<T, F>(
    app: &Application,
    organization: OrganizationId,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<Attempt<T>, Error>>,
{
    for _ in 0..ATTEMPTS {
        match attempt().await? {
            Attempt::Done(done) => return Ok(done),
            Attempt::Lapsed(users) => tend_all(app, organization, users).await?,
        }
    }
    Err(Error::Busy)
}

/// Puts one agent in order.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn tend(app: &Application, organization: OrganizationId, user: UserId) -> Result<(), Error> {
    aside(put_in_order(app, organization, user)).await
}

async fn put_in_order(app: &Application, organization: OrganizationId, user: UserId) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let Some(mut desk) = Desk::open(app, unit.as_mut(), organization, user).await? else { return Ok(()) };
    if let Some(cause) = unit.agent_kept_out(organization, user, app.live()).await? {
        desk.leave(app, unit.as_mut(), cause).await?;
    }
    desk.close(app, unit.as_mut(), &By::itself()).await?.commit(app, unit).await
}

/// Puts several in order, one after the other.
async fn tend_all(app: &Application, organization: OrganizationId, users: Vec<UserId>) -> Result<(), Error> {
    for user in users {
        tend(app, organization, user).await?;
    }
    Ok(())
}

/// Does what is due, wherever it is: whoever is gone is written down as gone, what has lapsed goes back, who has waited for too long is
/// told that nobody is free, and what waits is offered. Nodes that do it at the same time do each thing once.
///
/// # Errors
/// When the store does not answer.
pub async fn sweep(app: &Application, due: &dyn DueAgents) -> Result<(), Error> {
    for organization in due.due(app.live()).await? {
        // What does not work in one organization keeps no other waiting; it is tried again.
        if let Err(error) = sweep_one(app, organization).await {
            tracing::warn!(error = %ErrorChain(&error), %organization, "overdue changes of agents were not written down");
        }
    }
    Ok(())
}

async fn sweep_one(app: &Application, organization: OrganizationId) -> Result<(), Error> {
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    let now = view.moment().await?;
    let users = view.agents_due(organization, now, app.live()).await?;
    drop(view);
    tend_all(app, organization, users).await?;
    while escalations::give_up_some(app, organization).await? {}
    escalations::assign(app, organization).await
}
