//! Access tokens: making them, taking them, telling about them, and the keys that sign them.

mod asked_with;
mod authenticate;
mod introspect;
mod issue;
pub(crate) mod jwt;
mod keys;
mod ports;
mod publish;
mod rotate;
mod signer;

pub(crate) use authenticate::{Bearer, open as bearer};
pub use authenticate::{authenticate, authenticate_unnoted, is_access_token};
pub use introspect::{Introspection, Spoken, introspect};
pub use issue::{Issued, issue};
pub use keys::{SealedKey, Tokens, sealed_by_older};
pub use ports::{SigningKeys, SigningKeysView, StoredKey};
pub use publish::publish;
pub use rotate::{Rotation, prepare, rotate};
pub(crate) use signer::signer;
