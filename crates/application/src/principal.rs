//! Who asks, if it may be a program as well as a person.
//!
//! Most of Rollcall is for people: use cases take an [`Actor`], and there is no way to make one out of a key. Those that are open to
//! programs too take a [`Principal`]. So a key is kept out wherever nobody has said that it may come in.

use std::sync::Arc;

use rollcall_domain::{
    ApiKeyId, OrganizationId, Permission, UserId,
    api_keys::{ApiKey, RateLimitState},
    audit::{AuditActor, Origin},
    organizations::Organization,
    policy::{self, Grant, Target},
};
use time::OffsetDateTime;

use crate::{
    Actor, Application, Error, Means,
    actor::decided,
    ports::{OpenSession, Scope, UnitOfWork},
    sessions,
};

/// Whoever a credential that was good belongs to.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A person in a session.
    Person(Actor),
    /// A program with an API key.
    Key(KeyActor),
}

/// A program whose API key was good.
#[derive(Debug, Clone)]
pub struct KeyActor {
    /// The key.
    pub key: Arc<ApiKey>,
    /// Where it is at work.
    pub organization: Arc<Organization>,
    /// The number of the secret that it has shown; of an access token, of the one that it was asked for with, or of
    /// each that this may be.
    pub secrets: Vec<i64>,
    /// Until when what it has shown is good; none when for as long as the key is.
    pub secret_until: Option<OffsetDateTime>,
    /// Whether what it does is kept in the organization's audit log.
    pub audited: bool,
    /// What it has shown: the key itself, or an access token that was made with it.
    pub means: Means,
    /// How it stands against its own limit, if it has one.
    pub standing: Option<RateLimitState>,
    /// Where the request came from.
    pub origin: Origin,
}

/// Whoever asks for something, as far as the audit log and lists need to know.
pub trait Asks: Sync {
    /// Where they are at work.
    fn organization(&self) -> Option<OrganizationId>;
    /// How the audit log names them.
    fn for_audit(&self) -> AuditActor;
    /// Where the request came from.
    fn origin(&self) -> &Origin;
}

impl Asks for Actor {
    fn organization(&self) -> Option<OrganizationId> {
        self.organization()
    }

    fn for_audit(&self) -> AuditActor {
        self.for_audit()
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Asks for KeyActor {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization.id)
    }

    fn for_audit(&self) -> AuditActor {
        AuditActor::ApiKey(self.id())
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Asks for Principal {
    fn organization(&self) -> Option<OrganizationId> {
        self.asks().organization()
    }

    fn for_audit(&self) -> AuditActor {
        self.asks().for_audit()
    }

    fn origin(&self) -> &Origin {
        self.asks().origin()
    }
}

impl KeyActor {
    /// The key.
    pub fn id(&self) -> ApiKeyId {
        self.key.id
    }

    /// Everything in the organization.
    pub fn scope(&self) -> Scope {
        Scope::Organization(self.organization.id)
    }

    /// What the key holds.
    pub fn grant(&self) -> Grant {
        Grant::ApiKey { scopes: self.key.scopes.permissions() }
    }

    /// Makes sure that the program has shown the key itself.
    ///
    /// # Errors
    /// [`Error::SessionRequired`] when it has shown an access token: that does not renew itself.
    pub(crate) fn require_key(&self) -> Result<(), Error> {
        match self.means {
            Means::Session => Ok(()),
            Means::AccessToken => Err(Error::SessionRequired),
        }
    }
}

impl Principal {
    /// Whether a second factor has to be set up first. Programs need none: an organization's rule is about people.
    pub fn must_enrol(&self) -> bool {
        match self {
            Self::Person(actor) => actor.must_enrol(),
            Self::Key(_) => false,
        }
    }

    fn asks(&self) -> &dyn Asks {
        match self {
            Self::Person(actor) => actor,
            Self::Key(key) => key,
        }
    }

    /// What they hold where they are at work.
    pub fn grant(&self) -> Grant {
        match self {
            Self::Person(actor) => actor.grant(),
            Self::Key(key) => key.grant(),
        }
    }

    /// Whether it is this person.
    pub fn is(&self, user: UserId) -> bool {
        match self {
            Self::Person(actor) => actor.user_id() == user,
            Self::Key(_) => false,
        }
    }

    /// Who it is; nobody for a program.
    pub fn person(&self) -> Option<UserId> {
        match self {
            Self::Person(actor) => Some(actor.user_id()),
            Self::Key(_) => None,
        }
    }

    /// Where they are at work.
    pub fn place(&self) -> Option<&Organization> {
        match self {
            Self::Person(actor) => actor.place.as_ref().map(|(organization, _)| &**organization),
            Self::Key(key) => Some(&key.organization),
        }
    }

    /// What they work in: their own account with it, if they are a person.
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Person(actor) => actor.scope(),
            Self::Key(key) => key.scope(),
        }
    }

