//! Calls that wait for a human agent: the queue, and who gets what of it.

mod abandon;
mod assign;
mod call_back;
mod claim;
mod create;
mod give_up;
mod hang_up;
mod leased;
mod list;
mod ports;
mod release;
mod renew;
mod resolve;
mod settings;
mod show;

#[cfg(test)]
mod tests;

pub use abandon::abandon;
pub(crate) use assign::{assign, assign_soon};
pub use call_back::call_back;
pub use claim::{ClaimedEscalation, claim, claim_next};
pub(crate) use create::identifying_skills;
pub use create::{Command as Escalate, Escalated, create};
pub(crate) use give_up::give_up_some;
pub(crate) use hang_up::{HungUp, hang_up};
pub use list::list;
pub use ports::{EscalationFilter, EscalationKey, Escalations, EscalationsView, ShownEscalation};
pub use release::release;
pub use renew::{Renewed, held, renew};
pub use resolve::resolve;
pub use settings::{Command as ChangeSettings, change_settings, settings};
pub use show::show;
