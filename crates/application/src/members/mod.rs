//! The team.

mod change_role;
mod leave;
mod list;
mod offboarding;
mod ports;
mod remove;
mod reset_mfa;
mod show;
mod succession;

pub use change_role::{Command as ChangeRole, change_role};
pub(crate) use leave::depart;
pub use leave::leave;
pub use list::list;
pub use offboarding::offboarding;
pub use ports::{FoundSeat, Inviter, MemberFilter, MemberKey, Members, MembersView, Offboarding, Teams};
pub use remove::{Command as Remove, remove};
pub use reset_mfa::reset_mfa;
pub use show::show;
