//! From the keyring to the key of a recording: the keyring wraps a key of each organization, and that wraps those of its recordings.
//!
//! So when the keyring gets another key, one row of each organization is wrapped anew; and once an organization's row is
//! gone, nothing of its recordings can be opened, wherever copies of them may lie.

use rollcall_domain::OrganizationId;
use zeroize::Zeroizing;

use super::{
    ports::Uploads,
    seal::{Binding, Damaged, RecordingKey},
};
use crate::{
    Application, Error, SealedFor,
    keyring::UnsealError,
    ports::Entropy,
    sealed::{self, Sealed},
};

const WHAT: &str = "the key of an organization";
const PURPOSE: &str = SealedFor::OrganizationKey.purpose();

/// The key of an organization.
pub(super) struct OrganizationKey(Zeroizing<[u8; 32]>);

impl OrganizationKey {
    pub(super) fn wrap(
        &self,
        key: &RecordingKey,
        binding: Binding,
        entropy: &dyn Entropy,
    ) -> Result<Sealed, Damaged> {
        sealed::seal(&self.0, &context(binding), key.bytes(), entropy).map(Sealed).ok_or(Damaged)
    }

    pub(super) fn unwrap(&self, wrapped: &Sealed, binding: Binding) -> Result<RecordingKey, Damaged> {
        let bytes =
            sealed::open(&self.0, &context(binding), &wrapped.0).map(Zeroizing::new).ok_or(Damaged)?;
        RecordingKey::from_bytes(&bytes).ok_or(Damaged)
    }
}

fn context(binding: Binding) -> [u8; 54] {
    let mut data = [0; 54];
    data[..22].copy_from_slice(b"rollcall/recording/v1/");
    data[22..38].copy_from_slice(binding.organization.uuid().as_bytes());
    data[38..].copy_from_slice(binding.recording.uuid().as_bytes());
    data
}

/// The organization's key; the first time it is made.
pub(super) async fn of_organization(
    app: &Application,
    uploads: &dyn Uploads,
    organization: OrganizationId,
) -> Result<OrganizationKey, Error> {
    let wrapped = match uploads.organization_key(organization).await? {
        Some(wrapped) => wrapped,
        None => {
            let mut fresh = Zeroizing::new([0; 32]);
            app.entropy.fill(fresh.as_mut());
            let wrapped = wrap(app, organization, fresh.as_ref())?;
            uploads.organization_key_add(organization, &wrapped, app.now()).await?
        }
    };
    open(app, organization, &wrapped)
}

/// Opens an organization's key.
pub(super) fn open(
    app: &Application,
    organization: OrganizationId,
    wrapped: &Sealed,
) -> Result<OrganizationKey, Error> {
    let bytes = app.keyring.open_kept(WHAT, PURPOSE, organization.uuid().as_bytes(), &wrapped.0)?;
    let key = bytes.as_slice().try_into().map_err(|_| UnsealError::Damaged { what: WHAT })?;
    Ok(OrganizationKey(Zeroizing::new(key)))
}

fn wrap(app: &Application, organization: OrganizationId, key: &[u8]) -> Result<Sealed, Error> {
    let context = organization.uuid();
    let sealed = app.keyring.seal(PURPOSE, context.as_bytes(), key, app.entropy.as_ref());
    sealed.map(Sealed).ok_or_else(|| UnsealError::Damaged { what: WHAT }.into())
}
