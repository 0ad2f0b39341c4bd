//! Hearing the recording of a call. The sound itself comes from the API, a part at a time, which writes down who hears what.

use askama::Template;
use axum::extract::Path;
use form_urlencoded::byte_serialize;
use rollcall_application::{Error, calls, recordings};
use rollcall_domain::{CallId, recordings::PlaybackReason};
use serde::Deserialize;

use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "recordings/play.html")]
struct PlayPage {
    t: Texts,
    name: String,
    path: String,
    heard: Heard,
}

impl Page for PlayPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.recording_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        match &self.heard {
            Heard::Why { mistakes, .. } => Some(mistakes),
            Heard::Sound(_) | Heard::Nothing(_) => None,
        }
    }
}

/// What there is to hear.
enum Heard {
    /// It is there.
    Sound(String),
    /// First it is to be said why.
    Why { start: FormStart, reason: String, mistakes: Mistakes },
    /// It is not, for a reason.
    Nothing(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    reason: String,
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: CallId = id.parse().map_err(|_| Error::NotFound)?;
    let page = page(&caller, id, None, Mistakes::none()).await?;
    Ok(caller.page(&page))
}

/// What somebody says of why they listen stands in no address that a browser shows or remembers.
pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, fields }: Posted<Caller, Fields>,
) -> Answer {
    let id: CallId = id.parse().map_err(|_| Error::NotFound)?;
    let mut mistakes = Mistakes::none();
    if mistakes.check(caller.t, "reason", fields.reason.parse::<PlaybackReason>()).is_none() {
        let page = page(&caller, id, Some((fields.reason, None)), mistakes).await?;
        return Ok(caller.mend(&page));
    }
    let reason = fields.reason.parse().ok();
    let page = page(&caller, id, Some((fields.reason, reason)), mistakes).await?;
    Ok(caller.page(&page))
}

async fn page(
    caller: &Caller,
    id: CallId,
    why: Option<(String, Option<PlaybackReason>)>,
    mistakes: Mistakes,
) -> Result<PlayPage, Refused> {
    let (app, principal, t) = (&caller.console.app, caller.principal(), caller.t);
    let call = calls::show(app, &principal, id).await?;
    let (typed, reason) = why.unwrap_or_default();
    let heard = match recordings::find(app, &principal, id, reason).await {
        Ok(_) => {
            let reason: String = byte_serialize(typed.as_bytes()).collect();
            let query = if reason.is_empty() { reason } else { format!("?reason={reason}") };
            Heard::Sound(format!("/v1/calls/{id}/recording{query}"))
        }
        Err(Error::Invalid(_)) => {
            let start = caller.forms.begin(format!("/calls/{id}/recording"));
            Heard::Why { start, reason: typed, mistakes }
        }
        Err(Error::NotFound) => Heard::Nothing(t.recording_none()),
        Err(Error::CallRecordingDisabled) => Heard::Nothing(t.recording_off()),
        Err(Error::PhiProtected) => Heard::Nothing(t.recording_protected()),
        Err(Error::RecordingDamaged) => Heard::Nothing(t.recording_damaged()),
        Err(error) => return Err(error.into()),
    };
    Ok(PlayPage { t, name: call.facts.external_id.to_string(), path: format!("/calls/{id}"), heard })
}
