use axum::{extract::State, response::Response};
use rollcall_application::second_factors;

use super::SecondFactorsObject;
use crate::{
    api::Api,
    credential::Enrollee,
    etag::{IfNoneMatch, by_content},
    problem::Result,
};

/// Shows the second factors of the caller's account.
#[utoipa::path(get, path = "/v1/me/mfa", tag = "Own account", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The second factors", body = SecondFactorsObject, headers(("ETag" = String)))))]
pub(super) async fn show_my_mfa(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    known: IfNoneMatch,
) -> Result<Response> {
    let overview = second_factors::show(&api.app, &actor).await?;
    Ok(by_content(&known, &SecondFactorsObject::from(&overview)))
}
