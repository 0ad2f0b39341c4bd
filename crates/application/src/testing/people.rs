//! Who asks, and where they are at work.

use std::sync::Arc;

use rollcall_domain::{
    ApiKeyId, OrganizationId, Permission, Role, SessionId, UserId,
    accounts::{Locale, TimeZone, User},
    api_keys::{ApiKey, KeyPrefix, Networks, Scopes},
    audit::Origin,
    members::{Member, Membership},
    organizations::{Organization, Plan},
    sessions::Session,
};
use time::Duration;

use super::{MockUnit, NOW};
use crate::{Actor, KeyActor, Means, api_keys::ListedKey, ports::OpenSession};

pub(crate) fn user(number: u8) -> User {
    User {
        id: UserId::from_parts(0, &[number; 10]),
        email: format!("user{number}@example.com").parse().expect("an address"),
        name: format!("User {number}").parse().expect("a name"),
        locale: Locale::default(),
        time_zone: TimeZone::default(),
        created_at: NOW,
        mfa_enabled: false,
        version: 1,
    }
}

pub(crate) fn organization() -> Organization {
    Organization {
        id: OrganizationId::from_parts(0, &[1; 10]),
        name: "Acme".parse().expect("a name"),
        slug: "acme-000000".parse().expect("a slug"),
        plan: Plan::Free,
        created_at: NOW,
        suspended: false,
        version: 1,
    }
}

/// Somebody at work in the [`organization`].
pub(crate) fn actor(number: u8, role: Role) -> Actor {
    let user = user(number);
    let session = Session {
        id: SessionId::from_parts(0, &[number; 10]),
        user: user.id,
        organization: Some(organization().id),
        authenticated_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + Duration::days(1),
    };
    Actor {
        session,
        user: user.into(),
        place: Some((organization().into(), role)),
        mfa_deadline: None,
        means: Means::Session,
        origin: Origin::default(),
    }
}

/// The session of an [`actor`], as it is found.
pub(crate) fn found_session(actor: &Actor) -> OpenSession {
    OpenSession {
        session: actor.session.clone(),
        user: actor.user.clone(),
        suspended: false,
        seat: actor.place.clone(),
        mfa_deadline: actor.mfa_deadline,
    }
}

/// What a unit says that was told nothing about sessions: whoever was let in would be still. What a test expects goes before it.
pub(super) fn still_signed_in(unit: &mut MockUnit) {
    unit.expect_session_find().returning(|user, _, session| {
        let mut found = found_session(&actor(1, Role::Owner));
        Arc::make_mut(&mut found.user).id = user;
        (found.session.user, found.session.id) = (user, session);
        Ok(Some(found))
    });
}

/// An API key of the [`organization`].
pub(crate) fn api_key(number: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_parts(0, &[number; 10]),
        prefix: KeyPrefix::from_random([number; 16]),
        name: "CI".parse().expect("a name"),
        scopes: Scopes::new([Permission::CallsRead]).expect("scopes"),
        networks: Networks::default(),
        rate_limit: None,
        created_by: Some(user(1).id),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        version: 1,
    }
}

/// A key that was never used.
pub(crate) fn listed_key(key: ApiKey) -> ListedKey {
    ListedKey { key, previous_until: None, secrets: vec![1], last_used_at: None, last_used_ip: None }
}

/// A program that has shown its [`api_key`].
pub(crate) fn key_actor(number: u8) -> KeyActor {
    KeyActor {
        key: api_key(number).into(),
        organization: organization().into(),
        secrets: vec![1],
        secret_until: None,
        audited: false,
        means: Means::Session,
        standing: None,
        origin: Origin::default(),
    }
}

/// A member of the [`organization`].
pub(crate) fn member(number: u8, role: Role) -> Member {
    let user = user(number);
    Member {
        membership: Membership { user: user.id, role },
        email: user.email.to_string(),
        name: user.name.to_string(),
        status: rollcall_domain::members::MemberStatus::Active,
        joined_at: NOW,
        mfa_enabled: false,
        last_seen_at: None,
        changes: 1,
    }
}
