//! Settings → API keys: all of them, the newest first.

use askama::Template;
use rollcall_application::{
    PageRequest,
    api_keys::{self, ListedKey},
};
use rollcall_domain::{ApiKeyId, Permission, api_keys::ApiKey};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::{
    callers::Caller,
    link::Asked,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::{Answer, Refused},
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/api-keys";
/// How many keys stand on a page.
const PER_PAGE: u16 = 50;

#[derive(Template)]
#[template(path = "api_keys/list.html")]
struct KeysPage {
    t: Texts,
    keys: Vec<Shown>,
    /// Whether whoever looks can make one.
    may: bool,
    first: bool,
    next: Option<ApiKeyId>,
}

impl Page for KeysPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.keys_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

struct Shown {
    id: ApiKeyId,
    name: String,
    prefix: String,
    scopes: usize,
    last_used: Option<Moment>,
    expires: Option<Moment>,
    networks: Option<usize>,
    status: Status,
}

/// What has become of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Ended,
    Revoked,
}

impl Status {
    pub(super) fn of(key: &ApiKey, now: OffsetDateTime) -> Self {
        match key.revoked_at {
            Some(_) => Self::Revoked,
            None if key.is_live(now) => Self::Good,
            None => Self::Ended,
        }
    }

    pub(super) fn text(self, t: &Texts) -> &'static str {
        match self {
            Self::Good => t.key_good(),
            Self::Ended => t.key_ended(),
            Self::Revoked => t.key_revoked(),
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "badge good",
            Self::Ended => "badge mind",
            Self::Revoked => "badge wrong",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    after: String,
}

pub(super) async fn show(caller: Caller, Asked(asked): Asked<Query>) -> Answer {
    let after = match asked.after.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Refused::Misread)?),
    };
    let app = &caller.console.app;
    let page = api_keys::list(app, &caller.actor, &PageRequest { limit: PER_PAGE, after }).await?;
    let now = app.now();
    let shown = |ListedKey { key, last_used_at, .. }: ListedKey| Shown {
        id: key.id,
        prefix: key.prefix.to_string(),
        scopes: key.scopes.permissions().iter().count(),
        last_used: last_used_at.map(|at| caller.times.show(at)),
        expires: key.expires_at.map(|at| caller.times.show(at)),
        networks: key.networks.texts().map(|texts| texts.len()),
        status: Status::of(&key, now),
        name: key.name.to_string(),
    };
    Ok(caller.page(&KeysPage {
        t: caller.t,
        keys: page.entries.into_iter().map(shown).collect(),
        may: caller.may(Permission::ApiKeysManage),
        first: after.is_none(),
        next: page.next,
    }))
}
