//! What services beside Rollcall report to the audit log of an organization: their own changes and calls.

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeyId, EventId, UserId,
    audit::{Action, AuditActor, Outcome},
};

/// The field of an event's changes that says by which API key it was reported. Nobody else writes it.
pub const REPORTED_BY: &str = "reported_by";
/// The most changes of one event,
pub const MOST_CHANGES: usize = 50;
/// and the most fields that identify somebody.
pub const MOST_PERSONAL: usize = 20;
/// The most bytes that the changes, the personal fields and the target of one event may have together: whoever reads a log reads
/// hundreds of events at once.
pub const MOST_BYTES: usize = 16 * 1024;
/// How far a clock may be ahead of ours,
const AHEAD: Duration = Duration::minutes(5);
/// and how late an event may be told.
const LATE: Duration = Duration::days(366);

/// Something that was done elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Names the event, for ever: told again, it is the same.
    pub id: EventId,
    /// When it happened, to the microsecond.
    pub occurred_at: OffsetDateTime,
    /// Who did it.
    pub by: ReportedActor,
    /// What was done or tried.
    pub action: ReportedAction,
    /// The kind of thing that it was done to,
    pub target_kind: Name,
    /// and which one.
    pub target_id: ReportText<200>,
    /// How it ended.
    pub outcome: Outcome,
    /// What changed: the field, and its value before and after. What identifies somebody does not belong here.
    pub changes: Vec<(Name, Option<ReportText<1_000>>, Option<ReportText<1_000>>)>,
    /// What identifies a person, by field.
    pub personal: BTreeMap<Name, ReportText<500>>,
}

impl Report {
    /// How many bytes its changes, its personal fields and its target have together: at most [`MOST_BYTES`] in one that is taken.
    pub fn bytes(&self) -> usize {
        let value = |line: &Option<ReportText<1_000>>| line.as_ref().map_or(0, |line| line.0.len());
        let changes =
            self.changes.iter().map(|(name, before, after)| name.0.len() + value(before) + value(after));
        let personal = self.personal.iter().map(|(name, value)| name.0.len() + value.0.len());
        self.target_kind.0.len() + self.target_id.0.len() + changes.chain(personal).sum::<usize>()
    }
}

/// Who did something, as far as a service can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportedActor {
    /// A person.
    User(UserId),
    /// A program, by its API key.
    ApiKey(ApiKeyId),
}

impl From<ReportedActor> for AuditActor {
    fn from(actor: ReportedActor) -> Self {
        match actor {
            ReportedActor::User(user) => Self::User(user, None),
            ReportedActor::ApiKey(key) => Self::ApiKey(key),
        }
    }
}

/// A moment is none that an event can be reported of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be in the future, nor more than 366 days ago")]
pub struct OutOfTime;

/// The moment that something happened at, to the microsecond and in UTC, if it is at most five minutes ahead of `now`, as clocks differ, and at
/// most 366 days before it.
///
/// # Errors
/// [`OutOfTime`].
pub fn occurred_at(told: OffsetDateTime, now: OffsetDateTime) -> Result<OffsetDateTime, OutOfTime> {
    let told = told.to_offset(time::UtcOffset::UTC);
    let told = told.replace_nanosecond(told.microsecond() * 1_000).map_err(|_| OutOfTime)?;
    if told > now + AHEAD || told < now - LATE { Err(OutOfTime) } else { Ok(told) }
}

/// What a service calls what was done: words of lower-case letters, digits and underscores, at least two, with dots between them, 100 characters
/// at the most. The first is none of those that Rollcall's own actions begin with, so nothing that is reported passes for one of them.
///
/// ```
/// use rollcall_domain::audit::reports::ReportedAction;
///
/// assert!("agent.created".parse::<ReportedAction>().is_ok());
/// assert!("security.control_changed".parse::<ReportedAction>().is_err());
/// assert!("agent".parse::<ReportedAction>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedAction(String);

/// The text is none that a reported action can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAction {
    /// It is written in another way.
    #[error(
        "must be words like agent.created, of lower-case letters, digits and underscores, 100 characters at the most"
    )]
    Form,
    /// It is one of Rollcall's own.
    #[error("begins like what Rollcall itself writes down; give it another first word")]
    Taken,
}

impl ReportedAction {
    /// The most characters it may have.
    pub const MOST: usize = 100;

