//! What going over to another plan takes with it, whoever decides about that.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditTarget, Event},
    organizations::Plan,
    plans::{COUNTED, Outlived, PlanChange, Shorter},
};
use time::Duration;

use super::{Change, NewPlanChange, billing::usage};
use crate::{
    Application, Error,
    audit::Record,
    mail::Letter,
    ports::{UnitOfWork, View},
    security::{switch, tell_owners},
};

/// Decides by what the organization uses, and has kept so far.
pub(super) async fn decide<V: View + ?Sized>(
    app: &Application,
    view: &mut V,
    organization: OrganizationId,
    before: Plan,
    command: Change,
) -> Result<Option<PlanChange>, Error> {
    let plans = &app.settings.plans;
    let shortening = plans.shortening(before, command.plan);
    let oldest = |kept: Shorter| app.now() - Duration::days(i64::from(kept.after));
    let mut outlived = Outlived::default();
    if let Some(kept) = shortening.recordings {
        outlived.recordings = view.recordings_older(organization, oldest(kept), COUNTED).await?;
    }
    if let Some(kept) = shortening.audit_events {
        outlived.audit_events = view.audit_events_older(organization, oldest(kept), COUNTED).await?;
    }
    let used = usage(view, organization).await?;
    Ok(PlanChange::decide(plans, before, command.plan, &used, outlived, command.consent)?)
}

/// Makes a change that has been decided, under the locks of the team and of the organization; gives back what is to be committed.
pub(super) async fn put_through(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    change: &PlanChange,
    kept: &NewPlanChange,
    event: impl Fn(Action, AuditTarget) -> Event,
) -> Result<Record, Error> {
    unit.plan_change_add(organization, kept).await?;
    let mut changed = event(Action::PlanChanged, AuditTarget::Organization(organization)).change(
        "plan",
        Some(change.before().as_str()),
        Some(change.after().as_str()),
    );
    if let Some(deletion) = change.deletion() {
        let shortening = deletion.shortening;
        for (field, days) in [
            ("recording_retention_days", shortening.recordings),
            ("audit_retention_days", shortening.audit_events),
        ] {
            let Some(Shorter { before, after }) = days else { continue };
            changed = changed.change(field, Some(&before.to_string()), Some(&after.to_string()));
        }
    }
    let mut record = app.record(changed);
    // The audit log stands last among the controls, so that the others' end is still in it.
    for off in change.switched_off() {
        let switched = switch(unit, organization, &off, kept.by, kept.at, &event).await?;
        record = record.and(switched, app.entropy.as_ref());
    }
    if change.deletion().is_some() {
        let owners = unit.owners(organization).await?;
        let letter = |owner| Letter::RetentionShortened { organization, change: kept.id, owner };
        record = owners.into_iter().map(letter).fold(record, Record::mail);
    }
    tell_owners(unit, record, organization, change.switched_off().map(|off| off.control())).await
}
