//! What an organization asks of everybody in it, for the sake of security.

mod impact;
mod ports;
mod remind;
mod show;
mod switch;
mod update;

pub use impact::impact;
pub use ports::{
    Affected, Changer, KeptControl, KeptDeadline, KeptRule, MfaNotices, Notified, Security, SecurityView,
};
pub use remind::remind_some;
pub use show::{ShownSecurity, show};
pub(crate) use switch::{switch, tell_owners};
pub use update::{Command as Update, update};
