//! Making, sealing and hashing what codes are checked by.

use rollcall_domain::{
    UserId,
    second_factors::{RECOVERY_CODE_CHARACTERS, RECOVERY_CODES, RecoveryCode, SEED_BYTES, TotpSeed},
    secret::TokenHash,
};
use zeroize::Zeroizing;

use crate::{Application, Error, Sealed, SealedFor, keyring::UnsealError, ports::UnitOfWork, token};

/// What seeds are sealed for.
const PURPOSE: &str = SealedFor::TotpSeed.purpose();

/// A new seed.
pub(super) fn new_seed(app: &Application) -> TotpSeed {
    let mut random = Zeroizing::new([0; SEED_BYTES]);
    app.entropy.fill(random.as_mut_slice());
    TotpSeed::from_bytes(*random)
}

/// What is kept of a seed, good for one account alone.
pub(super) fn seal_seed(app: &Application, user: UserId, seed: &TotpSeed) -> Result<Sealed, Error> {
    let context = user.uuid();
    let sealed = app.keyring.seal(PURPOSE, context.as_bytes(), seed.expose(), app.entropy.as_ref());
    sealed.map(Sealed).ok_or_else(|| Error::Internal("a seed was not sealed".into()))
}

/// The seed that was kept.
///
/// # Errors
/// [`Error::Unavailable`] when its key is not on the ring, and [`Error::Internal`] when it does not open.
pub(super) fn open_seed(app: &Application, user: UserId, sealed: &Sealed) -> Result<TotpSeed, Error> {
    let what = "the seed of an authenticator app";
    let opened = app.keyring.open_kept(what, PURPOSE, user.uuid().as_bytes(), &sealed.0)?;
    let bytes = <[u8; SEED_BYTES]>::try_from(opened.as_slice()).map_err(|_| UnsealError::Damaged { what })?;
    Ok(TotpSeed::from_bytes(bytes))
}

/// What is kept of a recovery code.
pub(super) fn hash(code: &RecoveryCode) -> TokenHash {
    token::hash(code.canonical().expose())
}

/// Gives the scope's account new recovery codes, and voids those it had. They are known at this moment only.
pub(crate) async fn give_recovery_codes(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    user: UserId,
) -> Result<Vec<RecoveryCode>, Error> {
    let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES)
        .map(|_| {
            let mut random = Zeroizing::new([0; RECOVERY_CODE_CHARACTERS]);
            app.entropy.fill(random.as_mut_slice());
            RecoveryCode::of(&random)
        })
        .collect();
    let hashes: Vec<TokenHash> = codes.iter().map(hash).collect();
    unit.recovery_codes_replace(user, &hashes, app.now()).await?;
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MockDirectory, TestStore, application, user};

    #[test]
    fn a_seed_whose_key_is_not_on_the_ring_for_now_is_not_taken_for_damaged() {
        let mut app = application(&TestStore::default(), MockDirectory::new());
        let user = user(1).id;
        let mut sealed = seal_seed(&app, user, &new_seed(&app)).expect("sealed");
        assert!(open_seed(&app, user, &sealed).is_ok());
        sealed.0[40] ^= 1;
        assert!(matches!(open_seed(&app, user, &sealed), Err(Error::Internal(_))));
        app.keyring = "77:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".parse().expect("a keyring");
        assert!(matches!(open_seed(&app, user, &sealed), Err(Error::Unavailable(_))));
    }
}
