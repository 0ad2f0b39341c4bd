//! Accounts: signing up, and what a person may do with their own account.

mod change_password;
mod complete_sign_up;
mod confirm_email_change;
mod delete;
mod erase;
mod export;
mod list_organizations;
mod own_words;
mod ports;
mod preview_link;
mod request_email_change;
mod request_password_reset;
mod reset_mfa;
mod reset_password;
mod sign_up;
mod update;

pub use change_password::{Command as ChangePassword, change_password};
pub use complete_sign_up::{Command as CompleteSignUp, complete_sign_up};
pub use confirm_email_change::confirm_email_change;
pub use delete::delete;
pub use erase::{Erasures, erase_some};
pub use export::{ExportedAccount, export, export_events, export_sessions, permit_export};
pub use list_organizations::{OrganizationListKey, list_organizations};
pub use ports::{Accounts, AccountsView, PendingEmailChange, PendingPasswordReset};
pub use preview_link::{LinkFor, preview_link};
pub use request_email_change::request_email_change;
pub use request_password_reset::request_password_reset;
pub use reset_mfa::reset_mfa;
pub(crate) use reset_mfa::turn_mfa_off;
pub use reset_password::{Command as ResetPassword, reset_password};
pub use sign_up::{Command as SignUp, sign_up};
pub use update::{Command as Update, update};
