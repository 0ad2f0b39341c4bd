//! Query strings, read as strictly as bodies.

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_application::FieldError;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The parameters of a query string. Unknown and repeated ones are refused.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_html_form::Deserializer::new(form_pairs(query));
        serde_path_to_error::deserialize(deserializer).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "query".to_owned() } else { path };
            Problem::invalid(vec![FieldError::new(field, error.into_inner())])
        })
    }
}

fn form_pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}
