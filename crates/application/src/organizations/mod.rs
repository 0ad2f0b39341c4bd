//! Organizations.

mod ports;
mod show;
mod update;

pub use ports::{Organizations, OrganizationsView};
pub use show::show;
pub use update::{Command as Update, update};
