//! Forms, read as strictly as JSON. Programs send them where a standard has it so.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::{
    api::Api,
    body::{is_of_kind, read},
    problem::{Code, Problem},
    query,
};

const KIND: &str = "application/x-www-form-urlencoded";

/// A request's body, read from a form. Unknown and repeated fields are refused.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !is_of_kind(request.headers(), KIND) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                format!("Send the body with Content-Type: {KIND}."),
            ));
        }
        let bytes = read(request, api).await?;
        query::parse(&bytes).map(Self).map_err(|field| Problem::invalid(vec![field]))
    }
}
