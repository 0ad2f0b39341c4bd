//! Storing what was said in a call.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget, Event},
    calls::{Redactions, Transcript, TranscriptSegment},
    security::Control,
};

use super::masking;
use crate::{Application, Error, Precondition, Principal, ports::Scope};

/// A transcript that was stored.
#[derive(Debug, Clone)]
pub enum Stored {
    /// The first of its call.
    First(Transcript),
    /// In place of the one before.
    Instead(Transcript),
}

/// Stores what was said in a call: all of it, in place of what was stored before. While PHI protection is on nothing is stored
/// that is not masked, and what was masked is counted in the audit log.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::PreconditionFailed`].
pub async fn store_transcript(
    app: &Application,
    principal: &Principal,
    id: CallId,
    segments: Vec<TranscriptSegment>,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    let stored = store(app, principal, id, segments, precondition).await;
    app.refusals_recorded(principal, Action::TranscriptStored, AuditTarget::Call(id), stored).await
}

async fn store(
    app: &Application,
    principal: &Principal,
    id: CallId,
    mut segments: Vec<TranscriptSegment>,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    // Numbers go on from one to the next, so they must be in the order in which they were spoken.
    segments.sort_by_key(TranscriptSegment::start_ms);
    let scope = Scope::Organization(organization);
    // Masking is slow work, so it is done before the transaction begins; whether it was needed is certain in there.
    let controls = app.store.view(scope).await?.controls(organization).await?;
    let mut masks = controls.iter().any(|kept| kept.control == Control::PhiProtection && kept.enabled);
    loop {
        let (kept, redactions) = if masks {
            let (masked, redactions) = masking::masked(&app.masking, organization, segments.clone()).await?;
            (masked, Some(redactions))
        } else {
            (segments.clone(), None)
        };
        let mut unit = app.store.begin(scope).await?;
        let must_mask = unit.control_hold(organization, Control::PhiProtection).await?;
        principal.permit_again(unit.as_mut(), Permission::CallsWrite, app.now()).await?;
        unit.call_lock(organization, id).await?.ok_or(Error::NotFound)?;
        if must_mask && !masks {
            masks = true;
            continue;
        }
        let version = unit.transcript_version(organization, id).await?;
        precondition.check_found(version.map(Into::into))?;
        let transcript = Transcript {
            segments: kept,
            redactions,
            stored_at: app.now(),
            version: version.map_or(1, |version| version + 1),
        };
        unit.transcript_save(organization, id, &transcript).await?;
        let event = app.event_by(principal, Action::TranscriptStored, AuditTarget::Call(id));
        unit.commit(app.record(receipt(event, &transcript))).await?;
        return Ok(if version.is_none() { Stored::First(transcript) } else { Stored::Instead(transcript) });
    }
}

/// The event with how much was stored and masked, and nothing of what it was.
fn receipt(event: Event, transcript: &Transcript) -> Event {
    let event = event.change("segments", None, Some(&transcript.segments.len().to_string()));
    let Some(Redactions { phone, email, card }) = transcript.redactions else {
        return event.change("phi_protection", None, Some("off"));
    };
    [("phone", phone), ("email", email), ("card", card)]
        .into_iter()
        .fold(event.change("phi_protection", None, Some("on")), |event, (kind, count)| {
            event.change(kind, None, Some(&count.to_string()))
        })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::{
        security::KeptControl,
        testing::{MockDirectory, MockUnit, TestStore, actor, application, call},
    };

    fn segment(start_ms: u64, text: &str) -> TranscriptSegment {
        let speaker = "caller".parse().expect("a speaker");
        TranscriptSegment::new(speaker, start_ms, start_ms + 1, text.to_owned()).expect("a segment")
    }

    fn view(on: bool) -> MockUnit {
        let mut view = MockUnit::new();
        view.expect_controls().returning(move |_| {
            Ok(vec![KeptControl { enabled: on, ..KeptControl::off(Control::PhiProtection) }])
        });
        view
    }

    fn unit(on: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_control_hold().returning(move |_, _| Ok(on));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
        unit.expect_transcript_version().returning(|_, _| Ok(None));
        unit.expect_transcript_save().returning(move |_, _, transcript| {
            let said: Vec<&str> = transcript.segments.iter().map(TranscriptSegment::text).collect();
            let expected = if on { "[phone]" } else { "+1 415 555 0132" };
            assert_eq!(said, ["my number is", expected]);
            Ok(())
        });
        unit
    }

    #[tokio::test]
    async fn attack_30_what_is_switched_on_in_between_holds_for_what_was_not_stored_yet() {
        for units in [
            vec![view(true), unit(true)],
            vec![view(false), unit(true), unit(true)],
            vec![view(false), unit(false)],
        ] {
            let store = TestStore::of_each(units);
            let app = application(&store, MockDirectory::new());
            let owner = Principal::Person(actor(1, Role::Owner));
            let said = vec![segment(2, "+1 415 555 0132"), segment(1, "my number is")];
            assert!(matches!(
                store_transcript(&app, &owner, call(1).id, said, &Precondition::None).await,
                Ok(Stored::First(_))
            ));
            assert_eq!(store.committed().len(), 1);
            assert_eq!(store.committed()[0].1, [(Action::TranscriptStored, Outcome::Success)]);
        }
    }
}
