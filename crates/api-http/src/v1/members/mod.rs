//! The team.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod change_role;
mod leave;
mod list;
mod object;
mod offboarding;
mod remove;
mod reset_mfa;
mod show;

pub(super) use object::MemberObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_members))
        .routes(routes!(leave::leave_organization))
        .routes(routes!(show::show_member, change_role::change_member_role, remove::remove_member))
        .routes(routes!(offboarding::show_offboarding))
        .routes(routes!(reset_mfa::reset_member_mfa))
}
