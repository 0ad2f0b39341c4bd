//! The second half of adding a passkey.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    passkeys::{MOST_PASSKEYS, Passkey, PasskeyName},
    second_factors::{Method, RecoveryCode},
    secret::Secret,
};

use super::{NewPasskey, prove::malformed, take};
use crate::availability::{By, signed_out};
use crate::{
    Actor, Application, Error,
    mail::{Letter, SecurityNotice},
    ports::{CeremonyPurpose, Credential, PasskeyRefusal},
    second_factors::give_recovery_codes,
};

/// A passkey that a device has made.
#[derive(Debug, Clone)]
pub struct Command {
    /// What its owner calls it.
    pub name: PasskeyName,
    /// What the device has answered.
    pub credential: Secret,
}

/// A passkey was added.
#[derive(Debug, Clone)]
pub struct Added {
    /// The passkey.
    pub passkey: Passkey,
    /// What lets its owner in without it; only when it is the account's first factor. They are known at this moment only.
    pub recovery_codes: Option<Vec<RecoveryCode>>,
}

/// Adds a passkey to the actor's account. If it is the first second factor, all their other sessions end, as none of them was opened
/// with one. They are told by mail.
///
/// # Errors
/// [`Error::ElevationRequired`]; [`Error::Invalid`] for an answer that is not right; [`Error::PasskeyExists`],
/// [`Error::TooManyPasskeys`], [`Error::PasskeysUnavailable`].
pub async fn add(app: &Application, actor: &Actor, command: Command) -> Result<Added, Error> {
    let added = register(app, actor, command).await;
    app.refusals_recorded(actor, Action::PasskeyAdded, AuditTarget::User(actor.user_id()), added).await
}

async fn register(app: &Application, actor: &Actor, command: Command) -> Result<Added, Error> {
    actor.require_elevation(app.now())?;
    let credential = checked(app, actor, &command.credential).await?;
    let user = actor.user_id();
    let mut unit = app.store.begin(actor.scope()).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if unit.passkeys_of(user).await?.len() >= MOST_PASSKEYS {
        return Err(Error::TooManyPasskeys);
    }
    let passkey = Passkey {
        id: app.id(),
        name: command.name,
        created_at: app.now(),
        last_used_at: None,
        backed_up: credential.backed_up,
    };
    unit.passkey_add(user, &NewPasskey { passkey: passkey.clone(), credential }).await?;
    unit.second_factors_settle(user).await?;
    let recovery_codes = match account.mfa_enabled {
        true => None,
        false => {
            // None of the others was opened with a second factor.
            unit.sessions_end(user, Some(actor.session_id())).await?;
            // Whoever asked for another address in one of those does not get the account by it.
            unit.email_change_take_back(user).await?;
            Some(give_recovery_codes(app, unit.as_mut(), user).await?)
        }
    };
    let event = app.event_by(actor, Action::PasskeyAdded, AuditTarget::Passkey(passkey.id));
    let record = app.record(event.change("factor", None, Some(Method::Passkey.as_str())));
    let letter = Letter::SecurityNotice { user, notice: SecurityNotice::PasskeyAdded };
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), user, record.mail(letter)).await?;
    unit.commit(record).await?;
    Ok(Added { passkey, recovery_codes })
}

/// What a device has made, if it was asked for it in this very session.
async fn checked(app: &Application, actor: &Actor, answer: &Secret) -> Result<Credential, Error> {
    let webauthn = app.webauthn()?;
    let unchecked = webauthn.read(answer).ok_or_else(malformed)?;
    let mine = CeremonyPurpose::Registration { user: actor.user_id(), session: actor.session_id() };
    let Some((_, state)) = take(app, &unchecked).await?.filter(|(purpose, _)| *purpose == mine) else {
        return Err(Error::invalid(
            "credential",
            "answers nothing that was asked in this session; ask again",
        ));
    };
    webauthn.check_new(&state, answer).map_err(|wrong| match wrong {
        PasskeyRefusal::Malformed => malformed(),
        PasskeyRefusal::Copied | PasskeyRefusal::Refused(_) => Error::invalid(
            "credential",
            "must come from this service's own pages and from a device that has verified its user",
        ),
    })
}
