//! Switching a control (†). What that does, beside the others, is told before.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    security::{self, Update},
};
use rollcall_domain::{
    Permission,
    security::{Control, ControlSet},
};
use serde::Deserialize;

use super::show::{PATH, unavailable};
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    notice::Notice,
    page::{Layout, Page},
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "security/switch.html")]
struct SwitchPage {
    t: Texts,
    start: FormStart,
    name: &'static str,
    on: bool,
    version: i32,
    /// What it does once it is on, or what its end means at once.
    effects: Vec<String>,
    /// Whether the Owners are told.
    told: bool,
    /// Whether what follows is in the log no more.
    ends_log: bool,
    unavailable: Option<String>,
}

impl Page for SwitchPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        if self.on { self.t.security_switch_off(self.name) } else { self.t.security_switch_on(self.name) }
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    enabled: bool,
    /// The version that was shown.
    version: i32,
}

/// One of those that are switched alike.
fn read(control: &str) -> Result<Control, Error> {
    let control: Control = control.parse().map_err(|_| Error::NotFound)?;
    if Control::SOLD.contains(&control) { Ok(control) } else { Err(Error::NotFound) }
}

pub(super) async fn show(caller: Caller, Path(control): Path<String>) -> Answer {
    let (t, control) = (caller.t, read(&control)?);
    caller.actor.permit(Permission::SecurityManage)?;
    let shown = security::show(&caller.console.app, &caller.actor).await?;
    let on = shown.on();
    let is_on = on.contains(control);
    let effects = match is_on {
        true => control.once_off().into_iter().collect(),
        false => control.effects(on.iter().chain([control]).collect::<ControlSet>()),
    };
    Ok(caller.page(&SwitchPage {
        t,
        start: caller.forms.begin(format!("{PATH}/controls/{}", control.as_str())),
        name: t.control(control),
        on: is_on,
        version: shown.version(),
        effects: effects.into_iter().map(|effect| t.effect(effect)).collect(),
        told: is_on && control.is_protection(),
        ends_log: is_on && control == Control::AuditLog,
        unavailable: if is_on { None } else { unavailable(&caller, &shown, control) },
    }))
}

pub(super) async fn submit(
    Path(control): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let (t, control) = (caller.t, read(&control)?);
    let command = Update {
        controls: vec![(control, fields.enabled)],
        precondition: Precondition::only(fields.version),
        ..Update::default()
    };
    match security::update(&caller.console.app, &caller.actor, command).await {
        Ok(_) => {
            let name = t.control(control);
            let said = if fields.enabled { t.security_is_on(name) } else { t.security_is_off(name) };
            Ok(caller.go_to_and_say(PATH, said))
        }
        Err(Error::PreconditionFailed) => {
            Ok(caller.with_notice(caller.go_to(PATH), Notice::mind(t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}
