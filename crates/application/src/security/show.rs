//! The security controls of the organization that the actor is at work in.

use rollcall_domain::{
    Permission,
    audit::{Action, Target},
    organizations::Plan,
    security::ControlSet,
};

use super::{KeptControl, KeptRule};
use crate::{Actor, Application, Error};

/// The security controls of an organization.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What the organization pays for, which decides what it may switch on.
    pub plan: Plan,
    /// The rule about second factors.
    pub mfa_required: KeptRule,
    /// The controls that plans are told apart by.
    pub controls: Vec<KeptControl>,
}

impl Shown {
    /// Counts the changes of all of them, for `If-Match`.
    pub fn version(&self) -> i32 {
        self.controls.iter().map(|kept| kept.version).sum::<i32>() + self.mfa_required.version
    }

    /// Those that are on, of the controls that plans are told apart by.
    pub fn on(&self) -> ControlSet {
        self.controls.iter().filter(|kept| kept.enabled).map(|kept| kept.control).collect()
    }
}

/// The security controls of the organization that the actor is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn show(app: &Application, actor: &Actor) -> Result<Shown, Error> {
    let read = async {
        let seat = actor.permit(Permission::SecurityRead)?;
        let mut view = app.store.view(seat.scope()).await?;
        let organization = view.organization_find(seat.organization).await?.ok_or(Error::Unauthenticated)?;
        let mfa_required = view.mfa_rule_find(seat.organization).await?;
        let controls = view.controls(seat.organization).await?;
        Ok(Shown { plan: organization.plan, mfa_required, controls })
    };
    app.refusals_recorded(actor, Action::PermissionDenied, Target::Nothing, read.await).await
}
