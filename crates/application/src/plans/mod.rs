//! What organizations pay for, and what that entitles them to.

mod billing;
mod by_operator;
mod change;
mod going_over;
mod ports;
mod show;

pub use billing::{Bill, billing};
pub(crate) use by_operator::change_as_operator;
pub use change::{Command as Change, change};
pub use ports::{Billing, KeptPlanChange, NewPlanChange, Order, PlanChanges, PlanChangesView, Receipt};
pub use show::show;
