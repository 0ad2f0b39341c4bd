//! What second factors one's own account has.

use rollcall_domain::{UserId, passkeys::Passkey};
use time::OffsetDateTime;

use super::TotpStage;
use crate::{
    Actor, Application, Error,
    ports::{Scope, View},
};

/// What second factors an account has.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Since when an authenticator app is on; none when it is not.
    pub totp_confirmed_at: Option<OffsetDateTime>,
    /// How many recovery codes are left.
    pub recovery_codes_left: u32,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
}

impl Overview {
    /// What second factors the scope's account has.
    pub(crate) async fn of<V: View + ?Sized>(view: &mut V, user: UserId) -> Result<Self, Error> {
        let totp = view.totp_find(user).await?;
        let totp_confirmed_at = totp.and_then(|totp| match totp.stage {
            TotpStage::Confirmed { at, .. } => Some(at),
            TotpStage::Begun { .. } => None,
        });
        let passkeys = view.passkeys_of(user).await?;
        Ok(Self {
            totp_confirmed_at,
            recovery_codes_left: view.recovery_codes_left(user).await?,
            passkeys: passkeys.into_iter().map(|kept| kept.passkey).collect(),
        })
    }
}

/// What second factors the actor's account has.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn show(app: &Application, actor: &Actor) -> Result<Overview, Error> {
    actor.require_session()?;
    let mut view = app.store.view(Scope::Account(actor.user_id())).await?;
    Overview::of(view.as_mut(), actor.user_id()).await
}
