//! Who calls.

use axum_core::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, header, request::Parts};
use rollcall_domain::{
    ApiKeyId, OrganizationId, Permission, SessionId, UserId,
    policy::{self, Decision, Grant, Target},
    secret::Secret,
};

use crate::{ClientAddress, Error, Rollcall};

/// Whoever has sent a request, and what they may do. As an argument of a handler it is there only for somebody whose
/// credential is good at this moment.
///
/// What it says is what was known when it was asked for: it does not change while a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub subject: Subject,
    /// Where they are at work; none for somebody who is in no organization.
    pub organization: Option<OrganizationId>,
    /// What they hold there.
    pub grant: Grant,
}

/// Who it is that calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A person, in a session.
    User {
        /// Who.
        id: UserId,
        /// Which session.
        session: SessionId,
    },
    /// A program, by its key.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
    },
}

impl Caller {
    /// The organization that the caller may do this in: the only one whose things a handler should touch. Nobody is asked: it goes by what the
    /// caller holds.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], also for somebody who is in no organization.
    pub fn require(&self, permission: Permission) -> Result<OrganizationId, Error> {
        let denied = Error::PermissionDenied { required: permission };
        match policy::decide(&self.grant, permission, Target::Organization) {
            Decision::Allowed => self.organization.ok_or(denied),
            Decision::Forbidden { .. } | Decision::Hidden => Err(denied),
        }
    }

    /// Whether the caller may do this: whether [`require`](Self::require) would let them.
    pub fn allows(&self, permission: Permission) -> bool {
        self.require(permission).is_ok()
    }
}

/// Has the one Bearer token of a request (RFC 6750 section 2.1) authenticated, from the request's [`ClientAddress`] where it has one:
/// [`Rollcall::authenticate`] says what that asks of the network. It is done once for a request, however many extractors want to know.
///
/// Whoever is turned away is answered with the [`Error`], which is [`Error::Unauthenticated`] also where there is no token, or more than one.
impl<S> FromRequestParts<S> for Caller
where
    Rollcall: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        // Asked once for each request, however many extractors want to know.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(*caller);
        }
        let token = bearer(&parts.headers).ok_or(Error::Unauthenticated)?;
        let client = parts.extensions.get::<ClientAddress>().copied();
        let caller = Rollcall::from_ref(state).authenticate_from(&token, client).await?;
        parts.extensions.insert(caller);
        Ok(caller)
    }
}

/// The one Bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, none) = (values.next()?.to_str().ok()?, values.next().is_none());
    let (scheme, token) = value.split_once(' ')?;
    (none && scheme.eq_ignore_ascii_case("Bearer")).then(|| Secret::new(token.trim()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rollcall_domain::Role;

    use super::*;

    fn caller(organization: Option<OrganizationId>, grant: Grant) -> Caller {
        let subject = Subject::User {
            id: UserId::from_parts(0, &[1; 10]),
            session: SessionId::from_parts(0, &[2; 10]),
        };
        Caller { subject, organization, grant }
    }

    #[test]
    fn what_is_allowed_is_allowed_in_the_callers_own_organization_and_nowhere_else() {
        let organization = OrganizationId::from_parts(0, &[3; 10]);
        let admin = caller(Some(organization), Grant::Member { role: Role::Admin });
        assert_eq!(admin.require(Permission::AgentsManage), Ok(organization));
        let denied = Err(Error::PermissionDenied { required: Permission::BillingRead });
        assert_eq!(admin.require(Permission::BillingRead), denied);
        let scopes = [Permission::BillingRead].into_iter().collect();
        assert_eq!(caller(None, Grant::ApiKey { scopes }).require(Permission::BillingRead), denied);
        assert!(!caller(None, Grant::None).allows(Permission::OrganizationRead));
    }

    #[test]
    fn a_request_has_one_bearer_token_or_none() {
        let headers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(|token| token.expose().to_owned())
        };
        assert_eq!(headers(&["Bearer rcs_x"]).as_deref(), Some("rcs_x"));
        assert_eq!(headers(&["bearer  rcs_x "]).as_deref(), Some("rcs_x"));
        for none in [&[][..], &["rcs_x"], &["Basic x"], &["Bearer a", "Bearer b"]] {
            assert_eq!(headers(none), None);
        }
    }
}
