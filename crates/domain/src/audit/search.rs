//! What is looked for in an audit log, and how what cannot hold it is passed over.

use std::{fmt, str::FromStr};

use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;

use crate::{audit::Outcome, audit::reports::Line, id};

/// What events must be like. Nothing is asked of what is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who did it.
    pub actor: Option<Who>,
    /// What was done or tried.
    pub action: Option<Actions>,
    /// On what, by its id: services beside Rollcall have ids of their own.
    pub target: Option<Line<200>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Happened at this moment or later,
    pub since: Option<OffsetDateTime>,
    /// and before this one.
    pub until: Option<OffsetDateTime>,
    /// Words that are in it.
    pub words: Option<Words>,
}

/// An id of any kind of thing that Rollcall knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyId(String);

/// Whoever did something: by their id, or of the kinds that have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A person or a program.
    Id(AnyId),
    /// `anonymous`, `operator` or `system`.
    Kind(&'static str),
}

/// Names of actions: one, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actions {
    /// `member.removed`
    Named(String),
    /// `member.*`, without the star.
    Beginning(String),
}

/// Words that are all to be in an event, in any of its values, whatever their case. A word of several parts, an address for
/// example, is to be there as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

/// The text is none that can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSearch {
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
    #[error("must be at most {} characters long", Words::LONGEST)]
    TooLong,
    /// There are too many words.
    #[error("must be at most {} words", Words::MOST)]
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
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        let (prefix, encoded) = text.rsplit_once('_').ok_or(InvalidSearch::Id)?;
        let is_prefix = !prefix.is_empty()
            && prefix.len() <= LONGEST_PREFIX
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let is_encoded = encoded.len() == ENCODED
            && encoded.as_bytes()[0] <= b'7'
            && encoded.bytes().all(|byte| id::ALPHABET.contains(&byte));
        if is_prefix && is_encoded { Ok(Self(text.to_owned())) } else { Err(InvalidSearch::Id) }
    }
}

impl Who {
    const KINDS: [&'static str; 3] = ["anonymous", "operator", "system"];
}

impl FromStr for Who {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        match Self::KINDS.into_iter().find(|kind| *kind == text) {
            Some(kind) => Ok(Self::Kind(kind)),
            None => text.parse().map(Self::Id).map_err(|_| InvalidSearch::Who),
        }
    }
}

impl FromStr for Actions {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        let (beginning, all) = match text.strip_suffix(".*") {
            Some(beginning) => (beginning, true),
            None => (text, false),
        };
        let word = |word: &str| {
            let mut bytes = word.bytes();
            !word.is_empty() && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if beginning.len() > LONGEST_ACTION || !beginning.split('.').all(word) {
            return Err(InvalidSearch::Action);
        }
        Ok(if all { Self::Beginning(format!("{beginning}.")) } else { Self::Named(beginning.to_owned()) })
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Beginning(beginning) => write!(f, "{beginning}*"),
        }
    }
}

impl fmt::Display for Who {
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
/// [`InvalidSearch::Outcome`].
pub fn outcome(name: &str) -> Result<Outcome, InvalidSearch> {
    let outcomes = [Outcome::Success, Outcome::Refused];
    outcomes.into_iter().find(|outcome| outcome.as_str() == name).ok_or(InvalidSearch::Outcome)
}

/// A text in the form in which texts are compared: compatible forms of characters are one, and so are their cases.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().flat_map(char::to_lowercase).collect()
    }
}

/// The parts of a folded text: what stands between characters that are neither letters nor digits.
fn parts(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|character: char| !character.is_alphanumeric()).filter(|part| !part.is_empty())
}

impl Words {
    /// The most characters that are looked for,
    const LONGEST: usize = 200;
    /// and the most words.
    const MOST: usize = 10;

    /// Whether all of them are in one or another of some texts.
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

impl FromStr for Words {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        if text.chars().count() > Self::LONGEST {
            return Err(InvalidSearch::TooLong);
        }
        let words: Vec<String> = folded(text).split_whitespace().map(str::to_owned).collect();
        match words.len() {
            0 => Err(InvalidSearch::NoWord),
            length if length > Self::MOST => Err(InvalidSearch::TooMany),
            _ if words.iter().any(|word| parts(word).next().is_none()) => Err(InvalidSearch::NoWord),
            _ => Ok(Self(words)),
        }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// How many events one sketch is of.
pub const SKETCHED: u64 = 512;

/// A sketch of some events: a Bloom filter of what can be looked for in them. What it does not show is in none of them; what it shows
/// most likely is in one.
///
/// It is kept, so how it is made does not change.
#[derive(Clone, PartialEq, Eq)]
pub struct Sketch(Vec<u8>);

impl Sketch {
    /// How many bytes one has: as many as fit on half a page of the database.
    pub const BYTES: usize = 4_000;
    /// How many bits tell of one term.
    const BITS_EACH: u64 = 6;

    /// The one of an event's texts.
    pub fn add_text(&mut self, text: &str) {
        for part in parts(&folded(text)) {
            self.add("word", part);
        }
    }

    /// Notes who did something; `id` is none for those who have no id.
    pub fn add_actor(&mut self, kind: &str, id: Option<&str>) {
        self.add("actor", id.unwrap_or(kind));
    }

    /// Notes what was done, and the beginnings of its name.
    pub fn add_action(&mut self, action: &str) {
        self.add("action", action);
        for (dot, _) in action.match_indices('.') {
            self.add("actions", &action[..=dot]);
        }
    }

    /// Notes on what it was done.
    pub fn add_target(&mut self, id: &str) {
        self.add("target", id);
    }

