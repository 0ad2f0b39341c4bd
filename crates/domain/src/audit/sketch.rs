//! Sketches of stretches of an audit log, so that what cannot hold what is looked for is passed over.

use std::fmt;

use super::search::{ActionFilter, Filter, folded, parts};

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

    /// Notes the words of one of an event's texts.
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

    /// Its [`BYTES`](Self::BYTES) bytes. Bit 0 is the lowest of the first.
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
    /// The bits that are set in a sketch of events of which one is looked for, each below eight times [`Sketch::BYTES`]: the first one
    /// of each term, then the second ones, and so on, so that it soon shows whether the rarest of the terms is there. Times are in no
    /// sketch: there are no bits for a filter that asks for nothing else.
    pub fn bits(&self) -> Vec<u16> {
        let mut all = Vec::new();
        let mut take = |kind: &str, term: &str| all.extend(bits(kind, term).enumerate());
        if let Some(who) = &self.actor {
            take("actor", &who.to_string());
        }
        match &self.action {
            Some(ActionFilter::Named(name)) => take("action", name),
            Some(ActionFilter::Beginning(beginning)) => take("actions", beginning),
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
        all.sort_by_key(|(turn, _)| *turn);
        all.into_iter().map(|(_, bit)| bit).collect()
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
    use crate::audit::search::{SearchWords, outcome};

    fn words(text: &str) -> SearchWords {
        text.parse().expect("words")
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
    fn what_is_kept_is_read_as_it_was_made() {
        // Sketches that were made by a version before are compared with the bits of this one.
        assert_eq!(bits("word", "grace").collect::<Vec<_>>(), [859, 23_546, 14_233, 4_920, 27_607, 18_294]);
        assert_eq!(
            bits("actor", "system").collect::<Vec<_>>(),
            [4_290, 21_671, 7_052, 24_433, 9_814, 27_195]
        );
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
        let each: Vec<Vec<u16>> = terms.map(|(kind, term)| bits(kind, term).collect()).collect();
        let expected: Vec<u16> = (0..6).flat_map(|turn| each.iter().map(move |bits| bits[turn])).collect();
        assert_eq!(filter.bits(), expected, "whatever is asked narrows it down, and soon");
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
}
