//! The organization: what it is, and what whoever looks can do about it.

use askama::Template;
use rollcall_application::organizations;
use rollcall_domain::{Permission, organizations::Organization};

use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::Field,
    refused::{Answer, Refused},
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/organization";

#[derive(Template)]
#[template(path = "organizations/show.html")]
pub(super) struct OrganizationPage {
    t: Texts,
    organization: Organization,
    since: Moment,
    /// The plan, and where it is looked at by whoever may.
    plan: &'static str,
    billing: bool,
    /// The form for another name, with what is in it.
    rename: Option<(FormStart, String)>,
    export: Option<FormStart>,
    delete: bool,
    mistakes: Mistakes,
}

impl Page for OrganizationPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.org_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

pub(super) async fn show(caller: Caller) -> Answer {
    Ok(caller.page(&page(&caller, None, Mistakes::none()).await?))
}

/// The page with what was typed as another name.
pub(super) async fn page(
    caller: &Caller,
    typed: Option<String>,
    mistakes: Mistakes,
) -> Result<OrganizationPage, Refused> {
    let organization = organizations::show(&caller.console.app, &caller.principal()).await?;
    let name = typed.unwrap_or_else(|| organization.name.to_string());
    Ok(OrganizationPage {
        t: caller.t,
        since: caller.times.day(organization.created_at),
        plan: caller.t.plan(organization.plan),
        billing: caller.may(Permission::BillingRead),
        rename: caller.may(Permission::OrganizationUpdate).then(|| (caller.forms.begin(PATH), name)),
        export: caller
            .may(Permission::OrganizationExport)
            .then(|| caller.forms.begin("/settings/organization/export")),
        delete: caller.may(Permission::OrganizationDelete),
        organization,
        mistakes,
    })
}
