//! Those who ask for what they may not do, in words that are wrong besides.

use rollcall_domain::Permission;

use crate::{
    Application, Error, Principal,
    audit::{ReadingAttempt, refusals_recorded_once},
};

/// What somebody needs for what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// A permission in their organization.
    Permission(Permission),
    /// To have proved lately who they are.
    Proof,
}

impl Needed {
    /// Makes sure that somebody has it.
    ///
    /// # Errors
    /// As [`Actor::permit`](crate::Actor::permit) and [`Actor::require_elevation`](crate::Actor::require_elevation).
    pub fn required_of(self, principal: &Principal, app: &Application) -> Result<(), Error> {
        match (self, principal) {
            (Self::Permission(permission), Principal::Person(actor)) => actor.permit(permission).map(drop),
            (Self::Permission(permission), Principal::Key(_)) => principal.permit(permission).map(drop),
            (Self::Proof, Principal::Person(actor)) => actor.require_elevation(app.now()),
            (Self::Proof, Principal::Key(_)) => Err(Error::SessionRequired),
        }
    }

    /// Tells one from another.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Permission(permission) => permission.as_str(),
            Self::Proof => "proof",
        }
    }
}

/// Why somebody does not get to what needs something, if they do not. It is written down, once a minute.
pub async fn turn_away(app: &Application, principal: &Principal, needed: Needed) -> Option<Error> {
    let met = needed.required_of(principal, app);
    refusals_recorded_once(app, principal, ReadingAttempt::at(needed.as_str()), met).await.err()
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Role,
        audit::{Action, Outcome},
        sessions::ELEVATION,
    };

    use super::*;
    use crate::testing::{MockDirectory, NOW, TestStore, actor, application, key_actor};

    const TEAM_READ: Needed = Needed::Permission(Permission::TeamRead);

    #[tokio::test]
    async fn whoever_lacks_it_is_told_so_and_it_is_written_down_once() {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        for principal in [Principal::Person(actor(1, Role::Viewer)), Principal::Key(key_actor(1))] {
            let before = store.committed().len();
            for _ in 0..3 {
                let refused = turn_away(&app, &principal, TEAM_READ).await;
                assert!(
                    matches!(refused, Some(Error::PermissionDenied { required: Permission::TeamRead })),
                    "{refused:?}"
                );
            }
            let committed = store.committed();
            assert_eq!(committed.len(), before + 1);
            assert_eq!(committed[before].1, [(Action::PermissionDenied, Outcome::Refused)]);
            // Something else that they lack is another event.
            let refused = turn_away(&app, &principal, Needed::Permission(Permission::AgentsManage)).await;
            assert!(refused.is_some());
            assert_eq!(store.committed().len(), before + 2);
        }
        assert!(turn_away(&app, &Principal::Person(actor(2, Role::Owner)), TEAM_READ).await.is_none());
    }

    #[tokio::test]
    async fn a_proof_is_lacked_by_whoever_gave_it_long_ago_and_by_programs() {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        let mut owner = actor(1, Role::Owner);
        assert!(turn_away(&app, &Principal::Person(owner.clone()), Needed::Proof).await.is_none());
        owner.session.authenticated_at = NOW - ELEVATION;
        let refused = turn_away(&app, &Principal::Person(owner), Needed::Proof).await;
        assert!(matches!(refused, Some(Error::ElevationRequired)), "{refused:?}");
        let refused = turn_away(&app, &Principal::Key(key_actor(1)), Needed::Proof).await;
        assert!(matches!(refused, Some(Error::SessionRequired)), "{refused:?}");
        assert_eq!(store.committed().len(), 2);
    }
}