    /// The organization, if they may do what `permission` names in it.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] otherwise.
    pub fn permit(&self, permission: Permission) -> Result<&Organization, Error> {
        decided(policy::decide(&self.grant(), permission, Target::Organization))?;
        // Nobody without a place is allowed anything in one.
        self.place().ok_or(Error::PermissionDenied { required: permission })
    }

    /// Decides once more, in the transaction: what they held when the request came in may have changed since, and from here on it
    /// stays until the end of the transaction. Gives back what they hold now.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a member who has left, for a key that has ended, and for a key whose shown secret has ended;
    /// [`Error::NetworkNotAllowed`], [`Error::PermissionDenied`].
    pub(crate) async fn permit_again(
        &self,
        unit: &mut dyn UnitOfWork,
        permission: Permission,
        now: OffsetDateTime,
    ) -> Result<Grant, Error> {
        match self {
            Self::Person(actor) => {
                let seat = actor.seat().ok_or(Error::Unauthenticated)?;
                seat.permit_on(unit, permission, Target::Organization).await
            }
            Self::Key(key) => {
                let held = unit.api_key_hold(key.organization.id, key.id(), &key.secrets, now).await?;
                let held = held.filter(|held| held.is_live(now)).ok_or(Error::Unauthenticated)?;
                if !held.networks.allow(key.origin.ip) {
                    return Err(Error::NetworkNotAllowed);
                }
                let grant = Grant::ApiKey { scopes: held.scopes.permissions() };
                decided(policy::decide(&grant, permission, Target::Organization))?;
                Ok(grant)
            }
        }
    }

    /// Begins a transaction for somebody who was let in a while ago, if they would be still (attack 9). Gives back what they hold
    /// now, too: whatever else depends on who they are is decided with that. What they began is a use of their session for as long as it
    /// is asked about: no session idles away beneath it.
    ///
    /// # Errors
    /// As [`permit_again`](Self::permit_again), [`Error::Unauthenticated`] when the session or the key is over,
    /// [`Error::MfaRequired`] when they had to have a second factor by now, and [`Error::OrganizationSuspended`].
    #[track_caller]
    pub(crate) fn begin_again(
        &self,
        app: &Application,
        permission: Permission,
    ) -> impl Future<Output = Result<(Box<dyn UnitOfWork>, Grant), Error>> + Send {
        let now = app.now();
        // Here, so that it is named by whoever called.
        let unit = app.store.begin(self.scope());
        async move {
            if let Self::Person(actor) = self {
                // Before the session is held, which keeps that from being written.
                sessions::note_use(app, actor).await;
            }
            let mut unit = unit.await?;
            // The organization before the session, as its deletion takes them.
            let held = match self.permit_again(unit.as_mut(), permission, now).await {
                Err(Error::Unauthenticated) => return Err(self.why_out(app, unit.as_mut(), now).await?),
                held => held?,
            };
            match self {
                Self::Person(actor) => {
                    let found = open_session(app, actor, unit.as_mut()).await?;
                    let deadline = found.ok_or(Error::Unauthenticated)?.mfa_deadline;
                    if deadline.is_some_and(|deadline| deadline.is_over()) {
                        return Err(Error::MfaRequired);
                    }
                }
                // That what it has shown works still is certain with the key.
                Self::Key(_) => {}
            }
            Ok((unit, held))
        }
    }

