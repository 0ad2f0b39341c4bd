//! Whose everything is that stands in an answer.
//!
//! Whatever is made up in an organization carries a mark with its number, and whatever the service names is noted as its own when it is
//! first seen. An answer that holds a mark or a name of another organization is one that tells too much.

use std::collections::{BTreeMap, BTreeSet};

/// A name that tells in which organization it was made up. No token of the service holds the letters o and u, so none is one by chance.
pub(super) fn mark(organization: usize, number: usize) -> String {
    format!("uox{organization}x{number}xou")
}

/// A name that tells of which person it is.
pub(super) fn person_mark(person: usize) -> String {
    format!("uop{person}pou")
}

/// Prefixes of names that the service gives to what belongs to one organization.
const OF_ORGANIZATIONS: [&str; 7] = ["org", "inv", "key", "call", "esc", "rec", "evt"];

/// What an answer may tell of.
pub(super) struct Sight {
    /// Where whoever asks is at work.
    pub(super) home: Option<usize>,
    /// These organizations.
    pub(super) organizations: BTreeSet<usize>,
    /// These people.
    pub(super) people: BTreeSet<usize>,
    /// And of whatever was asked for there, under whatever name: an audit log says what was refused.
    pub(super) what_was_named: bool,
}

/// Whose the names are that were seen so far.
#[derive(Default)]
pub(super) struct Owners {
    things: BTreeMap<String, usize>,
    people: BTreeMap<String, usize>,
    /// What was asked for in an organization, by ids that may be nobody's.
    named: BTreeSet<(usize, String)>,
}

impl Owners {
    /// An organization's own name.
    pub(super) fn organization(&mut self, id: &str, organization: usize) {
        self.things.insert(id.to_owned(), organization);
    }

    /// A person's name.
    pub(super) fn person(&mut self, id: &str, person: usize) {
        self.people.insert(id.to_owned(), person);
    }

    /// Somebody asks for something in an organization, in these words.
    pub(super) fn named(&mut self, organization: usize, text: &str) {
        let ids = words(text).filter(|word| is_id(word));
        self.named.extend(ids.map(|id| (organization, id.to_owned())));
    }

    /// What a text tells that it must not tell, if there is anything.
    pub(super) fn leak(&mut self, text: &str, sight: &Sight) -> Option<String> {
        let text = text.to_lowercase();
        let made_up = text.match_indices("uox").filter_map(|(at, _)| {
            let (organization, behind) = number(&text[at + 3..])?;
            let (_, behind) = number(behind.strip_prefix('x')?)?;
            behind.starts_with("xou").then_some(organization)
        });
        for organization in made_up {
            if !sight.organizations.contains(&organization) {
                return Some(format!("a name made up in {organization}"));
            }
        }
        let people = text.match_indices("uop").filter_map(|(at, _)| {
            let (person, behind) = number(&text[at + 3..])?;
            behind.starts_with("pou").then_some(person)
        });
        for person in people {
            if !sight.people.contains(&person) {
                return Some(format!("the name of person {person}"));
            }
        }
        for word in words(&text).filter(|word| is_id(word)) {
            let was_named = |home| self.named.contains(&(home, word.to_owned()));
            if sight.what_was_named && sight.home.is_some_and(was_named) {
                continue;
            }
            let is_told = match (word.starts_with("user_"), self.things.get(word), sight.home) {
                (true, ..) => self.people.get(word).is_none_or(|person| sight.people.contains(person)),
                (false, Some(owner), _) => sight.organizations.contains(owner),
                (false, None, Some(home)) => {
                    self.things.insert(word.to_owned(), home);
                    true
                }
                (false, None, None) => true,
            };
            if !is_told {
                return Some(word.to_owned());
            }
        }
        None
    }
}

/// Words that an id could be.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// Whether a word is the id of a person, or of what belongs to one organization.
fn is_id(word: &str) -> bool {
    word.rsplit_once('_').is_some_and(|(prefix, rest)| {
        rest.len() == 26 && (prefix == "user" || OF_ORGANIZATIONS.contains(&prefix))
    })
}

/// The number that a text begins with, and what is behind it.
fn number(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[test]
fn what_belongs_elsewhere_is_found_wherever_it_stands() {
    let sight = Sight { home: Some(0), organizations: [0].into(), people: [3].into(), what_was_named: false };
    let mut owners = Owners::default();
    owners.person("user_00000000000000000000000004", 4);
    let ours = format!("{{\"name\":\"{}\",\"by\":\"{}@example.com\"}}", mark(0, 7), person_mark(3));
    assert_eq!(owners.leak(&ours, &sight), None);
    assert_eq!(owners.leak("call_00000000000000000000000001", &sight), None);
    let elsewhere =
        Sight { home: Some(1), organizations: [1].into(), people: [4].into(), what_was_named: false };
    for theirs in [
        "a slug org-uox0x9xou-7k3m9p",
        "Acme UOX0X1XOU",
        "esc_1 call_00000000000000000000000001, and more",
        "uop3pou@example.com",
    ] {
        assert!(owners.leak(theirs, &elsewhere).is_some(), "{theirs}");
    }
    let named = "/v1/members/user_00000000000000000000000004";
    assert!(owners.leak(named, &sight).is_some());
    owners.named(0, named);
    assert!(owners.leak(named, &sight).is_some());
    assert_eq!(owners.leak(named, &Sight { what_was_named: true, ..sight }), None);
}
