//! A caller who has hung up.

use rollcall_domain::{
    EscalationId, OrganizationId, Permission,
    audit::{Action, AuditTarget, Event},
    escalations::Escalation,
};
use time::OffsetDateTime;

use super::{ShownEscalation, give_up::unanswered};
use crate::{
    Application, Error, Precondition, Principal,
    availability::{Attempt, tend_and_retry},
    ports::{Scope, UnitOfWork},
};

/// Ends an escalation whose caller has hung up. A repeat changes nothing.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], and [`rollcall_domain::escalations::EscalationRefusal`] once somebody has taken it, or
/// it is over otherwise.
pub async fn abandon(
    app: &Application,
    principal: &Principal,
    id: EscalationId,
    precondition: &Precondition,
) -> Result<ShownEscalation, Error> {
    let abandoned = async {
        let organization = principal.permit(Permission::EscalationsCreate)?.id;
        let mut open = open(app, principal, organization, id, precondition).await?;
        if open.escalation.abandon(open.now)? {
            open.save(app, principal, Action::EscalationAbandoned).await
        } else {
            open.shown().await
        }
    };
    let target = AuditTarget::Escalation(id);
    app.refusals_recorded(principal, Action::EscalationAbandoned, target, abandoned.await).await
}

/// An escalation that a platform decides about, locked, as it is seen: with nothing on it that has lapsed, and over when it has waited for
/// too long.
pub(super) struct Open {
    organization: OrganizationId,
    unit: Box<dyn UnitOfWork>,
    pub(super) escalation: Escalation,
    /// The event that nobody was free, if it has not been written down yet.
    unanswered: Option<Event>,
    now: OffsetDateTime,
}

pub(super) async fn open(
    app: &Application,
    principal: &Principal,
    organization: OrganizationId,
    id: EscalationId,
    precondition: &Precondition,
) -> Result<Open, Error> {
    tend_and_retry(app, organization, || attempt(app, principal, organization, id, precondition)).await
}

async fn attempt(
    app: &Application,
    principal: &Principal,
    organization: OrganizationId,
    id: EscalationId,
    precondition: &Precondition,
) -> Result<Attempt<Open>, Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    principal.permit_again(unit.as_mut(), Permission::EscalationsCreate, app.now()).await?;
    let escalation = unit.escalation_lock(organization, id).await?.ok_or(Error::NotFound)?;
    let now = unit.moment().await?;
    if let Some(user) = escalation.agent.filter(|_| escalation.has_lapsed(now)) {
        return Ok(Attempt::Lapsed(vec![user]));
    }
    precondition.check(escalation.version)?;
    let unanswered = escalation.is_overdue(now).then(|| unanswered(app, &escalation));
    let escalation = escalation.seen_at(now);
    Ok(Attempt::Done(Open { organization, unit, escalation, unanswered, now }))
}

impl Open {
    /// It as it is.
    pub(super) async fn shown(mut self) -> Result<ShownEscalation, Error> {
        let found = self.unit.escalation_find(self.organization, self.escalation.id, self.now).await?;
        found.ok_or(Error::NotFound)
    }

    /// Saves it, and what was done.
    pub(super) async fn save(
        mut self,
        app: &Application,
        principal: &Principal,
        action: Action,
    ) -> Result<ShownEscalation, Error> {
        let Escalation { id, call, .. } = self.escalation;
        self.unit.escalation_save(self.organization, &self.escalation).await?;
        let shown = self.unit.escalation_find(self.organization, id, self.now).await?;
        let event = app.event_by(principal, action, AuditTarget::Escalation(id));
        let event = event.change("status", None, Some(self.escalation.status.as_str())).change(
            "call",
            None,
            Some(&call.to_string()),
        );
        let record = match self.unanswered {
            // It came first.
            Some(unanswered) => app.record(unanswered).and(event, app.entropy.as_ref()),
            None => app.record(event),
        };
        self.unit.commit(record).await?;
        shown.ok_or(Error::NotFound)
    }
}
