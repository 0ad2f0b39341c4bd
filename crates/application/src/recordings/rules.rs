//! What the organization's controls say about recordings.

use rollcall_domain::{
    CallId, OrganizationId,
    audit::{AuditTarget, Event},
    hexadecimal,
    recordings::Recording,
    security::Control,
};

use crate::{Error, Principal, calls::MediaKeyHolder, ports::View};

/// What is on, as far as recordings go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    recording: bool,
    pub(super) phi_protection: bool,
    end_to_end_encryption: bool,
}

impl Rules {
    pub(super) async fn of<V: View + ?Sized>(
        view: &mut V,
        organization: OrganizationId,
    ) -> Result<Self, Error> {
        let controls = view.controls(organization).await?;
        let on = |wanted| controls.iter().any(|kept| kept.control == wanted && kept.enabled);
        Ok(Self {
            recording: on(Control::CallRecording),
            phi_protection: on(Control::PhiProtection),
            end_to_end_encryption: on(Control::EndToEndEncryption),
        })
    }

    /// Makes sure that a recording of a call is taken from somebody.
    pub(super) async fn taken<V: View + ?Sized>(
        self,
        view: &mut V,
        principal: &Principal,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<(), Error> {
        if !self.recording {
            return Err(Error::CallRecordingDisabled);
        }
        // A call that has a key stays encrypted, though it was switched off in between.
        if self.end_to_end_encryption || view.call_is_keyed(organization, call).await? {
            // Whoever only relays what is said has no key, and nothing to record.
            if !view.fetched_media_key(organization, call, MediaKeyHolder::of(principal)).await? {
                return Err(Error::MediaKeyRequired);
            }
        }
        Ok(())
    }

    /// Why there is nothing of a call that exists.
    pub(super) const fn nothing_kept(self) -> Error {
        if self.recording { Error::NotFound } else { Error::CallRecordingDisabled }
    }
}

/// The event with what the audit log tells of a recording.
pub(super) fn told(event: Event, recording: &Recording) -> Event {
    debug_assert!(matches!(event.target, AuditTarget::Recording(_)));
    event
        .change("call", None, Some(&recording.call.to_string()))
        .change("media_type", None, Some(recording.media.as_str()))
        .change("bytes", None, Some(&recording.length.to_string()))
        .change("sha256", None, Some(&hexadecimal(&recording.sha256)))
}
