//! What a transaction may touch.

use rollcall_domain::{OrganizationId, UserId};

/// What a transaction may touch. The database enforces it on every row, whatever the queries say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything in one organization, and nothing elsewhere.
    Organization(OrganizationId),
    /// One account with its sessions; of organizations, only which ones it is in, and as what.
    Account(UserId),
    /// One account and one organization: somebody signs up, comes in, signs in or leaves.
    Seat {
        /// The organization.
        organization: OrganizationId,
        /// Whose account.
        user: UserId,
    },
    /// Sign-ups that wait for their address to be confirmed. Nothing that belongs to anybody.
    Signups,
    /// Requests for another password. Nothing that belongs to anybody.
    PasswordResets,
    /// The keys that sign. Nothing that belongs to anybody.
    SigningKeys,
    /// Nothing but the platform's own part of the audit log.
    Platform,
}

impl Scope {
    /// The organization, whose log the record of the transaction goes to. Without one it is the platform's.
    pub fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Organization(organization) | Self::Seat { organization, .. } => Some(*organization),
            Self::Account(_) | Self::Signups | Self::PasswordResets | Self::SigningKeys | Self::Platform => {
                None
            }
        }
    }

    /// The account.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Account(user) | Self::Seat { user, .. } => Some(*user),
            Self::Organization(_)
            | Self::Signups
            | Self::PasswordResets
            | Self::SigningKeys
            | Self::Platform => None,
        }
    }

    /// The scope of somebody in an organization, or of somebody who is in none.
    pub fn of(user: UserId, organization: Option<OrganizationId>) -> Self {
        match organization {
            Some(organization) => Self::Seat { organization, user },
            None => Self::Account(user),
        }
    }
}
