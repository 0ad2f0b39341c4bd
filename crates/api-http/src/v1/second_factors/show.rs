use axum::extract::State;
use rollcall_application::second_factors;

use super::SecondFactorsObject;
use crate::{api::Api, credential::Caller, problem::Result};

/// Shows what second factors one's account has.
#[utoipa::path(get, path = "/v1/me/mfa", tag = "Own account", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The second factors", body = SecondFactorsObject)))]
pub(super) async fn show_my_mfa(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Result<axum::Json<SecondFactorsObject>> {
    let overview = second_factors::show(&api.app, &actor).await?;
    Ok(axum::Json((&overview).into()))
}
