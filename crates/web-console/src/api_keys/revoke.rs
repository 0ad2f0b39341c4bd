//! Ending a key. What that means is told before.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{Error, Precondition, api_keys};
use rollcall_domain::{ApiKeyId, Permission};

use super::list::PATH;
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    posted::{Nothing, Posted},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "api_keys/revoke.html")]
struct RevokePage {
    t: Texts,
    start: FormStart,
    id: ApiKeyId,
    name: String,
    last_used: Option<Moment>,
}

impl Page for RevokePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.key_revoke_title(&self.name)
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ApiKeyId = id.parse().map_err(|_| Error::NotFound)?;
    caller.actor.permit(Permission::ApiKeysManage)?;
    let listed = api_keys::show(&caller.console.app, &caller.actor, id).await?;
    Ok(caller.page(&RevokePage {
        t: caller.t,
        start: caller.forms.begin(format!("{PATH}/{id}/revoke")),
        id,
        name: listed.key.name.to_string(),
        last_used: listed.last_used_at.map(|at| caller.times.show(at)),
    }))
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, .. }: Posted<Caller, Nothing>,
) -> Answer {
    let id: ApiKeyId = id.parse().map_err(|_| Error::NotFound)?;
    let app = &caller.console.app;
    let listed = api_keys::show(app, &caller.actor, id).await?;
    api_keys::revoke(app, &caller.actor, id, &Precondition::None).await?;
    Ok(caller.go_to_and_say(PATH, caller.t.key_was_revoked(listed.key.name)))
}
