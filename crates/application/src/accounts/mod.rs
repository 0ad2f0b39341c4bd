//! Accounts: signing up, and what a person may do with their own account.

mod complete_sign_up;
mod list_organizations;
mod ports;
mod sign_up;
mod update;

pub use complete_sign_up::{Command as CompleteSignUp, complete_sign_up};
pub use list_organizations::list_organizations;
pub use ports::{Accounts, AccountsView};
pub use sign_up::{Command as SignUp, sign_up};
pub use update::{Command as Update, update};
