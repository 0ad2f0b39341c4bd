//! What is true in Rollcall: values that cannot be wrong, and the rules about them.
//!
//! This crate does no I/O, knows no clock and no randomness: whatever it needs to know is passed in,
//! and what it decides comes back as a value. Sibling services use it to speak of the same roles,
//! permissions and ids as Rollcall does; it builds wherever Rust does, WebAssembly included.
//!
//! The names that stand in the API, in tokens and in `permissions.csv` are stable, and are what types are read from and
//! written as:
//!
//! ```
//! use rollcall_domain::{OrganizationId, Permission, Role};
//!
//! let role: Role = "customer_support_agent".parse()?;
//! assert!(role.grants(Permission::EscalationsClaim));
//! assert_eq!("agents:manage".parse(), Ok(Permission::AgentsManage));
//! assert_eq!(serde_json::to_string(&Permission::AgentsManage)?, "\"agents:manage\"");
//! assert!("user_01h455vb4pex5vsknk084sn02q".parse::<OrganizationId>().is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whether somebody may do something is asked in one place:
//!
//! ```
//! use rollcall_domain::{policy::{self, Decision, Grant, Target}, Permission, Role};
//!
//! let viewer = Grant::Member { role: Role::Viewer };
//! assert_eq!(policy::decide(&viewer, Permission::AnalyticsRead, Target::Organization), Decision::Allowed);
//! assert_eq!(
//!     policy::decide(&viewer, Permission::AgentsManage, Target::Organization),
//!     Decision::Forbidden { required: Permission::AgentsManage },
//! );
//! ```

pub mod accounts;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod availability;
pub mod calls;
mod email;
mod error_chain;
pub mod escalations;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hexadecimal;
pub mod hosts;
pub mod id;
pub mod invitations;
pub mod members;
#[cfg(test)]
mod models;
pub mod organizations;
pub mod passkeys;
mod permission;
pub mod plans;
pub mod policy;
pub mod recordings;
pub mod revocations;
mod role;
pub mod second_factors;
pub mod secret;
pub mod security;
pub mod sessions;
pub mod stream;
mod text;
pub mod tokens;
mod version;
pub mod webhooks;

pub use email::{EmailAddress, InvalidEmailAddress};
pub use error_chain::ErrorChain;
pub use hexadecimal::hexadecimal;
pub use id::{
    ApiKeyId, CallId, EscalationId, EventId, InvitationId, OrganizationId, RecordingId, SessionId, UserId,
};
pub use permission::{Permission, PermissionSet, UnknownPermission};
pub use role::{Role, UnknownRole};
pub use text::{InvalidText, Text, on_one_line};
pub use version::{InvalidVersion, Version};
