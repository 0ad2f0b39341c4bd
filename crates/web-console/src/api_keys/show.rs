//! One key: what it is, how it is used, and what can be done about it.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error,
    api_keys::{self, ListedKey},
};
use rollcall_domain::{ApiKeyId, Permission};

use super::{
    chart::Chart,
    fields::{Fields, Group},
    list::{PATH, Status},
};
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::{Choice, Field},
    refused::{Answer, Refused},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "api_keys/show.html")]
pub(super) struct KeyPage {
    t: Texts,
    id: ApiKeyId,
    name: String,
    prefix: String,
    status: Status,
    made: Moment,
    last_used: Option<Moment>,
    last_used_ip: Option<String>,
    expires: Option<Moment>,
    old_until: Option<Moment>,
    scopes: Vec<(&'static str, &'static str)>,
    networks: Option<Vec<String>>,
    rate: Option<String>,
    chart: Chart,
    /// Whether what it did can be looked up.
    log: bool,
    /// The form that changes it.
    change: Option<Change>,
    rotate: Option<FormStart>,
    revoke: bool,
    mistakes: Mistakes,
}

struct Change {
    start: FormStart,
    groups: Vec<Group>,
    fields: Fields,
}

impl Page for KeyPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.name.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl KeyPage {
    fn overlaps(&self) -> [(&'static str, &'static str); 4] {
        let t = self.t;
        [
            ("0", t.key_overlap_none()),
            ("3600", t.key_overlap_hour()),
            ("86400", t.key_overlap_day()),
            ("604800", t.key_overlap_week()),
        ]
    }
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ApiKeyId = id.parse().map_err(|_| Error::NotFound)?;
    let listed = api_keys::show(&caller.console.app, &caller.actor, id).await?;
    Ok(caller.page(&page(&caller, listed, None, Mistakes::none()).await?))
}

/// The page with what was typed into the form that changes it.
pub(super) async fn page(
    caller: &Caller,
    listed: ListedKey,
    typed: Option<Fields>,
    mistakes: Mistakes,
) -> Result<KeyPage, Refused> {
    let (app, t) = (&caller.console.app, caller.t);
    let ListedKey { key, previous_until, last_used_at, last_used_ip, .. } = listed;
    let days = api_keys::days_of_use(app, &caller.actor, key.id).await?;
    let status = Status::of(&key, app.now());
    let may = caller.may(Permission::ApiKeysManage) && status != Status::Revoked;
    let change = || {
        let fields = typed.unwrap_or_else(|| Fields::of(caller, &key));
        Change { start: caller.forms.begin(format!("{PATH}/{}", key.id)), groups: fields.groups(t), fields }
    };
    Ok(KeyPage {
        t,
        id: key.id,
        status,
        made: caller.times.show(key.created_at),
        last_used: last_used_at.map(|at| caller.times.show(at)),
        last_used_ip,
        expires: key.expires_at.map(|at| caller.times.show(at)),
        old_until: previous_until.filter(|until| *until > app.now()).map(|at| caller.times.show(at)),
        scopes: key.scopes.permissions().iter().map(|scope| (scope.as_str(), t.scope(scope).1)).collect(),
        networks: key.networks.texts(),
        rate: key.rate_limit.map(|limit| t.key_rate_is(limit.requests(), limit.per_seconds())),
        chart: Chart::of(&days, &caller.times),
        log: caller.may(Permission::AuditLogRead),
        rotate: (may && status == Status::Good)
            .then(|| caller.forms.begin(format!("{PATH}/{}/rotate", key.id))),
        change: may.then(change),
        revoke: may,
        prefix: key.prefix.to_string(),
        name: key.name.to_string(),
        mistakes,
    })
}