    /// The action.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Further first words that are not given away: Rollcall's own events may begin with them one day, and the feed of live events
/// has some already.
const KEPT_BACK: &[&str] = &[
    "audit",
    "availability",
    "billing",
    "escalation",
    "operator",
    "recording",
    "redaction",
    "role",
    "rollcall",
    "system",
    "team",
    "user",
];

fn first_word(action: &str) -> &str {
    action.split('.').next().unwrap_or_default()
}

impl std::str::FromStr for ReportedAction {
    type Err = InvalidAction;

    fn from_str(text: &str) -> Result<Self, InvalidAction> {
        if text.len() > Self::MOST || !text.contains('.') || !text.split('.').all(is_word) {
            return Err(InvalidAction::Form);
        }
        let first = first_word(text);
        if KEPT_BACK.contains(&first) || Action::ALL.iter().any(|action| first_word(action.as_str()) == first)
        {
            return Err(InvalidAction::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_word(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(known)
}

/// What a field or a kind of thing is called: words as those of actions, but one will do, and 50 characters at the most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// The text is no name of a field or of a kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be words of lower-case letters, digits and underscores with dots between them, 50 characters at the most"
)]
pub struct InvalidName;

impl Name {
    /// The most characters it may have.
    pub const MOST: usize = 50;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.len() <= Self::MOST && text.split('.').all(is_word) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidName),
        }
    }
}

/// A text of at most so many characters (Unicode scalar values), kept as it was written; it may be empty. Of control characters it holds line
/// feeds and tabs alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportText<const MOST: usize>(String);

/// The text is too long, or holds what is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most {0} characters, and no control characters among them")]
pub struct InvalidReportText(usize);

impl<const MOST: usize> ReportText<MOST> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MOST: usize> std::str::FromStr for ReportText<MOST> {
    type Err = InvalidReportText;

    fn from_str(text: &str) -> Result<Self, InvalidReportText> {
        let control = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
        match text.chars().count() <= MOST && !text.chars().any(control) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidReportText(MOST)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_reported_passes_for_what_rollcall_writes() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse::<ReportedAction>(), Err(InvalidAction::Taken));
        }
        for taken in ["session.stolen", "escalation.claimed", "availability.changed", "billing.paid"] {
            assert_eq!(taken.parse::<ReportedAction>(), Err(InvalidAction::Taken), "{taken}");
        }
        // What Rollcall may write down one day.
        for word in
            ["audit", "operator", "recording", "redaction", "role", "rollcall", "system", "team", "user"]
        {
            let taken = format!("{word}.changed").parse::<ReportedAction>();
            assert_eq!(taken, Err(InvalidAction::Taken), "{word}");
        }
        for good in ["agent.created", "agents.flow_2.published", "x.y"] {
            assert_eq!(good.parse::<ReportedAction>().map(|action| action.0), Ok(good.to_owned()));
        }
        for bad in
            ["", ".", "agent", "agent.", ".agent", "Agent.created", "agent created.x", "agént.x", "a..b"]
        {
            assert_eq!(bad.parse::<ReportedAction>(), Err(InvalidAction::Form), "{bad}");
        }
        assert!(format!("a.{}", "b".repeat(98)).parse::<ReportedAction>().is_ok());
        assert_eq!(format!("a.{}", "b".repeat(99)).parse::<ReportedAction>(), Err(InvalidAction::Form));
    }

    #[test]
    fn texts_are_kept_as_they_are_or_refused() {
        assert_eq!(" a\nb\tü ".parse::<ReportText<7>>().map(|line| line.0), Ok(" a\nb\tü ".to_owned()));
        for bad in ["12345678", "\0", "\u{7f}", "\u{85}"] {
            assert_eq!(bad.parse::<ReportText<7>>(), Err(InvalidReportText(7)));
        }
        assert!("agent.name".parse::<Name>().is_ok() && "Agent".parse::<Name>().is_err());
        assert!("a".repeat(50).parse::<Name>().is_ok() && "a".repeat(51).parse::<Name>().is_err());
    }

    #[test]
    fn an_event_is_told_to_the_microsecond_and_in_time() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(10_000);
        let told = now - Duration::nanoseconds(1_234_567);
        assert_eq!(occurred_at(told, now), Ok(now - Duration::microseconds(1_235)));
        assert!(occurred_at(now + AHEAD, now).is_ok() && occurred_at(now - LATE, now).is_ok());
        assert_eq!(occurred_at(now + AHEAD + Duration::SECOND, now), Err(OutOfTime));
        assert_eq!(occurred_at(now - LATE - Duration::SECOND, now), Err(OutOfTime));
    }
}
