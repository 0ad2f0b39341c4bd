//! Taking everything of the organization along (†). The file comes from the API; what may be in its way is said by a page before.

use rollcall_domain::Permission;

use crate::{
    callers::Caller,
    posted::{Nothing, Posted},
    refused::Answer,
};

pub(super) async fn submit(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    caller.actor.permit(Permission::OrganizationExport)?;
    caller.actor.require_elevation(caller.console.app.now())?;
    Ok(caller.go_to("/v1/organization/export"))
}
