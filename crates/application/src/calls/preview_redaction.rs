//! What PHI protection would mask.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
};
use rollcall_redaction::Redacted;

use super::masking;
use crate::{Application, Error, Principal};

/// The longest text of which it is shown, in bytes: much more than anybody looks through.
const LONGEST: usize = 64 << 10;

/// A text as PHI protection would have it. Nothing is stored, whether it is on or off.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Invalid`] when the text is too long, and [`Error::LimitReached`] when too many of the
/// organization wait.
pub async fn preview_redaction(
    app: &Application,
    principal: &Principal,
    text: String,
) -> Result<Redacted, Error> {
    let previewed = async {
        let organization = principal.permit(Permission::CallsRead)?.id;
        if text.len() > LONGEST {
            return Err(Error::invalid("text", "must have at most 65,536 bytes"));
        }
        masking::previewed(&app.masking, organization, text).await
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, previewed.await).await
}
