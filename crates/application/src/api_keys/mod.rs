//! API keys: making, changing and ending them, and letting programs in by them.

mod authenticate;
mod create;
mod days;
mod hash;
mod list;
mod ports;
mod report;
mod revoke;
mod ring;
mod rotate;
mod show;
mod update;
mod uses;

pub(crate) use authenticate::{admit, find_afresh, is_good};
pub use authenticate::{authenticate, is_api_key};
pub use create::{Command as Create, CreatedApiKey, create};
pub use days::{DAYS_OF_USE, DayOfUse, days_of_use};
pub use hash::KeyHash;
pub use list::list;
pub use ports::{ApiKeys, ApiKeysView, FoundKey, KeptBy, KeyUse, ListedKey, Move, UsedKey};
pub use report::report;
pub use revoke::revoke;
pub use ring::{OlderRingKey, older_ring_keys, tell_older_ring_keys};
pub use rotate::{Command as Rotate, rotate};
pub use show::show;
pub use update::{Command as Update, update};
pub use uses::{KeyUses, write_down_uses};
