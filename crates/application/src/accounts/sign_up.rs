//! Asking for an account and an organization: nothing is made until the address is confirmed.

use rollcall_domain::{
    EmailAddress,
    accounts::{Locale, PersonName, SIGNUP_LIFETIME, Signup},
    audit::{Action, AuditActor, AuditTarget, Origin},
    id::SignupId,
    organizations::OrganizationName,
};
use time::Duration;

use crate::{Application, Error, mail::Letter, ports::Scope};

/// Who wants to sign up, and what the organization is to be called.
#[derive(Debug, Clone)]
pub struct Command {
    /// The address to be confirmed.
    pub email: EmailAddress,
    /// The person's name.
    pub name: PersonName,
    /// The organization's name.
    pub organization_name: OrganizationName,
    /// The language of the mail to an address that has no account.
    pub locale: Locale,
}

/// Notes the request and sends a mail to the address.
///
/// Whether the address has an account is not even looked at here: what is done, and how long it takes, is
/// the same (ASVS 6.3.8, attack 12). It decides later which letter is written.
///
/// # Errors
/// Only when something is out of order.
pub async fn sign_up(app: &Application, origin: &Origin, command: Command) -> Result<(), Error> {
    let Command { email, name, organization_name, locale } = command;
    let now = app.now();
    let mut unit = app.store.begin(Scope::Signups).await?;
    if let Some(limits) = app.settings.limits {
        let (since, most) = (now - Duration::HOUR, limits.signups_per_address);
        // Whoever is over the limit already waits for nobody, and keeps nobody waiting.
        if unit.signups_since(&email, since).await? >= most {
            return Ok(());
        }
        // Of those that come at the same moment, each is counted by the next.
        unit.signups_lock(&email).await?;
        if unit.signups_since(&email, since).await? >= most {
            return Ok(());
        }
    }
    let id: SignupId = app.id();
    let event = app
        .event(AuditActor::Anonymous, origin, Action::SignupRequested, AuditTarget::Signup(id))
        .address("email", &email);
    let signup = Signup { email, name, organization_name, expires_at: now + SIGNUP_LIFETIME };
    unit.signup_add(id, &signup, now).await?;
    let record = app.record(event).mail(Letter::ConfirmSignup { signup: id }).in_language(&locale);
    unit.commit(record).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits,
        testing::{MockDirectory, MockUnit, ONE_EACH, TestStore, application},
    };

    fn command() -> Command {
        Command {
            email: "ada@example.com".parse().expect("an address"),
            name: "Ada".parse().expect("a name"),
            organization_name: "Acme".parse().expect("a name"),
            locale: Locale::default(),
        }
    }

    #[tokio::test]
    async fn whoever_asks_is_counted_one_after_the_other_and_beyond_the_limit_nothing_is_sent() {
        for (before, then, letters) in [(1, Some(1), 1), (1, Some(2), 0), (2, None, 0), (3, None, 0)] {
            let mut unit = MockUnit::new();
            let mut order = mockall::Sequence::new();
            unit.expect_signups_since().times(1).in_sequence(&mut order).returning(move |_, _| Ok(before));
            if let Some(then) = then {
                unit.expect_signups_lock().times(1).in_sequence(&mut order).returning(|_| Ok(()));
                unit.expect_signups_since().times(1).in_sequence(&mut order).returning(move |_, _| Ok(then));
            }
            unit.expect_signup_add().times(letters).returning(|_, _, _| Ok(()));
            let store = TestStore::of(unit);
            let mut app = application(&store, MockDirectory::new());
            app.settings.limits = Some(Limits { signups_per_address: 2, ..ONE_EACH });
            sign_up(&app, &Origin::default(), command()).await.expect("an answer");
            assert_eq!(store.committed().iter().map(|(_, _, sent)| sent.len()).sum::<usize>(), letters);
        }
    }
}
