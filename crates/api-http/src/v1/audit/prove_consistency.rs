use axum::{extract::State, response::Response};
use rollcall_application::audit::{self, Consistency, base64};
use rollcall_domain::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, by_content},
    problem::Result,
    query::Query,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ConsistencyQuery {
    /// The size of a tree that was seen before.
    #[param(required = true, example = 17000)]
    from: Option<u64>,
    /// The size of the tree that continues it; the whole log if left out.
    #[param(example = 20852)]
    to: Option<u64>,
}

/// That the log continues what it was. Hashes are in base64.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsistencyObject {
    /// The smaller size.
    #[schema(example = 17000)]
    from: u64,
    /// The larger size.
    #[schema(example = 20852)]
    to: u64,
    /// The root of the smaller tree.
    #[schema(example = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    from_root_hash: String,
    /// The root of the larger tree.
    #[schema(example = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    to_root_hash: String,
    /// The proof (RFC 6962 section 2.1.2).
    #[schema(example = json!(["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="]))]
    hashes: Vec<String>,
}

impl From<Consistency> for ConsistencyObject {
    fn from(Consistency { from, to, from_root, to_root, hashes }: Consistency) -> Self {
        let one = |hash| base64(&[hash]).concat();
        Self { from, to, from_root_hash: one(from_root), to_root_hash: one(to_root), hashes: base64(&hashes) }
    }
}

/// Proves that the organization's audit log continues an earlier, smaller one.
///
/// RFC 9162 section 2.1.4.2 says how to verify the proof.
#[utoipa::path(get, path = "/v1/audit/proofs/consistency", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(ConsistencyQuery),
    responses((status = 200, description = "The proof", body = ConsistencyObject, headers(("ETag" = String)))))]
pub(super) async fn prove_audit_consistency(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    known: IfNoneMatch,
    Query(ConsistencyQuery { from, to }): Query<ConsistencyQuery>,
) -> Result<Response> {
    let proof = audit::prove_consistency(&api.app, &principal, from, to).await?;
    Ok(by_content(&known, &ConsistencyObject::from(proof)))
}
