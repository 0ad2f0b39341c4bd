//! Changing one's own account.

use rollcall_domain::{
    accounts::{Locale, PersonName, TimeZone, User},
    audit::{Action, AuditTarget},
};

use crate::{Actor, Application, Error, Precondition};

/// What is to be changed; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// The new name.
    pub name: Option<PersonName>,
    /// The new language.
    pub locale: Option<Locale>,
    /// The new time zone.
    pub time_zone: Option<TimeZone>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes the actor's own account.
///
/// # Errors
/// [`Error::SessionRequired`]; [`Error::PreconditionFailed`] when the account is not in the expected version any more.
pub async fn update(app: &Application, actor: &Actor, command: Command) -> Result<User, Error> {
    actor.require_session()?;
    let mut unit = app.store.begin(actor.scope()).await?;
    let before = unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    command.precondition.check(before.version)?;
    let mut after = before.clone();
    after.name = command.name.unwrap_or(after.name);
    after.locale = command.locale.unwrap_or(after.locale);
    after.time_zone = command.time_zone.unwrap_or(after.time_zone);

    let mut event = app.event_by(actor, Action::AccountUpdated, AuditTarget::User(before.id));
    let nothing_changes =
        (&before.name, &before.locale, &before.time_zone) == (&after.name, &after.locale, &after.time_zone);
    if nothing_changes {
        return Ok(before);
    }
    if before.name != after.name {
        event = event.personal("name", &after.name).personal("name_before", &before.name);
    }
    for (field, before, after) in [
        ("locale", before.locale.as_str(), after.locale.as_str()),
        ("time_zone", before.time_zone.as_str(), after.time_zone.as_str()),
    ] {
        if before != after {
            event = event.change(field, Some(before), Some(after));
        }
    }
    unit.user_save(&after).await?;
    after.version += 1;
    unit.commit(app.record(event)).await?;
    Ok(after)
}
