//! A key with a secret that was just made: the one page that shows it.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use rollcall_application::api_keys::CreatedApiKey;
use rollcall_domain::ApiKeyId;

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "api_keys/made.html")]
struct MadePage {
    t: Texts,
    id: ApiKeyId,
    name: String,
    secret: String,
    rotated: bool,
    /// Until when the secret from before works.
    old_until: Option<Moment>,
}

impl Page for MadePage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["shown_once.js"];

    fn title(&self) -> String {
        if self.rotated { self.t.key_rotated_title() } else { self.t.key_made_title() }.to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(super) fn page(caller: &Caller, made: &CreatedApiKey, rotated: bool) -> Response {
    let page = MadePage {
        t: caller.t,
        id: made.key.key.id,
        name: made.key.key.name.to_string(),
        secret: made.secret.expose().to_owned(),
        rotated,
        old_until: made.key.previous_until.map(|at| caller.times.show(at)),
    };
    caller.page_with(if rotated { StatusCode::OK } else { StatusCode::CREATED }, &page)
}
