//! Giving a passkey another name.

use axum::extract::Path;
use rollcall_application::{Error, passkeys};
use rollcall_domain::id::PasskeyId;
use serde::Deserialize;

use super::show::{PasskeyPage, own};
use crate::{
    callers::Enrollee,
    mistakes::Mistakes,
    posted::Posted,
    refused::{Answer, ENROL},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: String,
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Enrollee, Fields>,
) -> Answer {
    let id: PasskeyId = id.parse().map_err(|_| Error::NotFound)?;
    let mut mistakes = Mistakes::none();
    let Some(name) = mistakes.check(caller.t, "name", fields.name.parse()) else {
        let passkey = own(&caller, id).await?;
        return Ok(caller.mend(&PasskeyPage::of(&caller, &passkey, fields.name, mistakes)));
    };
    let renamed = passkeys::rename(&caller.console.app, &caller.actor, id, name).await?;
    Ok(caller.go_to_and_say(ENROL, caller.t.passkey_renamed(renamed.name)))
}
