//! What is found, and what is found once that is masked.
//!
//! A mask is shorter than what it stands for and says nothing, so that what stands beside it may look like something only then: an address
//! whose end ran into a card's number. Whoever redacts what is redacted finds nothing.

use std::ops::Range;

use crate::scan::{Found, Scan};

/// How often a text is looked at, at most. Each time but the first something has to have turned up the time before.
const TIMES: usize = 8;

/// Everything that is found in a text, in order, and how much work that was.
pub(crate) fn find(text: &str, ends: &[usize], speakers: &[usize]) -> (Vec<Found>, u64) {
    let (mut found, mut work) = Scan::new(text, speakers).all(ends);
    for _ in 1..TIMES {
        if found.is_empty() {
            break;
        }
        let masked = Masked::new(text, ends, &found);
        let (more, again) = Scan::new(&masked.text, speakers).all(&masked.ends);
        work += again;
        if more.is_empty() {
            break;
        }
        let more: Vec<Found> =
            more.into_iter().map(|found| Found { place: masked.place(&found.place), ..found }).collect();
        // Both are in order, and none of either overlaps another of its own.
        let mut after = more.iter().peekable();
        found.retain(|old| {
            while after.next_if(|new| new.place.end <= old.place.start).is_some() {}
            after.peek().is_none_or(|new| old.place.end <= new.place.start)
        });
        found.extend(more);
        found.sort_by_key(|found| (found.place.start, found.place.end));
    }
    (found, work)
}

/// A text with masks, and what each stands for.
struct Masked {
    text: String,
    /// Where its segments end.
    ends: Vec<usize>,
    /// Where a mask is, and what is there in the text without.
    masks: Vec<(Range<usize>, Range<usize>)>,
}

impl Masked {
    fn new(text: &str, ends: &[usize], found: &[Found]) -> Self {
        let mut masked = Self {
            text: String::with_capacity(text.len()),
            ends: Vec::with_capacity(ends.len()),
            masks: Vec::with_capacity(found.len()),
        };
        let mut place = 0;
        let mut ends = ends.iter().peekable();
        for found in found {
            // Nothing that is found reaches over the end of a segment.
            while let Some(end) = ends.next_if(|end| **end < found.place.end) {
                masked.ends.push(masked.text.len() + end - place);
            }
            masked.text.push_str(&text[place..found.place.start]);
            let start = masked.text.len();
            masked.text.push_str(found.kind.mask());
            masked.masks.push((start..masked.text.len(), found.place.clone()));
            place = found.place.end;
        }
        masked.ends.extend(ends.map(|end| masked.text.len() + end - place));
        masked.text.push_str(&text[place..]);
        masked
    }

    /// Where in the text without masks something is; all of what a mask stands for, where it reaches into one.
    fn place(&self, found: &Range<usize>) -> Range<usize> {
        let before = self.masks.partition_point(|(mask, _)| mask.start <= found.start);
        let start = match before.checked_sub(1).map(|at| &self.masks[at]) {
            Some((mask, original)) if found.start < mask.end => original.start,
            Some((mask, original)) => original.end + (found.start - mask.end),
            None => found.start,
        };
        let before = self.masks.partition_point(|(mask, _)| mask.start < found.end);
        let end = match before.checked_sub(1).map(|at| &self.masks[at]) {
            Some((mask, original)) if found.end <= mask.end => original.end,
            Some((mask, original)) => original.end + (found.end - mask.end),
            None => found.end,
        };
        start..end
    }
}
