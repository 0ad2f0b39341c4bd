//! Organizations.

mod delete;
mod export;
mod ports;
mod purge;
mod restore;
mod show;
mod update;

pub use delete::{Command as Delete, delete};
pub use export::{ExportCounts, OrganizationExport, OrganizationExportPart, export, permit_export};
pub use ports::{Organizations, OrganizationsView, Purged};
pub use purge::purge_some;
pub use restore::restore;
pub use show::show;
pub use update::{Command as Update, update};
