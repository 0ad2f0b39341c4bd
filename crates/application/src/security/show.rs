//! The security controls of the organization that the actor is at work in.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    organizations::{Organization, Plan},
    security::ControlSet,
};

use super::{KeptControl, KeptRule};
use crate::{Actor, Application, Error, ports::View};

/// The security controls of an organization.
#[derive(Debug, Clone)]
pub struct ShownSecurity {
    /// What the organization pays for, which decides what it may switch on.
    pub plan: Plan,
    /// The rule about second factors.
    pub mfa_required: KeptRule,
    /// The controls that plans are told apart by.
    pub controls: Vec<KeptControl>,
}

impl ShownSecurity {
    /// Counts the changes of all of them, for `If-Match`.
    pub fn version(&self) -> i32 {
        self.controls.iter().map(|kept| kept.version).sum::<i32>() + self.mfa_required.version
    }

    /// Those that are on, of the controls that plans are told apart by.
    pub fn on(&self) -> ControlSet {
        self.controls.iter().filter(|kept| kept.enabled).map(|kept| kept.control).collect()
    }

    /// The security controls of the scope's organization.
    pub(crate) async fn of<V: View + ?Sized>(
        view: &mut V,
        organization: &Organization,
    ) -> Result<Self, Error> {
        let mfa_required = view.mfa_rule_find(organization.id).await?;
        let controls = view.controls(organization.id).await?;
        Ok(Self { plan: organization.plan, mfa_required, controls })
    }
}

/// The security controls of the organization that the actor is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn show(app: &Application, actor: &Actor) -> Result<ShownSecurity, Error> {
    let read = async {
        let seat = actor.permit(Permission::SecurityRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        let organization = view.organization_find(seat.organization).await?.ok_or(Error::Unauthenticated)?;
        ShownSecurity::of(view.as_mut(), &organization).await
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
