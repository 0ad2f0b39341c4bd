//! What supervisors say of an agent: status, capacity, skills.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    availability::{self, ListedAgent, Manage},
};
use rollcall_domain::{
    Permission, UserId, Version,
    availability::{Capacity, Choice, Skills},
};
use serde::Deserialize;

use super::{LIVE, agents::Shown};
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    notice::Notice,
    page::{Layout, Page},
    parts::{Choice as Select, Field},
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "availability/manage.html")]
struct ManagePage {
    t: Texts,
    start: FormStart,
    name: String,
    status: Shown,
    since: Moment,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for ManagePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.name.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl ManagePage {
    fn choices(&self) -> [(&'static str, &'static str); 4] {
        let t = self.t;
        [
            ("", t.status_leave()),
            (Choice::Available.as_str(), t.status_available()),
            (Choice::Away.as_str(), t.status_away()),
            (Choice::Offline.as_str(), t.status_offline()),
        ]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[serde(default)]
    status: String,
    capacity: String,
    /// One in each line.
    #[serde(default)]
    skills: String,
    /// The version that was shown.
    version: Version,
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let user: UserId = id.parse().map_err(|_| Error::NotFound)?;
    let listed = found(&caller, user).await?;
    let fields = Fields {
        status: String::new(),
        capacity: listed.agent.capacity.calls().to_string(),
        skills: listed.agent.skills.names().join("\n"),
        version: listed.version(),
    };
    Ok(caller.page(&page(&caller, listed, fields, Mistakes::none())))
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let user: UserId = id.parse().map_err(|_| Error::NotFound)?;
    let listed = found(&caller, user).await?;
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let choice = match fields.status.as_str() {
        "" => Some(None),
        status => mistakes.check(t, "status", status.parse::<Choice>()).map(Some),
    };
    let capacity = fields.capacity.trim().parse().ok().and_then(|calls| Capacity::new(calls).ok());
    if capacity.is_none() {
        mistakes.add("capacity", t.capacity_bounds(Capacity::MOST));
    }
    let lines = fields.skills.lines().map(str::trim).filter(|line| !line.is_empty());
    let skills = Skills::new(lines).ok();
    if skills.is_none() {
        mistakes.add("skills", t.skills_bounds(Skills::MOST));
    }
    let (Some(choice), Some(_), Some(_)) = (choice, capacity, &skills) else {
        return Ok(caller.mend(&page(&caller, listed, fields, mistakes)));
    };
    let precondition = Precondition::only(fields.version);
    let command = Manage { user, choice, capacity, skills, precondition };
    match availability::manage(&caller.console.app, &caller.actor, command).await {
        Ok(_) => Ok(caller.go_to_and_say(LIVE, t.agent_managed(listed.name))),
        Err(Error::PreconditionFailed) => {
            let here = format!("/live/agents/{user}");
            Ok(caller.with_notice(caller.go_to(here), Notice::mind(t.changed_meanwhile())))
        }
        // Whoever cannot come is not made to.
        Err(error @ Error::Escalation(_)) => {
            let mistakes = Mistakes::whole_of(t.explain(&error).text);
            Ok(caller.mend(&page(&caller, listed, fields, mistakes)))
        }
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(caller.mend(&page(&caller, listed, fields, mistakes)))
        }
    }
}

/// The agent, for whoever may manage them.
async fn found(caller: &Caller, user: UserId) -> Result<ListedAgent, Error> {
    caller.actor.permit(Permission::AvailabilityManage)?;
    availability::show(&caller.console.app, &caller.principal(), user).await
}

fn page(caller: &Caller, listed: ListedAgent, fields: Fields, mistakes: Mistakes) -> ManagePage {
    ManagePage {
        t: caller.t,
        start: caller.forms.begin(format!("/live/agents/{}", listed.agent.user)),
        status: Shown::of(caller.t, &listed),
        since: caller.times.show(listed.since()),
        name: listed.name,
        fields,
        mistakes,
    }
}
