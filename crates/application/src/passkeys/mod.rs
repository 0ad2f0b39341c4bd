//! Passkeys: adding, naming and removing them, and what they prove.

mod add;
mod begin_registration;
mod ceremony;
mod ports;
mod prove;
mod remove;
mod rename;

pub use add::{Added, Command as Add, add};
pub use begin_registration::begin_registration;
pub(crate) use ceremony::{allowed, ask, take};
pub use ports::{KeptPasskey, NewPasskey, Passkeys, PasskeysView};
pub(crate) use prove::{ProvenPasskey, UnprovenPasskey, prove};
pub use remove::remove;
pub use rename::rename;
