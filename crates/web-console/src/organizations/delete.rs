//! Deleting the organization (†). What that entails is told before.

use askama::Template;
use rollcall_application::{
    Precondition,
    organizations::{self, Delete},
};
use rollcall_domain::{Permission, organizations::RETENTION};
use serde::Deserialize;

use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

const PATH: &str = "/settings/organization/delete";

#[derive(Template)]
#[template(path = "organizations/delete.html")]
struct DeletePage {
    t: Texts,
    start: FormStart,
    name: String,
    typed: String,
    /// How long it can be undone.
    days: i64,
    mistakes: Mistakes,
}

impl Page for DeletePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.org_delete_title(&self.name)
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    confirm_name: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    caller.actor.permit(Permission::OrganizationDelete)?;
    Ok(caller.page(&page(&caller, String::new(), Mistakes::none())))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let command = Delete { confirm_name: fields.confirm_name.clone(), precondition: Precondition::None };
    match organizations::delete(&caller.console.app, &caller.actor, command).await {
        Ok(()) => Ok(caller.go_to_and_say("/sign-in", caller.t.org_deleted(&caller.organization.name))),
        Err(error) => {
            let mistakes = Mistakes::of(caller.t, error)?;
            Ok(caller.mend(&page(&caller, fields.confirm_name, mistakes)))
        }
    }
}

fn page(caller: &Caller, typed: String, mistakes: Mistakes) -> DeletePage {
    DeletePage {
        t: caller.t,
        start: caller.forms.begin(PATH),
        name: caller.organization.name.to_string(),
        typed,
        days: RETENTION.whole_days(),
        mistakes,
    }
}
