//! Whom pages are for. A page says so by what its handler asks for.

use std::{ops::Deref, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_application::{
    Actor, Error, Principal,
    authorization::{Needed, turn_away},
    sessions,
};
use rollcall_domain::{Permission, Role, organizations::Organization};

use crate::{
    Console,
    refused::Refused,
    visit::{Standing, Visit},
};

/// Whoever comes, signed in or not.
#[derive(Clone)]
pub(crate) struct Visitor(Arc<Visit>);

/// Somebody who is signed in, be it in no organization, or with a second factor to set up first: for what leads to one, and for what leads
/// away.
#[derive(Clone)]
pub(crate) struct Enrollee {
    visit: Arc<Visit>,
    pub(crate) actor: Actor,
}

/// Whoever an account belongs to, with nothing to do first, be it in no organization: for what they do with the account itself.
#[derive(Clone)]
pub(crate) struct Holder {
    visit: Arc<Visit>,
    pub(crate) actor: Actor,
}

/// Somebody who is signed in and at work in an organization, with nothing to do first.
#[derive(Clone)]
pub(crate) struct Caller {
    visit: Arc<Visit>,
    pub(crate) actor: Actor,
    pub(crate) organization: Arc<Organization>,
    pub(crate) role: Role,
}

/// Who a page can be for.
pub(crate) trait Comes: Sized + Send {
    /// Whoever makes this visit, if the page is for them.
    ///
    /// # Errors
    /// Where they have to go first.
    fn of(visit: Arc<Visit>) -> impl Future<Output = Result<Self, Refused>> + Send;
}

impl Comes for Visitor {
    async fn of(visit: Arc<Visit>) -> Result<Self, Refused> {
        Ok(Self(visit))
    }
}

impl Comes for Enrollee {
    async fn of(visit: Arc<Visit>) -> Result<Self, Refused> {
        match visit.standing() {
            Standing::Nobody => Err(Refused::SignInFirst),
            Standing::Suspended => Err(Error::OrganizationSuspended.into()),
            Standing::Person(actor) => {
                let actor = (**actor).clone();
                Ok(Self { visit, actor })
            }
        }
    }
}

impl Comes for Holder {
    async fn of(visit: Arc<Visit>) -> Result<Self, Refused> {
        let Enrollee { visit, actor } = Enrollee::of(visit).await?;
        sessions::require_enrolled(&visit.console.app, &actor).await?;
        Ok(Self { visit, actor })
    }
}

impl Comes for Caller {
    async fn of(visit: Arc<Visit>) -> Result<Self, Refused> {
        let Holder { visit, actor } = Holder::of(visit).await?;
        let (organization, role) = actor.place.clone().ok_or(Refused::NowhereYet)?;
        Ok(Self { visit, actor, organization, role })
    }
}

impl Caller {
    /// Whether they may do something in the organization at all: what is shown goes by it, what is done is decided by the use case.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.actor.grant().permissions().contains(permission)
    }

    /// Turns them away if they may not, before they are told what else is wrong with their form. That is written down, as the use case
    /// would have done.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`].
    pub(crate) async fn permit_first(&self, permission: Permission) -> Result<(), Refused> {
        let refusal = turn_away(&self.console.app, &self.principal(), Needed::Permission(permission)).await;
        refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// Who they are to use cases that are open to programs as well.
    pub(crate) fn principal(&self) -> Principal {
        Principal::Person(self.actor.clone())
    }
}

macro_rules! comes {
    ($($who:ident: $visit:tt),*) => { $(
        impl Deref for $who {
            type Target = Visit;

            fn deref(&self) -> &Visit {
                &self.$visit
            }
        }

        impl FromRequestParts<Console> for $who {
            type Rejection = Refused;

            async fn from_request_parts(parts: &mut Parts, _: &Console) -> Result<Self, Refused> {
                let visit: Option<&Arc<Visit>> = parts.extensions.get();
                // Every page is behind the layer that puts it there.
                let visit = visit.cloned().ok_or_else(|| Error::Internal("a page outside of the frame".into()))?;
                $who::of(visit).await
            }
        }
    )* };
}
comes!(Visitor: 0, Enrollee: visit, Holder: visit, Caller: visit);
