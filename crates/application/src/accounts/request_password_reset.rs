//! Saying that one has forgotten one's password.

use rollcall_domain::{
    EmailAddress,
    accounts::{PASSWORD_RESET_LIFETIME, PasswordReset},
    audit::{Action, AuditActor, AuditTarget, Origin},
    id::PasswordResetId,
};
use time::Duration;

use crate::{Application, Error, mail::Letter, ports::Scope};

/// Notes the request and sends a mail to the address, if it has an account.
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
    if let Some(limits) = app.settings.limits {
        let (since, most) = (now - Duration::HOUR, limits.password_resets_per_address);
        // Whoever is over the limit already waits for nobody, and keeps nobody waiting.
        if unit.password_resets_since(&email, since).await? >= most {
            return Ok(());
        }
        // Of those that come at the same moment, each is counted by the next.
        unit.password_resets_lock(&email).await?;
        if unit.password_resets_since(&email, since).await? >= most {
            return Ok(());
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits,
        testing::{MockDirectory, MockUnit, ONE_EACH, TestStore, application},
    };

    #[tokio::test]
    async fn whoever_asks_is_counted_one_after_the_other_and_beyond_the_limit_nothing_is_sent() {
        for (before, then, letters) in [(1, Some(1), 1), (1, Some(2), 0), (2, None, 0), (3, None, 0)] {
            let mut unit = MockUnit::new();
            let mut order = mockall::Sequence::new();
            unit.expect_password_resets_since()
                .times(1)
                .in_sequence(&mut order)
                .returning(move |_, _| Ok(before));
            if let Some(then) = then {
                unit.expect_password_resets_lock().times(1).in_sequence(&mut order).returning(|_| Ok(()));
                unit.expect_password_resets_since()
                    .times(1)
                    .in_sequence(&mut order)
                    .returning(move |_, _| Ok(then));
            }
            unit.expect_password_reset_add().times(letters).returning(|_, _, _| Ok(()));
            let store = TestStore::of(unit);
            let mut app = application(&store, MockDirectory::new());
            app.settings.limits = Some(Limits { password_resets_per_address: 2, ..ONE_EACH });
            request_password_reset(&app, &Origin::default(), "ada@example.com".parse().expect("an address"))
                .await
                .expect("an answer");
            assert_eq!(store.committed().iter().map(|(_, _, sent)| sent.len()).sum::<usize>(), letters);
        }
    }
}
