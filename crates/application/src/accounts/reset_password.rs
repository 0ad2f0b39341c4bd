//! Choosing a password in place of a forgotten one.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Origin},
    secret::{Password, Secret},
};

use super::own_words::{is_short, own_words};
use crate::availability::{By, signed_out};
use crate::{Application, Error, mail::Letter, ports::Scope, sessions::begin_anew, token};

/// The token from the mail, and the password that is chosen.
#[derive(Debug, Clone)]
pub struct Command {
    /// The token from the mail.
    pub token: Secret,
    /// The chosen password.
    pub password: Password,
}

/// Gives the account behind the token another password. Every session of it ends, and its owner is told by mail. A second
/// factor stays on: reading a mailbox does not replace it (ASVS 6.4.3).
///
/// # Errors
/// [`Error::PasswordResetGone`] for a token that is used up, out of date or unknown; [`Error::Invalid`] for a password that is
/// guessed too easily.
pub async fn reset_password(app: &Application, origin: &Origin, command: Command) -> Result<(), Error> {
    let found = app.directory.password_reset(token::hash(command.token.expose())).await?;
    let found = found.filter(|found| app.now() < found.expires_at).ok_or(Error::PasswordResetGone)?;
    let user = found.user;
    let (account, own) = own_words(app, user).await?.ok_or(Error::PasswordResetGone)?;
    is_short("password", &command.password, &account)?;
    let password = command.password.clone();
    let hash = app.passwords.choose("password", command.password, own).await?;

    let mut unit = app.store.begin(Scope::Account(user)).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::PasswordResetGone)?;
    // The second factor may have been turned off while we were hashing.
    let is_short = is_short("password", &password, &account)?;
    // Of those who use one link at once, one finds it; and whatever other links there are die with it.
    if !unit.password_reset_use(found.id).await? {
        return Err(Error::PasswordResetGone);
    }
    unit.password_resets_forget(&account.email).await?;
    unit.email_change_take_back(user).await?;
    unit.user_set_password(user, &hash, is_short).await?;
    unit.sessions_end(user, None).await?;
    let actor = AuditActor::User(user, None);
    let event = app.event(actor, origin, Action::PasswordReset, AuditTarget::User(user));
    let record = app.record(event).mail(Letter::PasswordChanged { user });
    let record = signed_out(app, &By::actor(actor, origin), unit.as_mut(), user, record).await?;
    unit.commit(record).await?;
    begin_anew(app, user).await;
    Ok(())
}
