//! Going: out of routing, and with nothing held, in the transaction of whatever it is that ends.

use rollcall_domain::{OrganizationId, UserId, audit::Event, availability::Cause};

use super::{By, Desk};
use crate::{
    Application, Error,
    audit::Record,
    ports::{Scope, UnitOfWork},
};

/// The record that holds events, if there are any.
pub(super) fn record(app: &Application, events: impl IntoIterator<Item = Event>) -> Option<Record> {
    let mut events = events.into_iter();
    let first = events.next()?;
    Some(app.record(first).and_all(events, app.entropy.as_ref()))
}

/// Takes somebody out of routing, if they are in it, and gives back what they hold; gives back what there is to write down.
pub(crate) async fn leave(
    app: &Application,
    by: &By,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    user: UserId,
    cause: Cause,
) -> Result<Vec<Event>, Error> {
    let Some(mut desk) = Desk::open(app, unit, organization, user).await? else { return Ok(Vec::new()) };
    desk.leave(app, unit, cause).await?;
    Ok(desk.close(app, unit, by).await?.into_events(app))
}

/// The same for everybody in an organization, where nobody gets in any more.
pub(crate) async fn empty(
    app: &Application,
    by: &By,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    cause: Cause,
) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    for user in unit.agents_in(organization).await? {
        events.extend(leave(app, by, unit, organization, user, cause).await?);
    }
    Ok(events)
}

/// The same wherever somebody has no session any more, once sessions of theirs have ended. It goes on from the record of that; what
/// comes back is the record that is left to commit.
pub(crate) async fn signed_out(
    app: &Application,
    by: &By,
    unit: &mut dyn UnitOfWork,
    user: UserId,
    mut so_far: Record,
) -> Result<Record, Error> {
    for organization in unit.agents_signed_out(user, app.live()).await? {
        unit.go_on(so_far, Scope::Seat { organization, user }).await?;
        let events = leave(app, by, unit, organization, user, Cause::SignedOut).await?;
        // They were there, and are locked.
        let left = record(app, events);
        so_far = left.ok_or_else(|| Error::Internal("an agent who left without a change".into()))?;
    }
    Ok(so_far)
}
