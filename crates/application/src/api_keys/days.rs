//! How much an API key was used, day by day.

use rollcall_domain::{
    ApiKeyId, Permission,
    audit::{Action, AuditTarget},
};
use time::Date;

use crate::{Actor, Application, Error};

/// How many days are told.
pub const DAYS_OF_USE: u16 = 30;

/// How much a key was used on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOfUse {
    /// The day, by UTC.
    pub day: Date,
    /// How many requests let the key in.
    pub calls: u64,
}

/// How much a key was used on each of the last [`DAYS_OF_USE`] days, today the last of them. What other nodes have not written down yet
/// comes a moment later.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for what is not the organization's.
pub async fn days_of_use(app: &Application, actor: &Actor, id: ApiKeyId) -> Result<Vec<DayOfUse>, Error> {
    let read = async {
        let seat = actor.permit(Permission::ApiKeysRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        let kept = view.api_key_days(seat.organization, id).await?.ok_or(Error::NotFound)?;
        let kept = kept.into_iter().chain(app.key_uses.days_of(id));
        let mut days = last_days(app.now().date());
        for used in kept {
            if let Some(day) = days.iter_mut().find(|day| day.day == used.day) {
                day.calls = day.calls.saturating_add(used.calls);
            }
        }
        Ok(days)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::ApiKey(id), read.await).await
}

/// The last days up to and with one, with no use.
fn last_days(today: Date) -> Vec<DayOfUse> {
    let mut days: Vec<_> = std::iter::successors(Some(today), |day| day.previous_day())
        .take(DAYS_OF_USE.into())
        .map(|day| DayOfUse { day, calls: 0 })
        .collect();
    days.reverse();
    days
}

#[cfg(test)]
mod tests {
    use rollcall_domain::Role;
    use time::Duration;

    use super::*;
    use crate::{
        api_keys::KeyUse,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, api_key, application},
    };

    #[tokio::test]
    async fn each_of_thirty_days_is_told_with_what_is_not_written_down_yet() {
        let key = api_key(1).id;
        let (today, long_ago) = (NOW.date(), (NOW - Duration::days(30)).date());
        let mut unit = MockUnit::new();
        unit.expect_api_key_days().returning(move |_, _| {
            Ok(Some(vec![DayOfUse { day: today, calls: 2 }, DayOfUse { day: long_ago, calls: 5 }]))
        });
        let app = application(&TestStore::of(unit), MockDirectory::new());
        app.key_uses.note(KeyUse { key, at: NOW, ip: None });
        app.key_uses.note(KeyUse { key: api_key(2).id, at: NOW, ip: None });
        let days = days_of_use(&app, &actor(1, Role::Owner), key).await.expect("days");
        assert_eq!(days.len(), 30);
        assert_eq!(days.last(), Some(&DayOfUse { day: today, calls: 3 }));
        assert!(days[..29].iter().all(|day| day.calls == 0));
        assert_eq!(days[0].day, (NOW - Duration::days(29)).date());
    }
}
