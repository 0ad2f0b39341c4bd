//! What an answer says that it is, before anything is checked.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_application::ports::{CredentialId, UncheckedAnswer};
use rollcall_domain::{UserId, secret::Secret};
use serde::Deserialize;
use uuid::Uuid;

/// `RegistrationResponseJSON` or `AuthenticationResponseJSON` (WebAuthn Level 3, section 5.1), as far as the challenge and the passkey
/// are found by it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    raw_id: String,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    #[serde(default)]
    user_handle: Option<String>,
}

#[derive(Deserialize)]
struct ClientData {
    challenge: String,
}

/// What an answer says that it is; none for what is no answer.
pub(crate) fn read(answer: &Secret) -> Option<UncheckedAnswer> {
    let Answer { raw_id, response } = serde_json::from_str(answer.expose()).ok()?;
    let client_data = URL_SAFE_NO_PAD.decode(response.client_data_json).ok()?;
    let ClientData { challenge } = serde_json::from_slice(&client_data).ok()?;
    let user = match response.user_handle {
        Some(handle) => {
            // A handle of another length is none of ours: it names nobody.
            let handle = Uuid::from_slice(&URL_SAFE_NO_PAD.decode(handle).ok()?);
            Some(UserId::from_uuid(handle.unwrap_or_default()))
        }
        None => None,
    };
    Some(UncheckedAnswer {
        challenge: Secret::new(challenge),
        credential: CredentialId(URL_SAFE_NO_PAD.decode(raw_id).ok()?),
        user,
    })
}
