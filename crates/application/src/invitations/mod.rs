//! Invitations.

mod accept;
mod create;
mod create_bulk;
mod list;
mod passed_on;
mod ports;
mod preview;
mod resend;
mod revoke;
mod show;

pub use accept::{Command as Accept, NewAccount, accept};
pub use create::{Command as Create, create};
pub use create_bulk::create_bulk;
pub use list::list;
pub use passed_on::{PassedOn, accept_passed_on, passed_on, reference};
pub use ports::{Invitations, InvitationsView, ListedInvitation, MailsSent};
pub use preview::preview;
pub use resend::resend;
pub use revoke::revoke;
pub use show::show;
