//! Saying that one has forgotten one's password.

use rollcall_domain::{
    EmailAddress,
    accounts::{PASSWORD_RESET_LIFETIME, PasswordReset},
    audit::{Action, AuditActor, AuditTarget, Origin},
    id::PasswordResetId,
};
use time::Duration;

use crate::{Application, Error, mail::Letter, ports::Scope};

/// Notes the wish and sends a mail to the address, if it has an account.
///
/// Whether it has one is only looked at when the mail is written: what is done here, and how long it takes, is the same
/// (ASVS 6.3.8, attack 12).
///
/// # Errors
/// Only when something is out of order.
pub async fn request_password_reset(
    app: &Application,
    origin: &Origin,
    email: EmailAddress,
) -> Result<(), Error> {
    let now = app.now();
    let mut unit = app.store.begin(Scope::PasswordResets).await?;
    if let Some(limits) = app.settings.limits
        && unit.password_resets_since(&email, now - Duration::HOUR).await?
            >= limits.password_resets_per_address
    {
        return Ok(());
    }
    let id: PasswordResetId = app.id();
    let event = app
        .event(AuditActor::Anonymous, origin, Action::PasswordResetRequested, AuditTarget::Nothing)
        .address("email", &email);
    let reset = PasswordReset { email, expires_at: now + PASSWORD_RESET_LIFETIME };
    unit.password_reset_add(id, &reset, now).await?;
    unit.commit(app.record(event).mail(Letter::PasswordReset { reset: id })).await?;
    Ok(())
}
