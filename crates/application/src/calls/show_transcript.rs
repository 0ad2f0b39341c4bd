//! What was said in a call. Whoever reads it is in the audit log before they see anything of it, as whoever hears a recording is.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
    calls::Transcript,
};

use crate::{Application, Error, Principal, audit::record_view};

/// The transcript of a call, as it was stored. Whoever reads the same in the same session again within a minute leaves no other event.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Unauthenticated`] to whoever has lost the right to it meanwhile, and [`Error::NotFound`] for
/// what is not the organization's, or has none.
pub async fn show_transcript(
    app: &Application,
    principal: &Principal,
    id: CallId,
) -> Result<Transcript, Error> {
    let read = read(app, principal, id).await;
    app.refusals_recorded(principal, Action::TranscriptRead, AuditTarget::Call(id), read).await
}

async fn read(app: &Application, principal: &Principal, id: CallId) -> Result<Transcript, Error> {
    let organization = principal.permit(Permission::CallsRead)?.id;
    let mut unit = app.store.begin(principal.scope()).await?;
    principal.permit_again(unit.as_mut(), Permission::CallsRead, app.now()).await?;
    let transcript = unit.transcript_find(organization, id).await?.ok_or(Error::NotFound)?;
    let version = transcript.version.to_string();
    let event = app.event_by(principal, Action::TranscriptRead, AuditTarget::Call(id)).change(
        "version",
        None,
        Some(&version),
    );
    record_view(app, principal, unit, &format!("{id} {version}"), event).await?;
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::testing::{
        MockDirectory, MockUnit, NOW, TestStore, actor, api_key, application, call, key_actor,
    };

    fn unit(role: Option<Role>, version: Option<i32>) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(move |_, _| Ok(role));
        unit.expect_api_key_hold().returning(|_, _, _, _| Ok(Some(api_key(1))));
        unit.expect_transcript_find().returning(move |_, _| {
            let kept =
                |version| Transcript { segments: Vec::new(), redactions: None, stored_at: NOW, version };
            Ok(version.map(kept))
        });
        unit
    }

    #[tokio::test]
    async fn each_reader_of_each_version_leaves_one_event_and_the_same_again_none() {
        let (one, other) = (actor(1, Role::Viewer), actor(2, Role::Viewer));
        let readers = [Principal::Person(one), Principal::Person(other), Principal::Key(key_actor(1))];
        let read = || unit(Some(Role::Viewer), Some(1));
        let store = TestStore::of_each([read(), read(), read(), read(), unit(Some(Role::Viewer), Some(2))]);
        let app = application(&store, MockDirectory::new());
        let mut seen = Vec::new();
        for reader in [&readers[0], &readers[0], &readers[1], &readers[2], &readers[0]] {
            show_transcript(&app, reader, call(1).id).await.expect("a transcript");
            seen.push(store.committed().len());
        }
        assert_eq!(seen, [1, 1, 2, 3, 4]);
        let read = vec![(Action::TranscriptRead, Outcome::Success)];
        assert!(store.committed().into_iter().all(|(_, events, _)| events == read));
    }

    #[tokio::test]
    async fn what_is_not_seen_is_no_reading() {
        let viewer = Principal::Person(actor(1, Role::Viewer));
        let agent = Principal::Person(actor(1, Role::CustomerSupportAgent));
        let refused = |events: usize| vec![vec![(Action::TranscriptRead, Outcome::Refused)]; events];
        for (reader, held, version, events) in [
            (&agent, Some(Role::CustomerSupportAgent), Some(1), 1),
            // Another role, or none, since the request came in.
            (&viewer, Some(Role::CustomerSupportAgent), Some(1), 1),
            (&viewer, None, Some(1), 0),
            (&viewer, Some(Role::Viewer), None, 1),
        ] {
            let store = TestStore::of(unit(held, version));
            let app = application(&store, MockDirectory::new());
            assert!(show_transcript(&app, reader, call(1).id).await.is_err());
            let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
            assert_eq!(committed, refused(events), "{held:?} {version:?}");
        }
    }
}
