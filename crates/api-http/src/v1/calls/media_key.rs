use base64::{Engine, engine::general_purpose::STANDARD};
use rollcall_application::calls::IssuedMediaKey;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The cipher suite by its name in the registry of SFrame (RFC 9605 section 8.1, 0x0004).
const CIPHER_SUITE: &str = "AES_128_GCM_SHA256_128";

/// A key for the media of a call (SFrame, RFC 9605). It is shown at this moment only.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaKey)]
pub(super) struct MediaKeyObject {
    /// What whoever asked sends with (`KID`), and nobody else in this call ever does. The last 8 bits count how often the base key
    /// has been ratcheted, the 16 before them tell senders apart, the rest counts base keys.
    #[schema(example = 16_777_216)]
    key_id: u64,
    #[schema(example = "AES_128_GCM_SHA256_128")]
    cipher_suite: &'static str,
    /// 256 bits, in base64. Keys of all senders are derived from it, each with its own `key_id`.
    #[schema(example = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    base_key: String,
    /// When to ask for another one, at the latest.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T04:04:05Z", value_type = String)]
    expires_at: OffsetDateTime,
}

impl From<IssuedMediaKey> for MediaKeyObject {
    fn from(issued: IssuedMediaKey) -> Self {
        Self {
            key_id: issued.id.get(),
            cipher_suite: CIPHER_SUITE,
            base_key: STANDARD.encode(issued.base_key.as_slice()),
            expires_at: issued.expires_at,
        }
    }
}
