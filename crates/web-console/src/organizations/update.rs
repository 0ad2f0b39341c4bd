//! Giving the organization another name.

use rollcall_application::{
    Error, Precondition,
    organizations::{self, Update},
};
use rollcall_domain::Permission;
use serde::Deserialize;

use super::show::{PATH, page};
use crate::{callers::Caller, mistakes::Mistakes, notice::Notice, posted::Posted, refused::Answer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: String,
    /// The version that was shown.
    version: i32,
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let mut mistakes = Mistakes::none();
    let Some(name) = mistakes.check(caller.t, "name", fields.name.parse()) else {
        caller.permit_first(Permission::OrganizationUpdate).await?;
        return Ok(caller.mend(&page(&caller, Some(fields.name), mistakes).await?));
    };
    let precondition = Precondition::only(fields.version);
    let command = Update { name: Some(name), precondition };
    match organizations::update(&caller.console.app, &caller.actor, command).await {
        Ok(organization) => Ok(caller.go_to_and_say(PATH, caller.t.org_renamed(organization.name))),
        Err(Error::PreconditionFailed) => {
            Ok(caller.with_notice(caller.go_to(PATH), Notice::mind(caller.t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}
