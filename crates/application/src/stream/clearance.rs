//! What somebody who watches may know, and until when that is certain. Looking prolongs nothing: a session that nobody uses ends,
//! however long its stream has been open.

use std::net::IpAddr;

use rollcall_domain::{
    OrganizationId, PermissionSet,
    policy::Grant,
    secret::{Secret, TokenHash},
};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::{
    Application, Error,
    api_keys::{self, FoundKey, KeyHash},
    ports::OpenSession,
    sessions, token,
    tokens::{self, Bearer},
};

/// What was shown to be let in.
pub(super) enum PresentedCredential {
    /// The token of a session.
    Session(TokenHash),
    /// An API key, from an address.
    Key(Vec<KeyHash>, Option<IpAddr>),
    /// An access token, from an address.
    AccessToken(Secret, Option<IpAddr>),
}

/// What somebody may know, and until when that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clearance {
    pub(super) permissions: PermissionSet,
    until: Option<OffsetDateTime>,
    /// The same for what runs out on the database's clock.
    until_here: Option<Instant>,
}

impl Clearance {
    pub(super) fn holds(&self, now: OffsetDateTime, here: Instant) -> bool {
        self.until.is_none_or(|until| now < until) && self.until_here.is_none_or(|until| here < until)
    }

    fn not_after(self, end: OffsetDateTime) -> Self {
        Self { until: Some(self.until.map_or(end, |until| until.min(end))), ..self }
    }
}

impl PresentedCredential {
    pub(super) fn new(app: &Application, shown: &Secret, ip: Option<IpAddr>) -> Self {
        if tokens::is_access_token(shown) {
            Self::AccessToken(shown.clone(), ip)
        } else if api_keys::is_api_key(shown) {
            Self::Key(KeyHash::all(&app.keyring, shown.expose()), ip)
        } else {
            Self::Session(token::hash(shown.expose()))
        }
    }

    /// What it opens in an organization; none when that is nothing any more. Afresh, whatever this node remembers is not gone by.
    pub(super) async fn clearance(
        &self,
        app: &Application,
        organization: OrganizationId,
        afresh: bool,
    ) -> Result<Option<Clearance>, Error> {
        let directory = app.directory.as_ref();
        Ok(match self {
            Self::Session(token) => {
                let found = match afresh {
                    true => directory.session_afresh(*token).await?,
                    false => directory.session(*token).await?,
                };
                found.and_then(|found| of_session(app, organization, &found))
            }
            Self::Key(hashes, ip) => {
                let found = match afresh {
                    true => directory.api_key_afresh(hashes).await?,
                    false => directory.api_key(hashes).await?,
                };
                found.and_then(|found| of_key(app, organization, *ip, &found))
            }
            Self::AccessToken(token, ip) => {
                let Some((claims, bearer)) = tokens::bearer(app, token).await? else { return Ok(None) };
                let clearance = match bearer {
                    Bearer::Session(found) => of_session(app, organization, &found),
                    Bearer::Key(found) => of_key(app, organization, *ip, &found),
                };
                let end = OffsetDateTime::from_unix_timestamp(claims.exp);
                clearance.zip(end.ok()).map(|(clearance, end)| clearance.not_after(end))
            }
        })
    }
}

fn of_session(app: &Application, organization: OrganizationId, found: &OpenSession) -> Option<Clearance> {
    if !sessions::is_good(app, found) || sessions::is_kept_out(found) {
        return None;
    }
    let (_, role) = found.seat.as_ref().filter(|(seat, _)| seat.id == organization)?;
    if found.mfa_deadline.is_some_and(|deadline| deadline.is_over()) {
        return None;
    }
    let left = found.mfa_deadline.and_then(|deadline| deadline.left.try_into().ok());
    let session = &found.session;
    let clearance = Clearance {
        permissions: Grant::Member { role: *role }.permissions(),
        until: Some(session.expires_at.min(session.last_seen_at + app.settings.sessions.idle)),
        // One that is centuries away needs no looking after.
        until_here: left.and_then(|left| Instant::now().checked_add(left)),
    };
    Some(clearance)
}

fn of_key(
    app: &Application,
    organization: OrganizationId,
    ip: Option<IpAddr>,
    found: &FoundKey,
) -> Option<Clearance> {
    let good = api_keys::is_good(app, found)
        && !found.organization.suspended
        && found.organization.id == organization
        && found.key.networks.allow(ip);
    let permissions = Grant::ApiKey { scopes: found.key.scopes.permissions() }.permissions();
    let until = [found.key.expires_at, found.secret_until].into_iter().flatten().min();
    good.then_some(Clearance { permissions, until, until_here: None })
}
