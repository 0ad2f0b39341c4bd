//! Choosing one's own status.

use rollcall_application::{
    Precondition,
    availability::{self, Set},
};
use rollcall_domain::availability::Choice;
use serde::Deserialize;

use super::{LIVE, show::LivePage};
use crate::{callers::Caller, mistakes::Mistakes, posted::Posted, refused::Answer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) status: String,
    #[serde(default)]
    pub(super) note: String,
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let choice = mistakes.check(t, "status", fields.status.parse::<Choice>());
    let note = match fields.note.trim() {
        "" => Some(None),
        note => mistakes.check(t, "note", note.parse()).map(Some),
    };
    let (Some(choice), Some(note)) = (choice, note) else {
        return Ok(caller.mend(&LivePage::of(&caller, Some(fields), mistakes).await?));
    };
    // Whatever was decided for them since the page was opened, what they choose now holds.
    let command = Set { choice, note: Some(note), precondition: Precondition::None };
    availability::set(&caller.console.app, &caller.actor, command).await?;
    let said = match choice {
        Choice::Available => t.set_available(),
        Choice::Away => t.set_away(),
        Choice::Offline => t.set_offline(),
    };
    Ok(caller.go_to_and_say(LIVE, said))
}
