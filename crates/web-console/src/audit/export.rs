//! Taking the audit log along. The file comes from the API; which one is chosen here.

use askama::Template;
use rollcall_application::audit;
use rollcall_domain::Permission;
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::or_off;
use crate::{
    callers::Caller,
    link::Asked,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::{Choice, Field},
    refused::Answer,
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/audit/export";

#[derive(Template)]
#[template(path = "audit/export.html")]
struct ExportPage {
    t: Texts,
    asked: Query,
    mistakes: Mistakes,
}

impl Page for ExportPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.export_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl ExportPage {
    fn formats(&self) -> [(&'static str, &'static str); 2] {
        [("ndjson", self.t.export_ndjson()), ("csv", self.t.export_csv())]
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    since: String,
    until: String,
    format: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    // Whether there is one is told here, and not by a file that never comes.
    let there = audit::checkpoint(&caller.console.app, &caller.principal()).await;
    if let Err(error) = there {
        return or_off(&caller, Err(error.into()));
    }
    Ok(caller.page(&ExportPage { t: caller.t, asked: Query::default(), mistakes: Mistakes::none() }))
}

pub(super) async fn file(caller: Caller, Asked(asked): Asked<Query>) -> Answer {
    caller.actor.permit(Permission::AuditLogRead)?;
    let mut mistakes = Mistakes::none();
    let mut day = |field, text: &str, moment: Option<OffsetDateTime>| {
        if !text.is_empty() && moment.is_none() {
            mistakes.add(field, caller.t.key_day_wrong());
        }
        moment
    };
    let since = day("since", &asked.since, caller.times.begin_of(&asked.since));
    let until = day("until", &asked.until, caller.times.end_of(&asked.until));
    if until < since && until.is_some() {
        mistakes.add("until", caller.t.audit_until_early());
    }
    if mistakes.any() {
        return Ok(caller.mend(&ExportPage { t: caller.t, asked, mistakes }));
    }
    let format = if asked.format == "csv" { "csv" } else { "ndjson" };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("format", format);
    for (field, moment) in [("since", since), ("until", until)] {
        if let Some(moment) = moment.and_then(|moment| moment.format(&Rfc3339).ok()) {
            query.append_pair(field, &moment);
        }
    }
    Ok(caller.go_to(format!("/v1/audit/export?{}", query.finish())))
}
