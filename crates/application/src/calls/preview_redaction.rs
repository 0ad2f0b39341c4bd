//! What PHI protection would mask.

use rollcall_domain::{
    Permission,
    audit::{Action, Target},
};
use rollcall_redaction::Redacted;

use super::masking;
use crate::{Application, Error, Principal};

/// A text as PHI protection would have it. Nothing is stored, whether it is on or off.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn preview_redaction(
    app: &Application,
    principal: &Principal,
    text: String,
) -> Result<Redacted, Error> {
    let previewed = async {
        principal.permit(Permission::CallsRead)?;
        masking::previewed(&app.masking, text).await
    };
    app.refusals_recorded(principal, Action::PermissionDenied, Target::Nothing, previewed.await).await
}
