//! What somebody's password must not be made of.

use rollcall_domain::UserId;

use crate::{Application, Error, passwords::OwnWords, ports::Scope};

/// The words of an account and of its organizations; none when the account is gone.
pub(crate) async fn own_words(app: &Application, user: UserId) -> Result<Option<OwnWords>, Error> {
    let mut view = app.store.view(Scope::Account(user)).await?;
    let Some(account) = view.user_find(user).await? else { return Ok(None) };
    let seats = view.seats_of(user).await?;
    let organizations = seats.iter().map(|(organization, _)| organization.name.as_str());
    Ok(Some(OwnWords::of([account.email.as_str(), account.name.as_str()].into_iter().chain(organizations))))
}
