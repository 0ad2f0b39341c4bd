//! What can be done in Rollcall: one use case per file, and the ports they need.
//!
//! A use case takes the [`Application`], the [`Actor`] who asks and a `Command`, and gives back a value of
//! the domain. It decides by the domain's rules, changes things through a [`UnitOfWork`](ports::UnitOfWork),
//! and leaves a [`Record`](audit::Record) of what it did. It knows neither SQL nor HTTP nor SMTP.

pub mod accounts;
mod actor;
pub mod api_keys;
mod application;
pub mod audit;
pub mod authorization;
pub mod availability;
mod bulkhead;
pub mod calls;
mod error;
pub mod escalations;
mod failure;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod invitations;
pub mod keyring;
pub mod mail;
pub mod members;
pub mod operator;
pub mod organizations;
mod page;
mod passed_over;
pub mod passkeys;
pub mod passwords;
pub mod plans;
pub mod ports;
mod precondition;
mod principal;
pub mod recordings;
mod reseal;
pub mod revocations;
mod sealed;
pub mod second_factors;
pub mod security;
pub mod sessions;
pub mod stream;
#[cfg(test)]
mod testing;
mod timing;
mod token;
pub mod tokens;
pub mod trace;
pub mod webhooks;

pub use actor::{Actor, Means, Seat};
pub use application::{Application, Limits, Settings};
pub use bulkhead::Bulkhead;
pub use error::{Error, FieldError, Limit};
pub(crate) use failure::Failure;
pub use page::{Page, PageRequest};
pub use passed_over::PassedOver;
pub use precondition::Precondition;
pub use principal::{Asks, KeyActor, Principal};
pub use reseal::{Resealed, SealedFor, SealedRows, reseal};
pub use rollcall_domain::ErrorChain;
pub use sealed::Sealed;
