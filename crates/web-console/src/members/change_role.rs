//! Giving a member another role.

use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    members::{self, ChangeRole},
};
use rollcall_domain::{UserId, Version};
use serde::Deserialize;

use crate::{
    callers::Caller,
    notice::Notice,
    posted::Posted,
    refused::{Answer, Refused},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    role: String,
    /// The version that was shown.
    version: Version,
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let user: UserId = id.parse().map_err(|_| Error::NotFound)?;
    let role = fields.role.parse().map_err(|_| Refused::Misread)?;
    let precondition = Precondition::only(fields.version);
    let command = ChangeRole { user, role, precondition };
    let page = format!("/settings/team/{user}");
    match members::change_role(&caller.console.app, &caller.actor, command).await {
        Ok(member) => {
            let said = caller.t.role_changed(&member.name, caller.t.role(member.membership.role));
            Ok(caller.go_to_and_say(page, said))
        }
        Err(Error::PreconditionFailed) => {
            Ok(caller.with_notice(caller.go_to(page), Notice::mind(caller.t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}
