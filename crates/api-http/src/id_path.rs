//! Ids in paths.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use rollcall_domain::id::{Id, Kind};

use crate::problem::{Code, Problem};

/// The id in a path. A text that is no such id names nothing that exists: 404, like any id of somebody else's.
pub(crate) struct IdPath<K>(pub(crate) Id<K>);

impl<K: Kind, S: Send + Sync> FromRequestParts<S> for IdPath<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        text.ok()
            .and_then(|Path(text)| text.parse().ok())
            .map(Self)
            .ok_or_else(|| Problem::plain(Code::NotFound))
    }
}
