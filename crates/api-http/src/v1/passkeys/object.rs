use rollcall_application::Error;
use rollcall_domain::{id::PasskeyId, passkeys::Passkey, secret::Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::problem::Result;

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Passkey)]
pub(in crate::v1) struct PasskeyObject {
    #[schema(value_type = String, example = "pkey_01h455vb4pex5vsknk084sn02q")]
    id: PasskeyId,
    /// What its owner calls it.
    #[schema(example = "Grace's phone")]
    name: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    /// When it last proved who its owner is; null if it never has.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-03T08:00:00Z", value_type = Option<String>)]
    last_used_at: Option<OffsetDateTime>,
    /// Whether the device keeps it elsewhere as well, so that it outlives the device.
    backed_up: bool,
}

impl From<&Passkey> for PasskeyObject {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name.to_string(),
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
            backed_up: passkey.backed_up,
        }
    }
}

/// What the browser is to ask its device for.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::v1) struct AskedObject {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON`, or `parseRequestOptionsFromJSON` (WebAuthn Level 3, section 5.1).
    #[serde(rename = "publicKey")]
    #[schema(value_type = Object)]
    public_key: Map<String, Value>,
}

impl AskedObject {
    pub(in crate::v1) fn of(options: &Secret) -> Result<Self> {
        Ok(serde_json::from_str(options.expose()).map_err(|error| Error::Internal(Box::new(error)))?)
    }
}

/// What a device has answered, as it came.
pub(in crate::v1) fn credential(answer: Map<String, Value>) -> Secret {
    Secret::new(Value::Object(answer).to_string())
}
