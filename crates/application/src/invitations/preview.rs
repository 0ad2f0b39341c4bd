//! What the reader of an invitation mail is shown before they accept.

use rollcall_domain::secret::Secret;

use crate::{Application, Error, ports::FoundInvitation, token};

/// The invitation that a token is for. Looking at it uses nothing up.
///
/// # Errors
/// [`Error::InvitationGone`] for a token that is used up, out of date or unknown.
pub async fn preview(app: &Application, token: &Secret) -> Result<FoundInvitation, Error> {
    let found = app.directory.invitation(token::hash(token.expose())).await?;
    found.filter(|found| found.invitation.is_open(app.now())).ok_or(Error::InvitationGone)
}
