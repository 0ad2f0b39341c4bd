//! What is looked for in an audit log.

use std::{fmt, str::FromStr};

use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;

use crate::{audit::Outcome, audit::reports::ReportText, id};

/// What events must be like. Nothing is asked of what is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who did it.
    pub actor: Option<ActorFilter>,
    /// What was done or tried.
    pub action: Option<ActionFilter>,
    /// On what, by its id: services beside Rollcall have ids of their own.
    pub target: Option<ReportText<200>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Happened at this moment or later,
    pub since: Option<OffsetDateTime>,
    /// and before this one.
    pub until: Option<OffsetDateTime>,
    /// Words that are in it.
    pub words: Option<SearchWords>,
}

/// An id of any kind of thing that Rollcall knows. Only its form is checked (TypeID 0.3): it may name nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyId(String);

/// Whoever did something: by their id, or of the kinds that have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorFilter {
    /// A person or a program.
    Id(AnyId),
    /// `anonymous`, `operator` or `system`.
    Kind(&'static str),
}

/// Names of actions: one, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionFilter {
    /// `member.removed`
    Named(String),
    /// `member.*`, without the star: `member.`
    Beginning(String),
}

/// Words that are all to be in an event, in any of its values, whatever their case. A word of several parts, an address for
/// example, is to be there as it stands. There are at most 10 of them, and 200 characters.
///
/// ```
/// use rollcall_domain::audit::search::SearchWords;
///
/// let words: SearchWords = "GRACE removed".parse()?;
/// assert!(words.are_in(["grace@navy.example", "member.removed"]));
/// assert!(!words.are_in(["gracefully removed"]));
/// # Ok::<(), rollcall_domain::audit::search::InvalidAuditSearch>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWords(pub(super) Vec<String>);

/// The text is none that can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuditSearch {
    /// It is no id.
    #[error("must be an id, like user_01h455vb4pex5vsknk084sn02q")]
    Id,
    /// It is nobody.
    #[error("must be the id of a user or an API key, or anonymous, operator or system")]
    Who,
    /// It is no action.
    #[error("must be an action like member.removed, or the beginning of some like member.*")]
    Action,
    /// It is no outcome.
    #[error("must be success or refused")]
    Outcome,
    /// It is too long.
    #[error("must be at most {} characters long", SearchWords::LONGEST)]
    TooLong,
    /// There are too many words.
    #[error("must be at most {} words", SearchWords::MOST)]
    TooMany,
    /// There is nothing in it to look for.
    #[error("must be words with letters or digits")]
    NoWord,
}

/// How many characters of base32 an id has.
const ENCODED: usize = 26;
/// The longest that the part of an id before its last underscore can be (TypeID 0.3).
const LONGEST_PREFIX: usize = 63;
/// The longest name of an action.
const LONGEST_ACTION: usize = 100;

impl AnyId {
    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AnyId {
    type Err = InvalidAuditSearch;

    fn from_str(text: &str) -> Result<Self, InvalidAuditSearch> {
        let (prefix, encoded) = text.rsplit_once('_').ok_or(InvalidAuditSearch::Id)?;
        let is_prefix = !prefix.is_empty()
            && prefix.len() <= LONGEST_PREFIX
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let is_encoded = encoded.len() == ENCODED
            && encoded.as_bytes()[0] <= b'7'
            && encoded.bytes().all(|byte| id::ALPHABET.contains(&byte));
        if is_prefix && is_encoded { Ok(Self(text.to_owned())) } else { Err(InvalidAuditSearch::Id) }
    }
}

impl ActorFilter {
    const KINDS: [&'static str; 3] = ["anonymous", "operator", "system"];
}

impl FromStr for ActorFilter {
    type Err = InvalidAuditSearch;

    fn from_str(text: &str) -> Result<Self, InvalidAuditSearch> {
        match Self::KINDS.into_iter().find(|kind| *kind == text) {
            Some(kind) => Ok(Self::Kind(kind)),
            None => text.parse().map(Self::Id).map_err(|_| InvalidAuditSearch::Who),
        }
    }
}

impl FromStr for ActionFilter {
    type Err = InvalidAuditSearch;

    fn from_str(text: &str) -> Result<Self, InvalidAuditSearch> {
        let (beginning, all) = match text.strip_suffix(".*") {
            Some(beginning) => (beginning, true),
            None => (text, false),
        };
        let word = |word: &str| {
            let mut bytes = word.bytes();
            !word.is_empty() && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if beginning.len() > LONGEST_ACTION || !beginning.split('.').all(word) {
            return Err(InvalidAuditSearch::Action);
        }
        Ok(if all { Self::Beginning(format!("{beginning}.")) } else { Self::Named(beginning.to_owned()) })
    }
}

impl fmt::Display for ActionFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Beginning(beginning) => write!(f, "{beginning}*"),
        }
    }
}

impl fmt::Display for ActorFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id.as_str()),
            Self::Kind(kind) => f.write_str(kind),
        }
    }
}

/// An outcome by its name.
///
/// # Errors
/// [`InvalidAuditSearch::Outcome`].
pub fn outcome(name: &str) -> Result<Outcome, InvalidAuditSearch> {
    let outcomes = [Outcome::Success, Outcome::Refused];
    outcomes.into_iter().find(|outcome| outcome.as_str() == name).ok_or(InvalidAuditSearch::Outcome)
}

/// A text in the form in which texts are compared: compatible forms of characters are one, and so are their cases.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().flat_map(char::to_lowercase).collect()
    }
}

