//! One call, with its transcript as it is stored. Whoever comes by a link on another site has to ask for that here first.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{Error, calls};
use rollcall_domain::{CallId, Permission};
use time::Duration;

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "calls/show.html")]
struct CallPage {
    t: Texts,
    name: String,
    direction: &'static str,
    began: Moment,
    lasted: Option<String>,
    from: Option<String>,
    to: Option<String>,
    agent: Option<String>,
    transcript: Transcript,
    /// Where its recording is heard, by whoever may hear such things at all.
    listen: Option<String>,
}

impl Page for CallPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.name.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// What is shown of the transcript.
enum Transcript {
    /// All of it.
    Shown(ShownTranscript),
    /// There is none.
    Missing,
    /// Nothing before somebody asks for it at this path, as reading it leaves an event.
    OnRequest(String),
}

/// A transcript as it is shown.
struct ShownTranscript {
    /// Whether it was masked.
    masked: bool,
    /// When something was said, by whom, and what.
    lines: Vec<(String, String, String)>,
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: CallId = id.parse().map_err(|_| Error::NotFound)?;
    let (app, principal) = (&caller.console.app, caller.principal());
    let call = calls::show(app, &principal, id).await?;
    let transcript = match caller.is_cross_origin() {
        true => Transcript::OnRequest(format!("/calls/{id}")),
        false => transcript(&caller, id).await?,
    };
    let facts = call.facts;
    Ok(caller.page(&CallPage {
        t: caller.t,
        direction: caller.t.direction(facts.direction),
        began: caller.times.show(facts.times.started_at()),
        lasted: facts.times.ended_at().map(|end| lasted(end - facts.times.started_at())),
        from: facts.from.map(|text| text.to_string()),
        to: facts.to.map(|text| text.to_string()),
        agent: facts.agent_ref.map(|text| text.to_string()),
        transcript,
        listen: caller.may(Permission::RecordingsRead).then(|| format!("/calls/{id}/recording")),
        name: facts.external_id.to_string(),
    }))
}

async fn transcript(caller: &Caller, id: CallId) -> Result<Transcript, Error> {
    match calls::show_transcript(&caller.console.app, &caller.principal(), id).await {
        Ok(transcript) => Ok(Transcript::Shown(ShownTranscript {
            masked: transcript.redactions.is_some(),
            lines: transcript
                .segments
                .iter()
                .map(|segment| {
                    let at = Duration::milliseconds(i64::try_from(segment.start_ms()).unwrap_or(i64::MAX));
                    (lasted(at), caller.t.speaker(segment.speaker().to_string()), segment.text().to_owned())
                })
                .collect(),
        })),
        Err(Error::NotFound) => Ok(Transcript::Missing),
        Err(error) => Err(error),
    }
}

/// A length of time, as the display of a player shows it.
pub(super) fn lasted(time: Duration) -> String {
    let seconds = time.whole_seconds().max(0);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
