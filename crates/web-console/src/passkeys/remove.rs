//! Taking a passkey off (†).

use axum::extract::Path;
use rollcall_application::{Error, passkeys};
use rollcall_domain::id::PasskeyId;

use super::show::own;
use crate::{
    callers::Enrollee,
    posted::{Nothing, Posted},
    refused::{Answer, ENROL},
};

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, .. }: Posted<Enrollee, Nothing>,
) -> Answer {
    let id: PasskeyId = id.parse().map_err(|_| Error::NotFound)?;
    let passkey = own(&caller, id).await?;
    passkeys::remove(&caller.console.app, &caller.actor, id).await?;
    Ok(caller.go_to_and_say(ENROL, caller.t.passkey_removed(passkey.name)))
}
