//! Changing a key (†, where it is to be good for more).

use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    api_keys::{self, Update},
};
use rollcall_domain::ApiKeyId;

use super::{
    fields::{Fields, Read},
    list::PATH,
    show::page,
};
use crate::{callers::Caller, mistakes::Mistakes, notice::Notice, posted::Posted, refused::Answer};

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let id: ApiKeyId = id.parse().map_err(|_| Error::NotFound)?;
    let (app, mut mistakes) = (&caller.console.app, Mistakes::none());
    let listed = api_keys::show(app, &caller.actor, id).await?;
    let Some(read) = fields.read(&caller, &mut mistakes, Some(&listed.key)) else {
        return Ok(caller.mend(&page(&caller, listed, Some(fields), mistakes).await?));
    };
    let Read { name, scopes, expires_at, networks, rate_limit } = read;
    let command = Update {
        id,
        name: Some(name),
        scopes: Some(scopes),
        // An end that is over and stays needs not be in the future.
        expires_at: (expires_at != listed.key.expires_at).then_some(expires_at),
        networks: Some(networks),
        rate_limit: Some(rate_limit),
        precondition: Precondition::only(fields.version),
    };
    let here = format!("{PATH}/{id}");
    match api_keys::update(app, &caller.actor, command).await {
        Ok(changed) => Ok(caller.go_to_and_say(here, caller.t.key_changed(changed.key.name))),
        Err(Error::PreconditionFailed | Error::ApiKeyRevoked) => {
            Ok(caller.with_notice(caller.go_to(here), Notice::mind(caller.t.changed_meanwhile())))
        }
        Err(error) => {
            let mistakes = Mistakes::of(caller.t, error)?;
            Ok(caller.mend(&page(&caller, listed, Some(fields), mistakes).await?))
        }
    }
}
