//! Who asks.

use std::sync::Arc;

use rollcall_domain::{
    OrganizationId, Permission, Role, SessionId, UserId,
    accounts::User,
    audit::{AuditActor, Origin},
    members::Membership,
    organizations::Organization,
    policy::{self, Decision, Grant, Target},
    security::Deadline,
    sessions::{ELEVATION, Session},
};

use time::OffsetDateTime;

use crate::{
    Error,
    ports::{Scope, UnitOfWork},
};

/// Somebody whose credential was good: who asks, where they are at work, and from where they ask.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user: Arc<User>,
    /// Where they work, and as what; none when they are in no organization.
    pub place: Option<(Arc<Organization>, Role)>,
    /// By when they need a second factor there; none when they have one, or need none.
    pub mfa_deadline: Option<Deadline>,
    /// What they have shown.
    pub means: Means,
    /// Where the request came from.
    pub origin: Origin,
}

/// What somebody has shown to work in a session, or with an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The token of the session itself, or the key itself.
    Session,
    /// An access token, which services beside Rollcall get to see. It is good for work, and for nothing that would make
    /// more of it: no other credential, no session, nothing that needs a fresh proof.
    AccessToken,
}

/// Somebody's seat in an organization, once it is certain that they may do what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The organization.
    pub organization: OrganizationId,
    /// Who sits there, and as what.
    pub membership: Membership,
}

impl Seat {
    /// Everything in the organization.
    pub fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    /// Decides once more, in the transaction: what the actor was when the request came in may have changed since, and
    /// from here on it stays until the end of the transaction. Gives back what they hold now.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] to whoever is not in the organization any more, [`Error::PermissionDenied`] or
    /// [`Error::NotFound`] as [`Actor::permit_on`].
    pub(crate) async fn permit_on(
        &self,
        unit: &mut dyn UnitOfWork,
        permission: Permission,
        target: Target,
    ) -> Result<Grant, Error> {
        let held = unit.member_hold(self.organization, self.membership.user).await?;
        permit_held(held, permission, target)
    }
}

/// Decides by what a member holds.
///
/// # Errors
/// Those of [`Seat::permit_on`].
pub(crate) fn permit_held(
    held: Option<Role>,
    permission: Permission,
    target: Target,
) -> Result<Grant, Error> {
    let held = Grant::Member { role: held.ok_or(Error::Unauthenticated)? };
    decided(policy::decide(&held, permission, target))?;
    Ok(held)
}

pub(crate) fn decided(decision: Decision) -> Result<(), Error> {
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Forbidden { required } => Err(Error::PermissionDenied { required }),
        Decision::Hidden => Err(Error::NotFound),
    }
}

impl Actor {
    /// Whose request it is.
    pub fn user_id(&self) -> UserId {
        self.user.id
    }

    /// The session it is made in.
    pub fn session_id(&self) -> SessionId {
        self.session.id
    }

    /// Whether nothing is left to the actor where they are at work but to set up a second factor, or to leave.
    pub fn must_enrol(&self) -> bool {
        self.mfa_deadline.is_some_and(|deadline| deadline.is_over())
    }

    /// Makes sure that the actor is not kept from work by a second factor that they should have.
    ///
    /// # Errors
    /// [`Error::MfaRequired`] when they are.
    pub fn require_enrolled(&self) -> Result<(), Error> {
        if self.must_enrol() { Err(Error::MfaRequired) } else { Ok(()) }
    }

    /// What the actor holds where they are at work.
    pub fn grant(&self) -> Grant {
        match &self.place {
            Some((_, role)) if !self.must_enrol() => Grant::Member { role: *role },
            Some(_) | None => Grant::None,
        }
    }

    /// The account together with where it is at work.
    pub fn scope(&self) -> Scope {
        Scope::of(self.user_id(), self.organization())
    }

    /// Where the actor is at work.
    pub fn organization(&self) -> Option<OrganizationId> {
        self.place.as_ref().map(|(organization, _)| organization.id)
    }

    /// The seat, if the actor may do what `permission` names in the organization.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] otherwise, [`Error::MfaRequired`], or [`Error::SessionRequired`] where an access token is not enough.
    pub fn permit(&self, permission: Permission) -> Result<Seat, Error> {
        self.permit_on(permission, Target::Organization)
    }

    /// The seat, if the actor may do what `permission` names to `target`.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] otherwise, [`Error::NotFound`] for what the actor cannot see, [`Error::MfaRequired`], or
    /// [`Error::SessionRequired`] where an access token is not enough.
    pub fn permit_on(&self, permission: Permission, target: Target) -> Result<Seat, Error> {
        self.require_enrolled()?;
        decided(policy::decide(&self.grant(), permission, target))?;
        if permission.needs_session() {
            self.require_session()?;
        }
        // Nobody without a place is allowed anything in one.
        self.seat().ok_or(Error::PermissionDenied { required: permission })
    }

    /// The actor's seat.
    pub fn seat(&self) -> Option<Seat> {
        let (organization, role) = self.place.as_ref()?;
        let membership = Membership { user: self.user_id(), role: *role };
        Some(Seat { organization: organization.id, membership })
    }

    /// Makes sure that the actor has shown the session's own token.
    ///
    /// # Errors
    /// [`Error::SessionRequired`] when they have shown less.
    pub(crate) fn require_session(&self) -> Result<(), Error> {
        match self.means {
            Means::Session => Ok(()),
            Means::AccessToken => Err(Error::SessionRequired),
        }
    }

    /// Makes sure that the actor has lately proved who they are.
    ///
    /// # Errors
    /// [`Error::ElevationRequired`] when the last proof is too old, [`Error::SessionRequired`] when they have shown an access token: whose
    /// proof it was, that does not tell.
    pub fn require_elevation(&self, now: OffsetDateTime) -> Result<(), Error> {
        self.require_session()?;
        if now < self.session.authenticated_at + ELEVATION { Ok(()) } else { Err(Error::ElevationRequired) }
    }

    /// How the audit log names the actor.
    pub fn for_audit(&self) -> AuditActor {
        AuditActor::User(self.user_id(), Some(self.session_id()))
    }
}
