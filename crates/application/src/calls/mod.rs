//! Calls: writing them down, and reading them.

mod create;
mod list;
mod made_as;
mod ports;
mod show;
mod update;

pub use create::{Made, create};
pub use list::list;
pub use made_as::MadeAs;
pub use ports::{CallFilter, CallKey, Calls, CallsView};
pub use show::show;
pub use update::{Command as Update, update};
