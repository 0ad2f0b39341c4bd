//! The audit log: what proves it, and taking it along.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod checkpoint;
mod export;
mod prove_consistency;
mod prove_inclusion;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint::show_audit_checkpoint))
        .routes(routes!(prove_inclusion::prove_audit_inclusion))
        .routes(routes!(prove_consistency::prove_audit_consistency))
        .routes(routes!(export::export_audit_log))
}
