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
pub(crate) async fn tend_all(
    app: &Application,
    organization: OrganizationId,
    users: Vec<UserId>,
) -> Result<(), Error> {
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
