use axum::extract::State;
use rollcall_application::calls::{self, Finding, Redacted};
use rollcall_domain::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{api::Api, body::Json, credential::AnyCaller, problem::Result};

/// A text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRedactionRequest {
    #[schema(example = "call me at four one five, five five five, oh one three two")]
    text: String,
}

/// The text as PHI protection would have it.
#[derive(Serialize, ToSchema)]
pub(super) struct RedactionPreview {
    #[schema(example = "call me at [phone]")]
    text: String,
    /// What was masked, in order.
    findings: Vec<FindingObject>,
}

/// Something that was masked.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
struct FindingObject {
    /// `phone`, `email` or `card`.
    #[schema(example = "phone")]
    kind: &'static str,
    /// Where it begins in the text that was given, in Unicode scalar values.
    #[schema(example = 11)]
    start: usize,
    /// Where it ends: the first one after it.
    #[schema(example = 58)]
    end: usize,
}

impl From<Redacted> for RedactionPreview {
    fn from(Redacted { text, findings }: Redacted) -> Self {
        let object = |Finding { kind, start, end }| FindingObject { kind: kind.name(), start, end };
        Self { text, findings: findings.into_iter().map(object).collect() }
    }
}

/// Shows what PHI protection would mask in a text of at most 64 KiB, whether it is on or off.
///
/// Nothing is stored.
#[utoipa::path(post, path = "/v1/redactions/preview", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    request_body = PreviewRedactionRequest,
    responses((status = 200, description = "The text with masks", body = RedactionPreview)))]
pub(super) async fn preview_redaction(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsRead as u8 }>,
    Json(request): Json<PreviewRedactionRequest>,
) -> Result<axum::Json<RedactionPreview>> {
    let redacted = calls::preview_redaction(&api.app, &principal, request.text).await?;
    Ok(axum::Json(redacted.into()))
}
