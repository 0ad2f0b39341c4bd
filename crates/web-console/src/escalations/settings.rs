//! How calls are handed to agents.

use askama::Template;
use rollcall_application::{
    Error, Precondition,
    escalations::{self, ChangeSettings},
};
use rollcall_domain::Permission;
use serde::Deserialize;

use crate::{
    availability::LIVE,
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    notice::Notice,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

const PAGE: &str = "/live/settings";

#[derive(Template)]
#[template(path = "escalations/settings.html")]
struct SettingsPage {
    t: Texts,
    start: FormStart,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for SettingsPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.queue_settings().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    wait_limit_seconds: String,
    offer_seconds: String,
    lease_seconds: String,
    #[serde(default)]
    automatic_assignment: Option<String>,
    /// The version that was shown.
    version: i32,
}

pub(crate) async fn show(caller: Caller) -> Answer {
    let settings = escalations::settings(&caller.console.app, &caller.actor).await?;
    let fields = Fields {
        wait_limit_seconds: settings.wait_limit_seconds.to_string(),
        offer_seconds: settings.offer_seconds.to_string(),
        lease_seconds: settings.lease_seconds.to_string(),
        automatic_assignment: settings.automatic_assignment.then(String::new),
        version: settings.version,
    };
    Ok(caller.page(&page(&caller, fields, Mistakes::none())))
}

pub(crate) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let t = caller.t;
    let seconds = |text: &str| text.trim().parse::<i32>().ok();
    let times = [
        ("wait_limit_seconds", seconds(&fields.wait_limit_seconds)),
        ("offer_seconds", seconds(&fields.offer_seconds)),
        ("lease_seconds", seconds(&fields.lease_seconds)),
    ];
    let unread = times.iter().filter(|(_, seconds)| seconds.is_none()).map(|(field, _)| *field);
    let unread: Vec<&str> = unread.collect();
    if !unread.is_empty() {
        caller.permit_first(Permission::AvailabilityManage).await?;
        let mistakes = out_of_bounds(t, &unread);
        return Ok(caller.mend(&page(&caller, fields, mistakes)));
    }
    let [(_, wait_limit_seconds), (_, offer_seconds), (_, lease_seconds)] = times;
    let command = ChangeSettings {
        wait_limit_seconds,
        offer_seconds,
        lease_seconds,
        automatic_assignment: Some(fields.automatic_assignment.is_some()),
        precondition: Precondition::only(fields.version),
    };
    match escalations::change_settings(&caller.console.app, &caller.actor, command).await {
        Ok(_) => Ok(caller.go_to_and_say(LIVE, t.queue_settings_saved())),
        Err(Error::Invalid(wrong)) => {
            let wrong: Vec<&str> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
            let mistakes = out_of_bounds(t, &wrong);
            Ok(caller.mend(&page(&caller, fields, mistakes)))
        }
        Err(Error::PreconditionFailed) => {
            Ok(caller.with_notice(caller.go_to(PAGE), Notice::mind(t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}

fn out_of_bounds(t: Texts, fields: &[&str]) -> Mistakes {
    let mut mistakes = Mistakes::none();
    for field in fields {
        mistakes.add(field, t.seconds_out_of_bounds());
    }
    mistakes
}

fn page(caller: &Caller, fields: Fields, mistakes: Mistakes) -> SettingsPage {
    SettingsPage { t: caller.t, start: caller.forms.begin(PAGE), fields, mistakes }
}