    /// Why they are not let in any more: nobody is, or not they. Whoever has gone is not told what has become of the organization.
    async fn why_out(
        &self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
        now: OffsetDateTime,
    ) -> Result<Error, Error> {
        let Some(place) = self.place() else { return Ok(Error::Unauthenticated) };
        let organization = unit.organization_find(place.id).await?;
        if !organization.is_some_and(|organization| organization.suspended) {
            return Ok(Error::Unauthenticated);
        }
        let belongs = match self {
            Self::Person(actor) => {
                let member = unit.member_find(place.id, actor.user_id()).await?;
                member.is_some() && open_session(app, actor, unit).await?.is_some()
            }
            Self::Key(key) => {
                let found = unit.api_key_find(place.id, key.id()).await?;
                found.is_some_and(|found| found.is_open_to(&key.secrets, now))
            }
        };
        Ok(if belongs { Error::OrganizationSuspended } else { Error::Unauthenticated })
    }
}

/// The session of somebody as it is now, if it is good, as for whoever comes with it; it stays there until the end of the transaction.
async fn open_session(
    app: &Application,
    actor: &Actor,
    unit: &mut dyn UnitOfWork,
) -> Result<Option<OpenSession>, Error> {
    if !unit.session_hold(actor.session_id()).await? {
        return Ok(None);
    }
    let found = unit.session_find(actor.user_id(), actor.organization(), actor.session_id()).await?;
    Ok(found.filter(|found| sessions::is_good(app, found)))
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, security::Deadline};
    use time::Duration;

    use super::*;
    use crate::{
        api_keys::ListedKey,
        testing::{
            MockDirectory, MockUnit, NOW, TestStore, actor, api_key, application, found_session, key_actor,
            listed_key, member, organization,
        },
    };

    /// Why somebody is not let in again to an organization, which is suspended or not, by a unit that holds nobody in it.
    async fn why_out(principal: &Principal, suspended: bool, prepare: impl FnOnce(&mut MockUnit)) -> Error {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(None));
        unit.expect_api_key_hold().returning(|_, _, _, _| Ok(None));
        unit.expect_organization_find()
            .returning(move |_| Ok(Some(Organization { suspended, ..organization() })));
        prepare(&mut unit);
        let app = application(&TestStore::of(unit), MockDirectory::new());
        match principal.begin_again(&app, Permission::CallsRead).await {
            Ok(_) => panic!("they are let in"),
            Err(error) => error,
        }
    }

    #[tokio::test]
    async fn people_are_told_that_their_organization_is_suspended_and_others_that_they_are_out() {
        let person = Principal::Person(actor(1, Role::Owner));
        for (is_member, has_session, suspended) in
            [(true, true, true), (false, true, true), (true, false, true), (true, true, false)]
        {
            let why = why_out(&person, suspended, |unit| {
                unit.expect_member_find()
                    .returning(move |_, _| Ok(is_member.then(|| member(1, Role::Owner))));
                unit.expect_session_hold().returning(move |_| Ok(has_session));
            });
            match (is_member && has_session && suspended, why.await) {
                (true, Error::OrganizationSuspended) | (false, Error::Unauthenticated) => {}
                (_, why) => panic!("{is_member} {has_session} {suspended}: {why:?}"),
            }
        }
    }

    /// What becomes of somebody who was let in a while ago, and whose session is as it is found now.
    async fn begun_again(actor: &Actor, found: Option<OpenSession>) -> Result<(), Error> {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_organization_find().returning(|_| Ok(Some(organization())));
        unit.expect_member_find().returning(|_, _| Ok(Some(member(1, Role::Owner))));
        unit.expect_session_find().returning(move |_, _, _| Ok(found.clone()));
        let app = application(&TestStore::of(unit), MockDirectory::new());
        let principal = Principal::Person(actor.clone());
        principal.begin_again(&app, Permission::CallsRead).await.map(drop)
    }

    #[tokio::test]
    async fn attack_25_long_work_ends_with_a_deadline_and_with_its_session_however_that_ends() {
        let actor = actor(1, Role::Owner);
        let found = |change: fn(&mut OpenSession)| {
            let mut found = found_session(&actor);
            change(&mut found);
            Some(found)
        };
        let deadline = |left| Some(Deadline { at: NOW + left, left });
        assert!(begun_again(&actor, found(|_| {})).await.is_ok());
        let late = OpenSession { mfa_deadline: deadline(Duration::SECOND), ..found_session(&actor) };
        assert!(begun_again(&actor, Some(late.clone())).await.is_ok());
        let late = OpenSession { mfa_deadline: deadline(Duration::ZERO), ..late };
        let refused = begun_again(&actor, Some(late)).await;
        assert!(matches!(refused, Err(Error::MfaRequired)), "{refused:?}");
        for over in [
            None,
            found(|found| found.session.last_seen_at -= Duration::hours(24)),
            found(|found| found.session.expires_at = NOW),
            found(|found| found.suspended = true),
        ] {
            let refused = begun_again(&actor, over).await;
            assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn long_work_is_a_use_of_its_session_and_brings_none_back() {
        for (idle_for, noted) in [(Duration::MINUTE, 1), (Duration::seconds(59), 0), (Duration::hours(24), 0)]
        {
            // Begun a while ago; and used by something else since, or not.
            let mut actor = actor(1, Role::Owner);
            actor.session.last_seen_at -= Duration::hours(24);
            let mut found = found_session(&actor);
            found.session.last_seen_at = NOW - idle_for;
            let unit = || {
                let (mut unit, found) = (MockUnit::new(), found.clone());
                unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
                unit.expect_session_hold().returning(|_| Ok(true));
                unit.expect_organization_find().returning(|_| Ok(Some(organization())));
                unit.expect_session_find().returning(move |_, _, _| Ok(Some(found.clone())));
                unit
            };
            let mut directory = MockDirectory::new();
            directory
                .expect_session_seen()
                .times(noted)
                .withf(|_, _, at| *at == NOW)
                .returning(|_, _, _| Ok(()));
            let app = application(&TestStore::of_each([unit(), unit()]), directory);
            let begun = Principal::Person(actor).begin_again(&app, Permission::CallsRead).await;
            assert_eq!(begun.is_ok(), idle_for < Duration::hours(24));
        }
    }

    #[tokio::test]
    async fn programs_are_told_that_their_organization_is_suspended_while_what_they_have_shown_works() {
        let program = Principal::Key(key_actor(1));
        let key = || listed_key(api_key(1));
        let revoked = ApiKey { revoked_at: Some(NOW), ..api_key(1) };
        let rotated = |until| ListedKey { secrets: vec![1, 2], previous_until: Some(until), ..key() };
        for (found, works) in [
            (Some(key()), true),
            (Some(rotated(NOW + Duration::SECOND)), true),
            (Some(rotated(NOW)), false),
            (Some(ListedKey { secrets: vec![2], ..key() }), false),
            (Some(listed_key(revoked)), false),
            (None, false),
        ] {
            let shown = format!("{found:?}");
            let why = why_out(&program, true, |unit| {
                unit.expect_api_key_find().return_once(move |_, _| Ok(found));
            });
            match (works, why.await) {
                (true, Error::OrganizationSuspended) | (false, Error::Unauthenticated) => {}
                (_, why) => panic!("{shown}: {why:?}"),
            }
        }
    }
}