    /// Notes how it ended.
    pub fn add_outcome(&mut self, outcome: &str) {
        self.add("outcome", outcome);
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn add(&mut self, kind: &str, term: &str) {
        for bit in bits(kind, term) {
            self.0[usize::from(bit) / 8] |= 1 << (bit % 8);
        }
    }
}

impl Default for Sketch {
    /// The one of nothing.
    fn default() -> Self {
        Self(vec![0; Self::BYTES])
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: u32 = self.0.iter().map(|byte| byte.count_ones()).sum();
        write!(f, "Sketch({set} bits)")
    }
}

impl Filter {
    /// The bits that are set in a sketch of events of which one is looked for.
    pub fn bits(&self) -> Vec<u16> {
        let mut all = Vec::new();
        let mut take = |kind: &str, term: &str| all.extend(bits(kind, term));
        if let Some(who) = &self.actor {
            take("actor", &who.to_string());
        }
        match &self.action {
            Some(Actions::Named(name)) => take("action", name),
            Some(Actions::Beginning(beginning)) => take("actions", beginning),
            None => {}
        }
        if let Some(target) = &self.target {
            take("target", target.as_str());
        }
        if let Some(outcome) = self.outcome {
            take("outcome", outcome.as_str());
        }
        for part in self.words.iter().flat_map(|words| &words.0).flat_map(|word| parts(word)) {
            take("word", part);
        }
        all
    }
}

/// The bits of a term: two hashes tell all of them (Kirsch and Mitzenmacher, "Less Hashing, Same Performance").
fn bits(kind: &str, term: &str) -> impl Iterator<Item = u16> {
    // FNV-1a, and the finish of SplitMix64, so that every bit depends on every byte.
    let bytes = kind.bytes().chain([0]).chain(term.bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    let (first, step) = (hash >> 32, (hash & 0xffff_ffff) | 1);
    let all = (Sketch::BYTES * 8) as u64;
    // Less than 32,000.
    (0..Sketch::BITS_EACH).map(move |turn| ((first + turn * step) % all) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
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
    fn a_sketch_shows_whatever_is_found() {
        let mut sketch = Sketch::default();
        let texts = ["member.role_changed", "Grace Hopper", "ada@example.com", "Zoë Åström"];
        texts.iter().for_each(|text| sketch.add_text(text));
        sketch.add_actor("user", Some("user_01h455vb4pex5vsknk084sn02q"));
        sketch.add_actor("system", None);
        sketch.add_action("member.role_changed");
        sketch.add_target("user_01h455vb4pex5vsknk084sn02r");
        sketch.add_outcome("refused");
        let shows = |filter: Filter| {
            filter.bits().iter().all(|bit| sketch.as_bytes()[usize::from(*bit) / 8] >> (bit % 8) & 1 == 1)
        };
        let by = |who: &str| Filter { actor: Some(who.parse().expect("somebody")), ..Filter::default() };
        let did =
            |action: &str| Filter { action: Some(action.parse().expect("actions")), ..Filter::default() };
        let with = |text: &str| Filter { words: Some(words(text)), ..Filter::default() };
        let to = |id: &str| Filter { target: Some(id.parse().expect("an id")), ..Filter::default() };
        let ended =
            |name: &str| Filter { outcome: Some(outcome(name).expect("an outcome")), ..Filter::default() };
        for (filter, shown) in [
            (Filter::default(), true),
            (by("user_01h455vb4pex5vsknk084sn02q"), true),
            (by("user_01h455vb4pex5vsknk084sn02r"), false),
            (by("system"), true),
            (by("operator"), false),
            (did("member.role_changed"), true),
            (did("member.*"), true),
            (did("member.removed"), false),
            (did("role_changed.*"), false),
            (to("user_01h455vb4pex5vsknk084sn02r"), true),
            (to("user_01h455vb4pex5vsknk084sn02q"), false),
            (ended("refused"), true),
            (ended("success"), false),
            (with("hopper ADA@example.com åström"), true),
            (with("hopper nobody"), false),
        ] {
            assert_eq!(shows(filter.clone()), shown, "{filter:?}");
        }
    }

    #[test]
    fn a_sketch_of_many_events_shows_little_that_is_not_there() {
        let mut sketch = Sketch::default();
        // About what 512 events hold.
        (0..2_000).for_each(|number| sketch.add_text(&format!("there{number}")));
        let shown = (0..10_000).filter(|number| {
            bits("word", &format!("elsewhere{number}"))
                .all(|bit| sketch.as_bytes()[usize::from(bit) / 8] >> (bit % 8) & 1 == 1)
        });
        assert!(shown.count() < 20);
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
            assert_eq!(id.parse::<AnyId>(), Err(InvalidSearch::Id), "{id}");
        }
        for id in ["user_01h455vb4pex5vsknk084sn02q", "email_change_01h455vb4pex5vsknk084sn02q"] {
            assert_eq!(id.parse::<AnyId>().expect("an id").as_str(), id);
        }
        for action in ["", "*", ".*", "member.", "member*", "Member.removed", "member..removed", "member.*.x"]
        {
            assert_eq!(action.parse::<Actions>(), Err(InvalidSearch::Action), "{action}");
        }
        for action in ["member.removed", "member.*", "a.b.*"] {
            assert_eq!(action.parse::<Actions>().expect("actions").to_string(), action);
        }
        assert_eq!("root".parse::<Who>(), Err(InvalidSearch::Who));
        assert_eq!(outcome("failed"), Err(InvalidSearch::Outcome));
        assert_eq!(" ".parse::<Words>(), Err(InvalidSearch::NoWord));
        assert_eq!("a --".parse::<Words>(), Err(InvalidSearch::NoWord));
        assert_eq!("a ".repeat(11).parse::<Words>(), Err(InvalidSearch::TooMany));
        assert_eq!("a".repeat(201).parse::<Words>(), Err(InvalidSearch::TooLong));
    }
}
