//! What the platform's own staff do with organizations, on the machine itself or with the operator's token.

mod list;
mod ports;
mod refuse;
mod restore;
mod set_plan;
mod show;
mod suspend;

pub use list::list;
pub use ports::{Tenant, Tenants};
pub use refuse::refuse;
pub use restore::restore;
pub use set_plan::set_plan;
use show::not_there;
pub use show::show;
pub use suspend::suspend;
