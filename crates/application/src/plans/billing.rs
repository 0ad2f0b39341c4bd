//! What the organization pays for, uses, and could have.

use rollcall_domain::{
    OrganizationId, Permission,
    audit::{Action, AuditTarget},
    organizations::Plan,
    plans::Usage,
};

use super::KeptPlanChange;
use crate::{Actor, Application, Error, ports::View};

/// How many changes are shown.
const CHANGES: u16 = 50;

/// What the organization pays for, and what it uses of it.
#[derive(Debug, Clone)]
pub struct Bill {
    /// What it pays for.
    pub plan: Plan,
    /// What it uses of that.
    pub usage: Usage,
    /// The last changes of the plan, the newest first.
    pub changes: Vec<KeptPlanChange>,
    /// Which version of the organization it is, for `If-Match`.
    pub version: i32,
}

/// What the organization that the actor is at work in pays for.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn billing(app: &Application, actor: &Actor) -> Result<Bill, Error> {
    let read = async {
        let seat = actor.permit(Permission::BillingRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        let organization = view.organization_find(seat.organization).await?.ok_or(Error::Unauthenticated)?;
        bill(view.as_mut(), seat.organization, organization.plan, organization.version).await
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}

/// The same in a view or a unit of work.
pub(super) async fn bill<V: View + ?Sized>(
    view: &mut V,
    organization: OrganizationId,
    plan: Plan,
    version: i32,
) -> Result<Bill, Error> {
    Ok(Bill {
        plan,
        usage: usage(view, organization).await?,
        changes: view.plan_changes(organization, CHANGES).await?,
        version,
    })
}

/// What an organization uses of its plan.
pub(super) async fn usage<V: View + ?Sized>(
    view: &mut V,
    organization: OrganizationId,
) -> Result<Usage, Error> {
    let controls = view.controls(organization).await?;
    Ok(Usage {
        controls: controls.into_iter().filter(|kept| kept.enabled).map(|kept| kept.control).collect(),
        seats: view.members_count(organization).await?,
        api_keys: view.api_keys_count(organization).await?,
    })
}
