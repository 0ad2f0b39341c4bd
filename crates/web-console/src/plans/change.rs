//! Going over to another plan (†). What that ends is told before, and has to be agreed to.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    plans::{self, Change},
};
use rollcall_domain::{
    Permission,
    organizations::Plan,
    plans::{COUNTED, Consent, Outlived, Shorter},
};
use serde::Deserialize;

use super::billing::{self, has};
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "plans/change.html")]
struct ChangePage {
    t: Texts,
    start: FormStart,
    plan: &'static str,
    has: Vec<String>,
    loses: Vec<String>,
    /// What has to be done first.
    impossible: Vec<String>,
    /// The controls that have to be agreed to go, by their names.
    controls: Option<String>,
    deletion: bool,
    /// How much would be deleted, once that is known.
    outlived: Vec<String>,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for ChangePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.change_title(self.plan)
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[serde(default)]
    disable_controls: Option<String>,
    #[serde(default)]
    accept_deletion: Option<String>,
}

pub(super) async fn show(caller: Caller, Path(plan): Path<String>) -> Answer {
    let plan: Plan = plan.parse().map_err(|_| Error::NotFound)?;
    if plan == caller.organization.plan {
        caller.actor.permit(Permission::BillingManage)?;
        let said = caller.t.change_already(caller.t.plan(plan));
        return Ok(caller.go_to_and_say(billing::PATH, said));
    }
    Ok(caller.page(&page(&caller, plan, Fields::default(), Mistakes::none()).await?))
}

pub(super) async fn submit(
    Path(plan): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let t = caller.t;
    let plan: Plan = plan.parse().map_err(|_| Error::NotFound)?;
    let consent = Consent {
        disable_controls: fields.disable_controls.is_some(),
        accept_deletion: fields.accept_deletion.is_some(),
    };
    let error = match plans::change(
        &caller.console.app,
        &caller.actor,
        Change { plan, consent },
        &Precondition::None,
    )
    .await
    {
        Ok(_) => return Ok(caller.go_to_and_say(billing::PATH, t.change_done(t.plan(plan)))),
        Err(error) => error,
    };
    let outlived = match &error {
        Error::RetentionTooShort { outlived } => said_of(t, *outlived),
        Error::ControlsInUse { .. }
        | Error::TooManyMembers { .. }
        | Error::TooManyApiKeysForPlan { .. }
        | Error::PlanChanged { .. }
        | Error::PaymentDeclined => Vec::new(),
        _ => return Err(error.into()),
    };
    let mistakes = Mistakes::whole_of(t.explain(&error).text);
    let page = page(&caller, plan, fields, mistakes).await?;
    let deletion = page.deletion || !outlived.is_empty();
    Ok(caller.mend(&ChangePage { outlived, deletion, ..page }))
}

/// How much would be deleted.
fn said_of(t: Texts, outlived: Outlived) -> Vec<String> {
    let Outlived { recordings, audit_events } = outlived;
    let mut said = Vec::new();
    if recordings > 0 {
        said.push(t.change_outlived_recordings(recordings));
    }
    if audit_events > 0 {
        said.push(t.change_outlived_events(audit_events));
    }
    if recordings.max(audit_events) >= u64::from(COUNTED) {
        said.push(t.change_outlived_or_more().to_owned());
    }
    said
}

async fn page(
    caller: &Caller,
    plan: Plan,
    fields: Fields,
    mistakes: Mistakes,
) -> Result<ChangePage, Refused> {
    let t = caller.t;
    caller.actor.permit(Permission::BillingManage)?;
    let bill = plans::billing(&caller.console.app, &caller.actor).await?;
    let catalogue = &caller.console.app.settings.plans;
    let (before, after) = (catalogue.of(bill.plan), catalogue.of(plan));
    let off: Vec<_> = bill.usage.controls.iter().filter(|control| !catalogue.has(plan, *control)).collect();
    let mut loses: Vec<String> = Vec::new();
    for control in &off {
        loses.push(t.change_control_off(t.control(*control)));
        loses.extend(control.once_off().map(|effect| t.effect(effect)));
    }
    let shortening = catalogue.shortening(bill.plan, plan);
    let kept = |Shorter { before, after }| (t.kept_for(before), t.kept_for(after));
    loses.extend(shortening.recordings.map(kept).map(|(before, after)| t.change_recordings(before, after)));
    loses.extend(shortening.audit_events.map(kept).map(|(before, after)| t.change_audit(before, after)));
    let fewer = |before: Option<u32>, after: Option<u32>| {
        after.filter(|after| before.is_none_or(|before| *after < before))
    };
    loses.extend(fewer(before.seats, after.seats).map(|seats| t.change_fewer_seats(seats)));
    loses.extend(fewer(before.api_keys, after.api_keys).map(|keys| t.change_fewer_keys(keys)));
    let too_many = |used: u64, most: Option<u32>| most.filter(|most| used > u64::from(*most));
    let members = too_many(bill.usage.seats, after.seats);
    let keys = too_many(bill.usage.api_keys, after.api_keys);
    let impossible = [
        members.map(|most| t.change_members_first(bill.usage.seats, most)),
        keys.map(|most| t.change_keys_first(bill.usage.api_keys, most)),
    ];
    let names: Vec<_> = off.iter().map(|control| t.control(*control)).collect();
    Ok(ChangePage {
        t,
        start: caller.forms.begin(format!("{}/change/{plan}", billing::PATH)),
        plan: t.plan(plan),
        has: has(t, after),
        loses,
        impossible: impossible.into_iter().flatten().collect(),
        controls: (!names.is_empty()).then(|| names.join(", ")),
        deletion: shortening.recordings.is_some() || shortening.audit_events.is_some(),
        outlived: Vec::new(),
        fields,
        mistakes,
    })
}
