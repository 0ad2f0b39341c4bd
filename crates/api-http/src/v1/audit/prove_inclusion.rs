use axum::{extract::State, response::Response};
use rollcall_application::{
    Error,
    audit::{self, Inclusion, base64},
};
use rollcall_domain::{EventId, Permission};
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
pub(super) struct InclusionQuery {
    /// The event.
    #[param(required = true, example = "evt_01h455vb4pex5vsknk084sn02q")]
    event_id: Option<String>,
    /// The size of the tree that it is proved to be in; the whole log if left out.
    #[param(example = 20852)]
    tree_size: Option<u64>,
}

/// That an event is in the log. Hashes are in base64.
#[derive(Serialize, ToSchema)]
pub(super) struct InclusionObject {
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    event_id: EventId,
    /// Its place in the log, from 0.
    #[schema(example = 17)]
    index: u64,
    /// The size of the tree.
    #[schema(example = 20852)]
    tree_size: u64,
    /// The hash of its leaf.
    #[schema(example = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    leaf_hash: String,
    /// The root of the tree.
    #[schema(example = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    root_hash: String,
    /// The hashes beside the way from the leaf to the root (RFC 6962 section 2.1.1), the one beside the leaf first.
    #[schema(example = json!(["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="]))]
    hashes: Vec<String>,
}

impl From<Inclusion> for InclusionObject {
    fn from(Inclusion { event, index, tree_size, leaf_hash, root, hashes }: Inclusion) -> Self {
        let one = |hash| base64(&[hash]).concat();
        Self {
            event_id: event,
            index,
            tree_size,
            leaf_hash: one(leaf_hash),
            root_hash: one(root),
            hashes: base64(&hashes),
        }
    }
}

/// Proves that an event is in the organization's audit log.
///
/// RFC 9162 section 2.1.3.2 says how to verify the proof.
#[utoipa::path(get, path = "/v1/audit/proofs/inclusion", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(InclusionQuery),
    responses((status = 200, description = "The proof", body = InclusionObject, headers(("ETag" = String)))))]
pub(super) async fn prove_audit_inclusion(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    known: IfNoneMatch,
    Query(query): Query<InclusionQuery>,
) -> Result<Response> {
    let InclusionQuery { event_id, tree_size } = query;
    let event = match event_id {
        // What is no id is no event.
        Some(id) => id.parse().map_err(|_| Error::NotFound),
        None => Err(Error::invalid("event_id", "is missing")),
    };
    let proof = audit::prove_inclusion(&api.app, &principal, event, tree_size).await?;
    Ok(by_content(&known, &InclusionObject::from(proof)))
}
