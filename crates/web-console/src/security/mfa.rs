//! The rule that everybody needs a second factor (†). Whom it meets is shown before it is changed.

use askama::Template;
use rollcall_application::{
    Error, PageRequest, Precondition,
    security::{self, Affected, Update},
};
use rollcall_domain::{
    Permission,
    security::{Control, GraceDays},
};
use serde::Deserialize;

use super::show::PATH as SECURITY;
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    notice::Notice,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/security/second-factors";
/// The most people who are shown.
const MOST: u16 = 200;

#[derive(Template)]
#[template(path = "security/mfa.html")]
struct MfaPage {
    t: Texts,
    /// The form, for whoever may.
    form: Option<(FormStart, Fields)>,
    on: bool,
    effects: Vec<String>,
    people: Vec<Met>,
    more: bool,
    /// Whether whoever looks is among them.
    myself: bool,
    mistakes: Mistakes,
}

impl Page for MfaPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.control_mfa().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

/// Somebody without a second factor.
struct Met {
    name: String,
    email: String,
    role: &'static str,
    deadline: Option<Moment>,
    over: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    enabled: bool,
    grace_days: String,
    /// The version that was shown.
    version: i32,
}

pub(super) async fn show(caller: Caller) -> Answer {
    Ok(caller.page(&page(&caller, None, Mistakes::none()).await?))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let days = fields.grace_days.trim().parse::<i64>().unwrap_or(-1);
    let Some(grace) = mistakes.check(t, "grace_days", GraceDays::try_from(days)) else {
        caller.permit_first(Permission::SecurityManage).await?;
        return Ok(caller.mend(&page(&caller, Some(fields), mistakes).await?));
    };
    let command = Update {
        mfa_required: Some(fields.enabled),
        grace: Some(grace),
        controls: Vec::new(),
        precondition: Precondition::only(fields.version),
    };
    match security::update(&caller.console.app, &caller.actor, command).await {
        Ok(_) => {
            let said = if fields.enabled {
                t.mfa_rule_is_on(u16::from(grace.get()))
            } else {
                t.mfa_rule_is_off().to_owned()
            };
            Ok(caller.go_to_and_say(SECURITY, said))
        }
        Err(Error::PreconditionFailed) => {
            Ok(caller.with_notice(caller.go_to(PATH), Notice::mind(t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(caller: &Caller, typed: Option<Fields>, mistakes: Mistakes) -> Result<MfaPage, Refused> {
    let (app, t) = (&caller.console.app, caller.t);
    let shown = security::show(app, &caller.actor).await?;
    let everybody = PageRequest { limit: MOST, after: None };
    let met = security::impact(app, &caller.actor, &everybody).await?;
    let rule = shown.mfa_required.rule;
    let fields = typed.unwrap_or_else(|| Fields {
        enabled: rule.enabled,
        grace_days: rule.grace.get().to_string(),
        version: shown.version(),
    });
    let now = app.now();
    let person = |Affected { membership, email, name, deadline_at }| Met {
        name,
        email,
        role: t.role(membership.role),
        over: deadline_at.is_some_and(|at| at <= now),
        deadline: deadline_at.map(|at| caller.times.show(at)),
    };
    Ok(MfaPage {
        t,
        form: caller.may(Permission::SecurityManage).then(|| (caller.forms.begin(PATH), fields)),
        on: rule.enabled,
        effects: Control::MfaRequired
            .effects(shown.on())
            .into_iter()
            .map(|effect| t.effect(effect))
            .collect(),
        myself: met.entries.iter().any(|met| met.membership.user == caller.actor.user_id()),
        people: met.entries.into_iter().map(person).collect(),
        more: met.next.is_some(),
        mistakes,
    })
}
