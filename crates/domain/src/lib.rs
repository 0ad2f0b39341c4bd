//! What is true in Rollcall: values that cannot be wrong, and the rules about them.
//!
//! This crate does no I/O, knows no clock and no randomness: whatever it needs to know is passed in,
//! and what it decides comes back as a value. Sibling services use it to speak of the same roles,
//! permissions and ids as Rollcall does.
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
mod email;
pub mod id;
pub mod invitations;
pub mod members;
pub mod organizations;
mod permission;
pub mod policy;
mod role;
pub mod secret;
pub mod sessions;
mod text;
pub mod tokens;

pub use email::{EmailAddress, InvalidEmailAddress};
pub use id::{ApiKeyId, EventId, InvitationId, OrganizationId, SessionId, UserId};
pub use permission::{Permission, PermissionSet, UnknownPermission};
pub use role::{Role, UnknownRole};
pub use text::{InvalidText, Text};
