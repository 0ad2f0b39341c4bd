//! What decides which password somebody may choose.

use rollcall_domain::{UserId, accounts::User, secret::Password};

use crate::{Application, Error, passwords::OwnWords, ports::Scope};

/// An account, with its words and those of its organizations; none when it is gone.
pub(crate) async fn own_words(app: &Application, user: UserId) -> Result<Option<(User, OwnWords)>, Error> {
    let mut view = app.store.view(Scope::Account(user)).await?;
    let Some(account) = view.user_find(user).await? else { return Ok(None) };
    let seats = view.seats_of(user).await?;
    let organizations = seats.iter().map(|(organization, _)| organization.name.as_str());
    let words = [account.email.as_str(), account.name.as_str()].into_iter().chain(organizations);
    let words = OwnWords::of(words);
    Ok(Some((account, words)))
}

/// Whether a password that is chosen is too short to be the only factor, which it may be in an account that has a second one
/// (NIST SP 800-63B-4 section 3.1.1.2).
///
/// # Errors
/// [`Error::Invalid`] for `field` when it is too short for the account.
pub(super) fn is_short(field: &'static str, password: &Password, account: &User) -> Result<bool, Error> {
    let Err(problem) = password.stands_alone() else { return Ok(false) };
    let long_enough = if account.mfa_enabled { password.stands_beside_a_factor() } else { Err(problem) };
    long_enough.map(|()| true).map_err(|problem| Error::invalid(field, problem))
}
