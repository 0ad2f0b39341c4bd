use rollcall_domain::{PermissionSet, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{credential::AnyCaller, cursor::PageOf};

/// A role and its permissions.
#[derive(Serialize, ToSchema)]
pub(super) struct RoleObject {
    #[schema(value_type = String, example = "viewer")]
    role: Role,
    #[schema(value_type = Vec<String>, example = json!(["organization:read", "agents:read"]))]
    permissions: PermissionSet,
}

/// Lists the roles with their permissions, most powerful first.
#[utoipa::path(get, path = "/v1/roles", tag = "Team",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The roles", body = PageOf<RoleObject>)))]
pub(super) async fn list_roles(_caller: AnyCaller) -> PageOf<RoleObject> {
    let data = Role::ALL.into_iter().map(|role| RoleObject { role, permissions: role.permissions() });
    PageOf { data: data.collect(), next_cursor: None }
}
