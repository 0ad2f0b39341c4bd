//! Ending one's own sessions.

use rollcall_domain::{
    SessionId,
    audit::{Action, AuditTarget},
};

use crate::{
    Actor, Application, Error,
    availability::{By, signed_out},
    ports::Scope,
};

/// Which of one's own sessions are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoke {
    /// This one.
    One(SessionId),
    /// All but the one that asks.
    Others,
}

/// Ends some of the actor's own sessions; they are worth nothing from the next request on. A request for another address is taken back
/// with them.
///
/// # Errors
/// [`Error::NotFound`] for a session that is not the actor's own; [`Error::SessionRequired`] to whoever comes with an access
/// token.
pub async fn revoke(app: &Application, actor: &Actor, which: Revoke) -> Result<(), Error> {
    let target = match which {
        Revoke::One(session) => AuditTarget::Session(session),
        Revoke::Others => AuditTarget::User(actor.user_id()),
    };
    let ended = end(app, actor, which).await;
    app.refusals_recorded(actor, Action::SessionEnded, target, ended).await
}

async fn end(app: &Application, actor: &Actor, which: Revoke) -> Result<(), Error> {
    actor.require_session()?;
    let mut unit = app.store.begin(Scope::Account(actor.user_id())).await?;
    unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let ended = match which {
        Revoke::One(session) => {
            if !unit.session_end(session).await? {
                return Err(Error::NotFound);
            }
            vec![session]
        }
        Revoke::Others => unit.sessions_end(actor.user_id(), Some(actor.session_id())).await?,
    };
    // A stranger's session must leave no pending change of address behind, even if the stranger has signed out by then and there is no
    // session left to end.
    let taken_back = unit.email_change_take_back(actor.user_id()).await?.then(|| {
        app.event_by(actor, Action::AccountUpdated, AuditTarget::User(actor.user_id())).change(
            "email_change",
            Some("open"),
            Some("taken_back"),
        )
    });
    let ended = ended
        .into_iter()
        .map(|session| app.event_by(actor, Action::SessionEnded, AuditTarget::Session(session)));
    let mut events = ended.chain(taken_back);
    let Some(first) = events.next() else { return Ok(()) };
    let record = app.record(first).and_all(events, app.entropy.as_ref());
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), actor.user_id(), record).await?;
    Ok(unit.commit(record).await?)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, actor, application, user};

    #[tokio::test]
    async fn a_pending_change_of_address_is_taken_back_though_no_other_session_is_left() {
        for is_open in [true, false] {
            let mut unit = MockUnit::new();
            unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
            unit.expect_sessions_end()
                .times(1)
                .withf(|_, but| but.is_some())
                .returning(|_, _| Ok(Vec::new()));
            unit.expect_email_change_take_back().times(1).returning(move |_| Ok(is_open));
            let store = TestStore::of(unit);
            let app = application(&store, MockDirectory::new());
            revoke(&app, &actor(1, Role::Viewer), Revoke::Others).await.expect("done");
            let committed = store.committed();
            let told: Vec<_> = committed.iter().flat_map(|(_, events, _)| events.clone()).collect();
            // Where nothing changes there is nothing to write down.
            assert_eq!(told, is_open.then_some((Action::AccountUpdated, Outcome::Success)).as_slice());
        }
    }
}
