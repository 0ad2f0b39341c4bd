//! The audit log: reading it, what proves it, taking it along, who witnesses it, and what others report to it.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod checkpoint;
pub(crate) mod csv;
mod export;
mod object;
mod prove_consistency;
mod prove_inclusion;
mod report;
mod search;
mod show;
mod witness;

pub(crate) use csv::Unwritable as NoRow;
pub(super) use witness::WitnessObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint::show_audit_checkpoint))
        .routes(routes!(prove_inclusion::prove_audit_inclusion))
        .routes(routes!(prove_consistency::prove_audit_consistency))
        .routes(routes!(export::export_audit_log))
        .routes(routes!(search::list_audit_events, report::report_events))
        .routes(routes!(show::show_audit_event))
        .merge(witness::routes())
}
