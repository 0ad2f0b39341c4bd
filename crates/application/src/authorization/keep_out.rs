//! Programs where people are wanted.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    policy::{self, Decision, Target},
};

use crate::{Application, Error, KeyActor};

/// Why a program with an API key does not get to what is for people, where a permission is needed or none is. It is written down.
pub async fn keep_out(app: &Application, key: &KeyActor, needed: Option<Permission>) -> Error {
    let lacks = |permission: &Permission| {
        policy::decide(&key.grant(), *permission, Target::Organization) != Decision::Allowed
    };
    let refusal = match needed.filter(lacks) {
        Some(required) => Error::PermissionDenied { required },
        None => Error::SessionRequired,
    };
    let refused: Result<(), Error> = Err(refusal);
    let told = app.refusals_recorded(key, Action::PermissionDenied, AuditTarget::Nothing, refused).await;
    told.err().unwrap_or(Error::SessionRequired)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::audit::Outcome;

    use super::*;
    use crate::testing::{MockDirectory, TestStore, application, key_actor};

    #[tokio::test]
    async fn a_key_is_told_what_it_lacks_or_that_a_person_is_wanted_and_it_is_written_down() {
        for (needed, lacks) in [
            (None, false),
            (Some(Permission::TeamInvite), true),
            // It holds this one.
            (Some(Permission::CallsRead), false),
        ] {
            let store = TestStore::default();
            let refused = keep_out(&application(&store, MockDirectory::new()), &key_actor(1), needed).await;
            match refused {
                Error::PermissionDenied { required } => assert!(lacks && needed == Some(required)),
                Error::SessionRequired => assert!(!lacks),
                other => panic!("{other:?}"),
            }
            assert_eq!(store.committed()[0].1, [(Action::PermissionDenied, Outcome::Refused)]);
        }
    }
}
