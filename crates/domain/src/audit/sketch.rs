//! Sketches of stretches of an audit log, so that what cannot hold what is looked for is passed over.

use std::fmt;

use super::search::{ActionFilter, Filter, folded, parts};

/// How many events one sketch is of.
pub const SKETCHED: u64 = 512;
/// How many events a section of them has.
pub const SECTION: u64 = 64;

/// How many sections there are.
const SECTIONS: usize = (SKETCHED / SECTION) as usize;
/// How many bits tell of one term.
const BITS_EACH: u64 = 6;

/// A sketch of a stretch of events: a Bloom filter of what can be looked for in them, and one for each of its sections. What a filter
/// does not show is in none of them; what it shows most likely is in one. The second look at what the first one shows keeps nearly
/// everything from being read that only seems to be there.
///
/// It is kept, so how it is made does not change.
#[derive(Clone, PartialEq, Eq)]
pub struct Sketch {
    whole: Vec<u8>,
    sections: Vec<u8>,
}

impl Sketch {
    /// How many bytes the filter of all events has: it and those of the sections fit on a page of the database.
    pub const BYTES: usize = 4_000;
    /// How many bytes the filters of the sections have, all of them one after the other.
    pub const SECTION_BYTES: usize = 4_000;

    /// Where what there is of an event is noted, by its place in the log.
    pub fn event(&mut self, index: u64) -> SketchedEvent<'_> {
        let section = (index % SKETCHED / SECTION) as usize;
        let length = Self::SECTION_BYTES / SECTIONS;
        SketchedEvent { whole: &mut self.whole, section: &mut self.sections[section * length..][..length] }
    }

    /// The [`BYTES`](Self::BYTES) bytes of the filter of all events. Bit 0 is the lowest of the first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.whole
    }

    /// The [`SECTION_BYTES`](Self::SECTION_BYTES) bytes of the filters of the sections, those of the first one first.
    pub fn sections(&self) -> &[u8] {
        &self.sections
    }
}

impl Default for Sketch {
    /// The one of nothing.
    fn default() -> Self {
        Self { whole: vec![0; Self::BYTES], sections: vec![0; Self::SECTION_BYTES] }
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: u32 = self.whole.iter().map(|byte| byte.count_ones()).sum();
        write!(f, "Sketch({set} bits)")
    }
}

/// An event in a sketch.
#[derive(Debug)]
pub struct SketchedEvent<'a> {
    whole: &'a mut [u8],
    section: &'a mut [u8],
}

impl SketchedEvent<'_> {
    /// Notes the words of one of its texts.
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

    fn add(&mut self, kind: &str, term: &str) {
        let hash = hash(kind, term);
        for (filter, hash) in [(&mut *self.whole, hash), (&mut *self.section, in_section(hash))] {
            for bit in bits(hash, filter.len()) {
                filter[bit / 8] |= 1 << (bit % 8);
            }
        }
    }
}

impl Filter {
    /// The bits that are set in a sketch of events of which one is looked for, each below eight times [`Sketch::BYTES`]: the first one
    /// of each term, then the second ones, and so on, so that it soon shows whether the rarest of the terms is there. Times are in no
    /// sketch: there are no bits for a filter that asks for nothing else.
    pub fn bits(&self) -> Vec<usize> {
        let terms: Vec<Vec<usize>> =
            self.terms().into_iter().map(|hash| bits(hash, Sketch::BYTES).collect()).collect();
        (0..BITS_EACH as usize).flat_map(|turn| terms.iter().map(move |bits| bits[turn])).collect()
    }

    /// The sections of a stretch in which there may be an event that is looked for, the last first, from what is kept as
    /// [`Sketch::sections`]. In what nothing is kept of it may be anywhere.
    pub fn sections(&self, kept: Option<&[u8]>) -> Vec<u64> {
        let terms = self.terms();
        let may = |section: &usize| {
            let Some(kept) = kept.filter(|kept| kept.len() == Sketch::SECTION_BYTES) else { return true };
            let length = kept.len() / SECTIONS;
            let filter = &kept[section * length..][..length];
            terms.iter().all(|hash| {
                bits(in_section(*hash), filter.len()).all(|bit| filter[bit / 8] >> (bit % 8) & 1 == 1)
            })
        };
        (0..SECTIONS).rev().filter(may).map(|section| section as u64).collect()
    }

    /// The hashes of what an event has that is looked for.
    fn terms(&self) -> Vec<u64> {
        let mut all = Vec::new();
        if let Some(who) = &self.actor {
            all.push(hash("actor", &who.to_string()));
        }
        match &self.action {
            Some(ActionFilter::Named(name)) => all.push(hash("action", name)),
            Some(ActionFilter::Beginning(beginning)) => all.push(hash("actions", beginning)),
            None => {}
        }
        if let Some(target) = &self.target {
            all.push(hash("target", target.as_str()));
        }
        if let Some(outcome) = self.outcome {
            all.push(hash("outcome", outcome.as_str()));
        }
        let words = self.words.iter().flat_map(|words| &words.0).flat_map(|word| parts(word));
        all.extend(words.map(|part| hash("word", part)));
        all
    }
}

