//! Giving a key a new secret (†).

use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    api_keys::{self, Rotate},
};
use rollcall_domain::{ApiKeyId, api_keys::LONGEST_OVERLAP};
use serde::Deserialize;
use time::Duration;

use super::{list::PATH, made};
use crate::{
    callers::Caller,
    notice::Notice,
    posted::Posted,
    refused::{Answer, Refused},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// For how many seconds the present secret goes on working.
    overlap: u32,
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let id: ApiKeyId = id.parse().map_err(|_| Error::NotFound)?;
    let overlap = Duration::seconds(fields.overlap.into());
    if overlap > LONGEST_OVERLAP {
        return Err(Refused::Misread);
    }
    match api_keys::rotate(
        &caller.console.app,
        &caller.actor,
        Rotate { id, overlap, precondition: Precondition::None },
    )
    .await
    {
        Ok(made) => Ok(made::page(&caller, &made, true)),
        Err(Error::ApiKeyRevoked | Error::ApiKeyExpired) => {
            let here = caller.go_to(format!("{PATH}/{id}"));
            Ok(caller.with_notice(here, Notice::mind(caller.t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}
