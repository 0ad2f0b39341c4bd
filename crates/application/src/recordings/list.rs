//! What recordings an organization keeps, for whoever takes all of it along.

use rollcall_domain::{CallId, OrganizationId, recordings::Recording};

use super::whole;
use crate::{Application, Error, Page, PageRequest, ports::View};

/// A page of what is known about an organization's recordings, in the order of their calls' ids. Of one that is not what was kept nothing
/// is known for certain: it is left out, and its damage is written down as when it is played.
pub(crate) async fn page(
    app: &Application,
    view: &mut dyn View,
    organization: OrganizationId,
    page: &PageRequest<CallId>,
) -> Result<Page<Recording, CallId>, Error> {
    let Page { entries, next } = view.recordings_page(organization, page).await?;
    let mut recordings = Vec::with_capacity(entries.len());
    for (call, kept) in entries {
        match whole::opened(app, organization, call, &kept) {
            Ok(opened) => recordings.push(opened.recording),
            Err(Error::RecordingDamaged) => whole::report_damage(app, organization, kept.id, call).await,
            Err(error) => return Err(error),
        }
    }
    Ok(Page { entries: recordings, next })
}
