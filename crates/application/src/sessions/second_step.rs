//! The second step of signing in: a second factor, for a challenge that the right password has led to.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Event, Origin},
    secret::Secret,
};

use super::{
    SignedIn,
    challenge::{find_challenge, hold_challenge, meet_challenge},
    throttle::{Counted, Device, Throttle, device_token},
};
use crate::{
    Application, Error,
    audit::Record,
    ports::{FoundMfaChallenge, Scope},
    second_factors::{Presented, check, settle, told},
};

/// What somebody answers a challenge with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The challenge's token.
    pub challenge: Secret,
    /// The second factor.
    pub presented: Presented,
    /// The tokens that the device was given when somebody signed in on it before.
    pub devices: Vec<Secret>,
}

/// Signs somebody in whose second factor is right. The challenge is used up by that, or by a few wrong ones; wrong ones are counted by
/// account as well, over all challenges, networks and sessions (ASVS 6.6.3).
///
/// # Errors
/// [`Error::InvalidChallenge`] when it is unknown, over or used up, or the account has changed since; [`Error::InvalidMfaCode`];
/// [`Error::LimitReached`] after too many of those, right ones then too; [`Error::NotFound`] when the person is not in the organization
/// that was asked for.
pub async fn second_step(app: &Application, origin: &Origin, command: Command) -> Result<SignedIn, Error> {
    let found = find_challenge(app, &command.challenge).await?;
    let throttle = Throttle::second_factor(app, found.user);
    let counted = match throttle.attempt(app, Device::Tokens(&command.devices), origin).await {
        Err(error) if error.is_refusal() => {
            app.record_refusal(home(&found), used(app, origin, &found, &command.presented), &error).await?;
            return Err(error);
        }
        counted => counted?,
    };
    let stepped = step(app, origin, &found, &command.presented, &counted).await;
    let mut signed_in = match stepped {
        // It goes on counting, and what the owner is told of it was committed with its refusal.
        Err(error @ Error::InvalidMfaCode) => return Err(error),
        stepped => settle(app, &counted, stepped).await.map_err(|failure| failure.error)?,
    };
    signed_in.device = (!counted.device_is_known()).then(|| device_token(app, &signed_in.user));
    Ok(signed_in)
}

/// Where what happens before the session opens is recorded: the organization that is asked for need not know them.
pub(super) fn home(found: &FoundMfaChallenge) -> Scope {
    found.home.map_or(Scope::Platform, Scope::Organization)
}

fn used(app: &Application, origin: &Origin, found: &FoundMfaChallenge, presented: &Presented) -> Event {
    let actor = AuditActor::User(found.user, None);
    app.event(actor, origin, Action::SecondFactorUsed, AuditTarget::User(found.user)).change(
        "factor",
        None,
        Some(presented.method().as_str()),
    )
}

