//! A caller who is to be called back.

use rollcall_domain::{
    EscalationId, Permission,
    audit::{Action, AuditTarget},
};

use super::{ShownEscalation, abandon::open};
use crate::{Application, Error, Precondition, Principal};

/// Notes that the caller does not wait any more, and is to be called back: whoever takes the escalation from then on does that. Where to is
/// known of the call. A repeat changes nothing.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], and [`rollcall_domain::escalations::EscalationRefusal`] once somebody has taken it, it
/// is over, or the call waits by another escalation by now.
pub async fn call_back(
    app: &Application,
    principal: &Principal,
    id: EscalationId,
    precondition: &Precondition,
) -> Result<ShownEscalation, Error> {
    let noted = async {
        let organization = principal.permit(Permission::EscalationsCreate)?.id;
        let mut open = open(app, principal, organization, id, precondition).await?;
        if open.escalation.call_back()? {
            open.save(app, principal, Action::EscalationCallbackRequested).await
        } else {
            open.shown().await
        }
    };
    let target = AuditTarget::Escalation(id);
    app.refusals_recorded(principal, Action::EscalationCallbackRequested, target, noted.await).await
}
