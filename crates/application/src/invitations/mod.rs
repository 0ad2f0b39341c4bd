//! Invitations.

mod accept;
mod create;
mod create_bulk;
mod list;
mod ports;
mod preview;
mod resend;
mod revoke;
mod show;

pub use accept::{Command as Accept, NewAccount, accept};
pub use create::{Command as Create, create};
pub use create_bulk::create_bulk;
pub use list::list;
pub use ports::{Invitations, InvitationsView, ListedInvitation, MailsSent};
pub use preview::preview;
pub use resend::resend;
pub use revoke::revoke;
pub use show::show;