async fn step(
    app: &Application,
    origin: &Origin,
    found: &FoundMfaChallenge,
    presented: &Presented,
    counted: &Counted,
) -> Result<SignedIn, Error> {
    let mut unit = app.store.begin(Scope::of(found.user, found.home)).await?;
    let account = hold_challenge(app, unit.as_mut(), found).await?;
    let used = used(app, origin, found, presented);
    if !check(app, unit.as_mut(), found.user, presented).await? {
        unit.mfa_challenge_fail(found.id).await?;
        let error = Error::InvalidMfaCode;
        let record = app.refusal(used, &error);
        let letter = counted.letter_within(unit.as_mut()).await?;
        unit.commit(letter.into_iter().fold(record, Record::mail)).await?;
        return Err(error);
    }
    let record = told(app.record(used), presented, found.user);
    meet_challenge(app, origin, unit, account, (found, presented.method()), record).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rollcall_domain::{
        Role, UserId,
        attempts::WORTH_TELLING,
        audit::Outcome,
        id::MfaChallengeId,
        second_factors::{CHALLENGE_LIFETIME, MOST_WRONG_CODES, RecoveryCode},
    };
    use time::Duration;

    use super::*;
    use crate::{
        mail::{Letter, SecurityNotice},
        testing::{MockDirectory, MockUnit, NOW, NoCount, TestStore, application, organization, user},
    };

    fn found() -> FoundMfaChallenge {
        FoundMfaChallenge {
            id: MfaChallengeId::from_parts(0, &[1; 10]),
            user: user(1).id,
            user_version: user(1).version,
            wanted: Some(organization().id),
            wrong_codes: 0,
            expires_at: NOW + CHALLENGE_LIFETIME,
            home: Some(organization().id),
        }
    }

    fn directory(found: FoundMfaChallenge) -> MockDirectory {
        let mut directory = MockDirectory::new();
        directory.expect_mfa_challenge().returning(move |_| Ok(Some(found.clone())));
        directory
    }

    fn command() -> Command {
        let code = RecoveryCode::of(&[7; 25]);
        Command {
            challenge: Secret::new("rcm_token"),
            presented: Presented::recovery_code(code.grouped().expose()),
            devices: Vec::new(),
        }
    }

    fn unit(held: bool, right: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_mfa_challenge_hold().returning(move |_, _| Ok(held));
        unit.expect_recovery_code_use().returning(move |_: UserId, _| Ok(right));
        unit
    }

    #[tokio::test]
    async fn a_right_code_uses_the_challenge_up_opens_a_session_and_tells_the_owner() {
        let mut unit = unit(true, true);
        unit.expect_mfa_challenge_end().times(1).returning(|_| Ok(()));
        unit.expect_seats_of().returning(|_| Ok(vec![(organization(), Role::Viewer)]));
        unit.expect_seat_of().returning(|_, _| Ok(Some((organization(), Role::Viewer))));
        unit.expect_session_add().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory(found()));
        let signed_in = second_step(&app, &Origin::default(), command()).await.expect("signed in");
        assert!(signed_in.device.is_some());
        let [(_, used, letters), (_, created, _)] = store.committed().try_into().expect("two records");
        assert_eq!(used, [(Action::SecondFactorUsed, Outcome::Success)]);
        assert_eq!(created, [(Action::SessionCreated, Outcome::Success)]);
        let told = SecurityNotice::RecoveryCodeUsed;
        assert_eq!(letters, [Letter::SecurityNotice { user: user(1).id, notice: told }]);
    }

    #[tokio::test]
    async fn a_wrong_code_counts_at_the_challenge_and_commits_nothing_but_the_refusal() {
        let mut unit = unit(true, false);
        unit.expect_mfa_challenge_fail().times(1).returning(|_| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory(found()));
        let refused = second_step(&app, &Origin::default(), command()).await;
        assert!(matches!(refused, Err(Error::InvalidMfaCode)), "{refused:?}");
        assert_eq!(store.committed()[0].1, [(Action::SecondFactorUsed, Outcome::Refused)]);
    }

    #[tokio::test]
    async fn what_the_owner_is_told_of_wrong_codes_takes_no_second_connection() {
        for (told, letters) in [(true, vec![Letter::FailedSignIns { user: user(1).id }]), (false, vec![])] {
            let mut unit = unit(true, false);
            unit.expect_mfa_challenge_fail().times(1).returning(|_| Ok(()));
            unit.expect_attempts_tell().times(1).returning(move |_| Ok(told));
            let store = TestStore::of(unit);
            let app = application(&store, directory(found()));
            // It is only asked in the unit: asking beside it is no answer here.
            let app = Application { attempts: Arc::new(NoCount { in_a_row: WORTH_TELLING[0] }), ..app };
            let refused = second_step(&app, &Origin::default(), command()).await;
            assert!(matches!(refused, Err(Error::InvalidMfaCode)), "{refused:?}");
            let [(_, events, sent)] = store.committed().try_into().expect("one record");
            assert_eq!(events, [(Action::SecondFactorUsed, Outcome::Refused)]);
            assert_eq!(sent, letters);
        }
    }

    #[tokio::test]
    async fn attack_24_a_challenge_that_is_over_is_good_for_nothing() {
        let late = FoundMfaChallenge { expires_at: NOW, ..found() };
        let worn_out = FoundMfaChallenge { wrong_codes: MOST_WRONG_CODES, ..found() };
        let changed = FoundMfaChallenge { user_version: 0, ..found() };
        for (found, held) in [(late, true), (worn_out, true), (changed, true), (found(), false)] {
            let store = TestStore::of(unit(held, true));
            let app = application(&store, directory(found));
            let refused = second_step(&app, &Origin::default(), command()).await;
            assert!(matches!(refused, Err(Error::InvalidChallenge)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
        let app = application(&TestStore::default(), MockDirectory::new());
        for token in ["", "rcs_token", &format!("rcm_{}", "x".repeat(100))] {
            let command = Command { challenge: Secret::new(token), ..command() };
            let refused = second_step(&app, &Origin::default(), command).await;
            assert!(matches!(refused, Err(Error::InvalidChallenge)), "{refused:?}");
        }
        assert!(CHALLENGE_LIFETIME == Duration::minutes(5));
    }
}
