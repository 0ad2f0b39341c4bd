//! The audit log: looking into it, proving what stands in it, taking it along, and who is sent its checkpoints.

use axum::routing::{get, post};
use rollcall_application::Error;

use crate::{callers::Caller, refused::Answer, routes::Routes};

mod export;
mod interstitial;
mod names;
mod off;
mod proof;
mod search;
mod show;
mod witness;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(search::PATH, get(search::show))
        .route(export::PATH, get(export::show))
        .route("/settings/audit/export/file", get(export::file))
        .route("/settings/audit/{id}", get(show::show))
        .route("/settings/audit/{id}/proof", get(proof::show))
        .route("/settings/audit/{id}/proof.json", get(proof::file))
        .route(witness::PATH, get(witness::show).post(witness::submit))
        .route("/settings/security/witness/remove", post(witness::remove))
}

/// What a page has come to; that there is no log is a page of its own.
fn or_off(caller: &Caller, answer: Answer) -> Answer {
    match answer {
        Err(crate::refused::Refused::Error(Error::AuditLogDisabled)) => Ok(off::page(caller)),
        answer => answer,
    }
}