/// The parts of a folded text: what stands between characters that are neither letters nor digits.
pub(super) fn parts(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|character: char| !character.is_alphanumeric()).filter(|part| !part.is_empty())
}

impl SearchWords {
    /// The most characters that are looked for,
    const LONGEST: usize = 200;
    /// and the most words.
    const MOST: usize = 10;

    /// Whether all of them are in one or another of some texts, each as whole parts of it.
    pub fn are_in<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let mut missing: Vec<&str> = self.0.iter().map(String::as_str).collect();
        for text in texts {
            let text = folded(text);
            missing.retain(|word| !stands_in(word, &text));
            if missing.is_empty() {
                return true;
            }
        }
        false
    }
}

/// Whether a word is in a text, and is not a piece of a longer part of it.
fn stands_in(word: &str, text: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let (first, last) = (word.chars().next(), word.chars().next_back());
        let joined = |inner: Option<char>, outer: Option<char>| {
            inner.is_some_and(char::is_alphanumeric) && outer.is_some_and(char::is_alphanumeric)
        };
        !joined(first, before) && !joined(last, after)
    })
}

impl FromStr for SearchWords {
    type Err = InvalidAuditSearch;

    fn from_str(text: &str) -> Result<Self, InvalidAuditSearch> {
        if text.chars().count() > Self::LONGEST {
            return Err(InvalidAuditSearch::TooLong);
        }
        let words: Vec<String> = folded(text).split_whitespace().map(str::to_owned).collect();
        match words.len() {
            0 => Err(InvalidAuditSearch::NoWord),
            length if length > Self::MOST => Err(InvalidAuditSearch::TooMany),
            _ if words.iter().any(|word| parts(word).next().is_none()) => Err(InvalidAuditSearch::NoWord),
            _ => Ok(Self(words)),
        }
    }
}

impl fmt::Display for SearchWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> SearchWords {
        text.parse().expect("words")
    }

    #[test]
    fn words_are_found_whole_and_whatever_their_case() {
        let texts = ["member.role_changed", "Grace Hopper", "ada@example.com", "Zoë Åström", "192.0.2.7"];
        for found in [
            "member",
            "role",
            "role_changed",
            "member.role_changed",
            "GRACE",
            "hopper grace",
            "ada@example.com",
            "example.com",
            "ADA",
            "zoë",
            "ÅSTRÖM",
            "192.0.2.7",
            "changed ada",
            "2.7",
            // Another way to write the same.
            "ｇｒａｃｅ",
        ] {
            assert!(words(found).are_in(texts), "{found}");
        }
        for missing in
            ["memb", "ada@example.co", "race", "grace ada.hopper", "da@example.com", "hopper nobody", "zoe"]
        {
            assert!(!words(missing).are_in(texts), "{missing}");
        }
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for id in [
            "",
            "user",
            "user_",
            "_01h455vb4pex5vsknk084sn02q",
            "User_01h455vb4pex5vsknk084sn02q",
            "user_81h455vb4pex5vsknk084sn02q",
            "user_01h455vb4pex5vsknk084sn02u",
            "user_01h455vb4pex5vsknk084sn02",
        ] {
            assert_eq!(id.parse::<AnyId>(), Err(InvalidAuditSearch::Id), "{id}");
        }
        for id in ["user_01h455vb4pex5vsknk084sn02q", "email_change_01h455vb4pex5vsknk084sn02q"] {
            assert_eq!(id.parse::<AnyId>().expect("an id").as_str(), id);
        }
        for action in ["", "*", ".*", "member.", "member*", "Member.removed", "member..removed", "member.*.x"]
        {
            assert_eq!(action.parse::<ActionFilter>(), Err(InvalidAuditSearch::Action), "{action}");
        }
        for action in ["member.removed", "member.*", "a.b.*"] {
            assert_eq!(action.parse::<ActionFilter>().expect("actions").to_string(), action);
        }
        // The largest that they can be, and no more.
        let encoded = "7zzzzzzzzzzzzzzzzzzzzzzzzz";
        for (length, is_one) in [(63, true), (64, false)] {
            let id = format!("{}_{encoded}", "a".repeat(length));
            assert_eq!(id.parse::<AnyId>().is_ok(), is_one, "{length}");
        }
        for (length, is_one) in [(100, true), (101, false)] {
            assert_eq!("a".repeat(length).parse::<ActionFilter>().is_ok(), is_one, "{length}");
            assert_eq!(
                format!("{}.*", "a".repeat(length)).parse::<ActionFilter>().is_ok(),
                is_one,
                "{length}"
            );
        }
        assert!(
            "ü".repeat(200).parse::<SearchWords>().is_ok() && "a ".repeat(10).parse::<SearchWords>().is_ok()
        );
        assert_eq!("root".parse::<ActorFilter>(), Err(InvalidAuditSearch::Who));
        assert_eq!(outcome("failed"), Err(InvalidAuditSearch::Outcome));
        assert_eq!(" ".parse::<SearchWords>(), Err(InvalidAuditSearch::NoWord));
        assert_eq!("a --".parse::<SearchWords>(), Err(InvalidAuditSearch::NoWord));
        assert_eq!("a ".repeat(11).parse::<SearchWords>(), Err(InvalidAuditSearch::TooMany));
        assert_eq!("a".repeat(201).parse::<SearchWords>(), Err(InvalidAuditSearch::TooLong));
    }
}
