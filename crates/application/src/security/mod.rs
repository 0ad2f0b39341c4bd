//! What an organization asks of everybody in it, for the sake of security.

mod impact;
mod ports;
mod remind;
mod show;
mod update;

pub use impact::impact;
pub use ports::{Affected, Changer, KeptDeadline, KeptRule, MfaNotices, Notified, Security, SecurityView};
pub use remind::remind_some;
pub use show::{Shown, show};
pub use update::{Command as Update, update};