/// The hash of a term: FNV-1a, mixed.
fn hash(kind: &str, term: &str) -> u64 {
    let bytes = kind.bytes().chain([0]).chain(term.bytes());
    mixed(bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// A term's hash in the filter of a section: another, so that what seems to be in the whole does not seem to be there as well.
fn in_section(hash: u64) -> u64 {
    mixed(hash.wrapping_add(0x9e37_79b9_7f4a_7c15))
}

/// The finish of SplitMix64, so that every bit depends on every bit.
fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The bits of a term in a filter of so many bytes: two hashes tell all of them (Kirsch and Mitzenmacher, "Less Hashing, Same
/// Performance").
fn bits(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let (first, step) = (hash >> 32, (hash & 0xffff_ffff) | 1);
    (0..BITS_EACH).map(move |turn| ((first + turn * step) % (bytes as u64 * 8)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::search::{SearchWords, outcome};

    fn words(text: &str) -> SearchWords {
        text.parse().expect("words")
    }

    #[test]
    fn a_sketch_shows_whatever_is_found() {
        let mut sketch = Sketch::default();
        let texts = ["member.role_changed", "Grace Hopper", "ada@example.com", "Zoë Åström"];
        let mut event = sketch.event(2 * SKETCHED + 3 * SECTION + 7);
        texts.iter().for_each(|text| event.add_text(text));
        event.add_actor("user", Some("user_01h455vb4pex5vsknk084sn02q"));
        event.add_actor("system", None);
        event.add_action("member.role_changed");
        event.add_target("user_01h455vb4pex5vsknk084sn02r");
        event.add_outcome("refused");
        let shows = |filter: &Filter| {
            filter.bits().iter().all(|bit| sketch.as_bytes()[bit / 8] >> (bit % 8) & 1 == 1)
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
            assert_eq!(shows(&filter), shown, "{filter:?}");
            let sections = filter.sections(Some(sketch.sections()));
            match filter == Filter::default() {
                true => assert_eq!(sections, [7, 6, 5, 4, 3, 2, 1, 0]),
                false => assert_eq!(sections == [3], shown, "{filter:?}: {sections:?}"),
            }
            for unknown in [None, Some(&sketch.sections()[1..])] {
                assert_eq!(filter.sections(unknown), [7, 6, 5, 4, 3, 2, 1, 0]);
            }
        }
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_made() {
        // Sketches that were made by a version before are compared with the bits of this one.
        let whole = |kind, term| bits(hash(kind, term), Sketch::BYTES).collect::<Vec<_>>();
        assert_eq!(whole("word", "grace"), [859, 23_546, 14_233, 4_920, 27_607, 18_294]);
        assert_eq!(whole("actor", "system"), [4_290, 21_671, 7_052, 24_433, 9_814, 27_195]);
        let section = bits(in_section(hash("word", "grace")), Sketch::SECTION_BYTES / SECTIONS);
        assert_eq!(section.collect::<Vec<_>>(), [1_146, 2_295, 3_444, 593, 1_742, 2_891]);
        let filter = Filter {
            actor: Some("system".parse().expect("somebody")),
            action: Some("member.*".parse().expect("actions")),
            target: Some("x".parse().expect("an id")),
            outcome: Some(outcome("success").expect("an outcome")),
            words: Some(words("two words")),
            ..Filter::default()
        };
        let terms = [("actor", "system"), ("actions", "member."), ("target", "x"), ("outcome", "success")];
        let terms = terms.into_iter().chain([("word", "two"), ("word", "words")]);
        let each: Vec<Vec<usize>> = terms.map(|(kind, term)| whole(kind, term)).collect();
        let expected: Vec<usize> = (0..6).flat_map(|turn| each.iter().map(move |bits| bits[turn])).collect();
        assert_eq!(filter.bits(), expected, "whatever is asked narrows it down, and soon");
    }

    #[test]
    fn a_sketch_of_many_events_shows_little_that_is_not_there() {
        let mut sketch = Sketch::default();
        // About what 512 events hold.
        (0..2_000).for_each(|number| sketch.event(number % SKETCHED).add_text(&format!("there{number}")));
        let elsewhere =
            |number| Filter { words: Some(words(&format!("elsewhere{number}"))), ..Filter::default() };
        let mut shown: Vec<Filter> = (0..10_000).map(elsewhere).collect();
        shown.retain(|filter| {
            filter.bits().iter().all(|bit| sketch.as_bytes()[bit / 8] >> (bit % 8) & 1 == 1)
        });
        assert!((1..20).contains(&shown.len()), "{}", shown.len());
        let read: usize = shown.iter().map(|filter| filter.sections(Some(sketch.sections())).len()).sum();
        assert!(read <= 2, "{read} sections of {} stretches", shown.len());
    }
}
