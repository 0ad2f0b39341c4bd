//! Query strings, read as strictly as bodies.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_application::FieldError;
use serde::de::DeserializeOwned;

use crate::{body::describe, problem::Problem};

/// The parameters of a query string. Unknown and repeated ones are refused.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        parse(query.as_bytes()).map(Self).map_err(|field| Problem::invalid(vec![field]))
    }
}

/// That there are no parameters: whoever hopes that one would do something is told that it does nothing.
pub(crate) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}

        let Query(Nothing {}) = Query::from_request_parts(parts, state).await?;
        Ok(Self)
    }
}

/// What names and values in the form of a query string say; or which of them is wrong.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, FieldError> {
    let pairs = || form_urlencoded::parse(text);
    let mut names = BTreeSet::new();
    if let Some((name, _)) = pairs().find(|(name, _)| !names.insert(name.clone())) {
        return Err(FieldError::new(name, "is given twice"));
    }
    let deserializer = serde_html_form::Deserializer::new(pairs());
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let (field, message) = describe(&path, &error.into_inner().to_string());
        FieldError::new(field, message)
    })
}
