//! Those who ask for what they may not do, in words that are wrong besides.

use rollcall_domain::Permission;

use crate::{
    Application, Error, Principal,
    audit::{Attempt, refusals_recorded_once},
};

/// Why somebody does not get to what needs a permission, if they do not. It is written down, once a minute.
pub async fn turn_away(app: &Application, principal: &Principal, needed: Permission) -> Option<Error> {
    let permitted = may(principal, needed);
    refusals_recorded_once(app, principal, Attempt::at(needed.as_str()), permitted).await.err()
}

/// Whether somebody may do in their organization what a permission names.
///
/// # Errors
/// As [`Actor::permit`](crate::Actor::permit).
pub fn may(principal: &Principal, needed: Permission) -> Result<(), Error> {
    match principal {
        Principal::Person(actor) => actor.permit(needed).map(drop),
        Principal::Key(_) => principal.permit(needed).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Role,
        audit::{Action, Outcome},
    };

    use super::*;
    use crate::testing::{MockDirectory, TestStore, actor, application, key_actor};

    #[tokio::test]
    async fn whoever_lacks_it_is_told_so_and_it_is_written_down_once() {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        for principal in [Principal::Person(actor(1, Role::Viewer)), Principal::Key(key_actor(1))] {
            let before = store.committed().len();
            for _ in 0..3 {
                let refused = turn_away(&app, &principal, Permission::TeamRead).await;
                assert!(
                    matches!(refused, Some(Error::PermissionDenied { required: Permission::TeamRead })),
                    "{refused:?}"
                );
            }
            let committed = store.committed();
            assert_eq!(committed.len(), before + 1);
            assert_eq!(committed[before].1, [(Action::PermissionDenied, Outcome::Refused)]);
            // Something else that they lack is another event.
            assert!(turn_away(&app, &principal, Permission::AgentsManage).await.is_some());
            assert_eq!(store.committed().len(), before + 2);
        }
        assert!(
            turn_away(&app, &Principal::Person(actor(2, Role::Owner)), Permission::TeamRead).await.is_none()
        );
    }
}
