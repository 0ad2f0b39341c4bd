//! All callers who are to be called back, page by page: the board shows only as many as are looked through at a glance.

use askama::Template;
use rollcall_application::{
    PageRequest,
    escalations::{self, EscalationFilter, EscalationKey},
};
use rollcall_domain::{
    Permission,
    escalations::{EscalationStatus, Priority},
};
use serde::Deserialize;

use super::queue::{Call, call};
use crate::{
    callers::Caller,
    link::Asked,
    mistakes::Mistakes,
    page::{Layout, Page},
    place,
    refused::{Answer, Refused},
    texts::Texts,
};

/// Where they are.
pub(crate) const PATH: &str = "/live/callbacks";
/// How many stand on a page.
const PER_PAGE: u16 = 50;

#[derive(Template)]
#[template(path = "escalations/callbacks.html")]
struct CallbacksPage {
    t: Texts,
    calls: Vec<Call>,
    /// Whether there are others before these.
    after: bool,
    /// Where the next page is.
    next: Option<String>,
}

impl Page for CallbacksPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.callbacks_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// After which callback the page begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    #[serde(default)]
    after: String,
}

pub(crate) async fn show(caller: Caller, Asked(asked): Asked<Query>) -> Answer {
    caller.actor.permit(Permission::EscalationsRead)?;
    let after = match asked.after.as_str() {
        "" => None,
        after => Some(read(after).ok_or(Refused::Misread)?),
    };
    let filter = EscalationFilter { status: Some(EscalationStatus::Callback) };
    let request = PageRequest { limit: PER_PAGE, after };
    let page = escalations::list(&caller.console.app, &caller.principal(), filter, &request).await?;
    Ok(caller.page(&CallbacksPage {
        t: caller.t,
        after: request.after.is_some(),
        next: page.next.map(|key| format!("{PATH}?after={}", written(&key))),
        calls: page.entries.into_iter().map(|found| call(&caller, found)).collect(),
    }))
}

/// A place among the callbacks.
fn read(text: &str) -> Option<EscalationKey> {
    let mut parts = text.splitn(3, '.');
    Some(EscalationKey {
        priority: Priority::new(parts.next()?.parse().ok()?).ok()?,
        created_at: place::moment(parts.next()?)?,
        id: parts.next()?.parse().ok()?,
    })
}

fn written(EscalationKey { priority, created_at, id }: &EscalationKey) -> String {
    format!("{}.{}.{id}", priority.number(), created_at.unix_timestamp_nanos())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use rollcall_domain::EscalationId;

    use super::*;

    #[test]
    fn the_next_page_begins_after_the_one_before() {
        let key = EscalationKey {
            priority: Priority::new(7).expect("a priority"),
            created_at: OffsetDateTime::UNIX_EPOCH,
            id: EscalationId::from_parts(0, &[1; 10]),
        };
        let before_the_database = format!("7.-377705116800000000000.{}", key.id);
        assert_eq!(read(&written(&key)), Some(key));
        for broken in [
            before_the_database.as_str(),
            "x",
            "1",
            "1.",
            "1.0",
            "1.0.usr_1",
            "99.0.x",
            "1.99999999999999999999999999999999999.x",
        ] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
