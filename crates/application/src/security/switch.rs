//! Switching a control, whoever does it.

use rollcall_domain::{
    OrganizationId, UserId,
    audit::{Action, AuditTarget, Event},
    security::{Control, ControlChange},
};
use time::OffsetDateTime;

use crate::{Error, audit::Record, mail::Letter, ports::UnitOfWork};

/// How the audit log calls the states of a control. The sequencer of the log goes by them.
pub(super) const fn state(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Switches a control as has been decided, while the organization is locked; gives back the event.
pub(crate) async fn switch(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    change: &ControlChange,
    by: Option<UserId>,
    at: OffsetDateTime,
    event: impl Fn(Action, AuditTarget) -> Event,
) -> Result<Event, Error> {
    let (control, on) = (change.control(), change.switches_on());
    unit.control_save(organization, control, on, by, at).await?;
    if control == Control::CallRecording && !on {
        // What has come of them would wait for a day to become what is not to be kept any more.
        unit.uploads_end(organization).await?;
    }
    let event = event(Action::SecurityControlChanged, AuditTarget::Organization(organization));
    Ok(event.change(control.as_str(), Some(state(!on)), Some(state(on))))
}

/// The same record with a letter to each Owner about each control that is off from now on.
pub(crate) async fn tell_owners(
    unit: &mut dyn UnitOfWork,
    record: Record,
    organization: OrganizationId,
    controls: impl Iterator<Item = Control>,
) -> Result<Record, Error> {
    let controls: Vec<Control> = controls.collect();
    if controls.is_empty() {
        return Ok(record);
    }
    let owners = unit.owners(organization).await?;
    let letters = controls.iter().flat_map(|control| {
        owners.iter().map(|owner| Letter::ControlSwitchedOff {
            organization,
            control: *control,
            owner: *owner,
        })
    });
    Ok(letters.fold(record, Record::mail))
}
