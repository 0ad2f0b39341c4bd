//! Who is sent the checkpoints.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod object;
mod remove;
mod set;
mod show;

pub(in crate::v1) use object::WitnessObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(
        show::show_audit_witness,
        set::set_audit_witness,
        remove::remove_audit_witness
    ))
}
