//! Sealing: what comes out is what went in, and nothing else ever.

use proptest::prelude::*;

use super::*;
use crate::testing::CountingEntropy;

fn binding(number: u8) -> Binding {
    Binding {
        organization: OrganizationId::from_parts(0, &[number; 10]),
        recording: RecordingId::from_parts(0, &[number; 10]),
    }
}

fn plain(length: usize) -> Vec<u8> {
    (0..length as u64).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

struct Kept {
    key: RecordingKey,
    binding: Binding,
    total: u64,
    segments: Vec<SealedSegment>,
}

/// Seals in pieces of `step` bytes, and goes on anew after each segment when `resumed`.
fn seal(audio: &[u8], step: usize, resumed: bool, number: u8, entropy: &CountingEntropy) -> Kept {
    let (key, binding) = (RecordingKey::new(entropy), binding(number));
    let mut sealer = Sealer::after(0, &key, binding, entropy);
    let mut segments = Vec::new();
    let mut offset = 0;
    while offset < audio.len() {
        let end = audio.len().min(offset + step);
        let mut bytes = &audio[offset..end];
        while let Some(segment) = sealer.take(&mut bytes, entropy) {
            segments.push(segment);
            if resumed {
                // What was begun of the next one is lost, and comes again.
                sealer = Sealer::after(segments.len() as u64, &key, binding, entropy);
                bytes = &[];
            }
        }
        offset = if resumed { segments.len() * SEGMENT as usize + sealer.buffered() } else { end };
    }
    let total = audio.len() as u64;
    segments.push(sealer.last(total));
    assert_eq!(segments.len() as u64, segments_of(total));
    Kept { key, binding, total, segments }
}

impl Sealer {
    fn buffered(&self) -> usize {
        self.filled_from / SEALED_CHUNK * CHUNK + self.filled()
    }
}

impl Kept {
    fn open(&self, range: Range<u64>) -> Result<Vec<u8>, Damaged> {
        let mut audio = Vec::new();
        for piece in pieces(range, self.total) {
            let segment = self.segments.get(piece.segment).ok_or(Damaged)?;
            let sealed = segment.bytes.get(piece.sealed.start as usize..piece.sealed.end as usize);
            let mut sealed = sealed.ok_or(Damaged)?.to_vec();
            let wanted = open(&self.key, self.binding, segment.name, &piece, &mut sealed)?;
            audio.extend_from_slice(&sealed[wanted]);
        }
        Ok(audio)
    }

    fn whole(&self) -> Result<Vec<u8>, Damaged> {
        self.open(0..self.total)
    }
}

/// Lengths around where chunks and segments end.
fn lengths() -> impl Strategy<Value = usize> {
    let edge = prop_oneof![Just(CHUNK), Just(2 * CHUNK), Just(SEGMENT as usize), Just(2 * SEGMENT as usize)];
    prop_oneof![1..3 * CHUNK, (edge, -2i64..3).prop_map(|(edge, off)| (edge as i64 + off) as usize),]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_range_opens_to_the_plain_bytes(length in lengths(), step in 1usize..200_000, a in any::<u64>(), b in any::<u64>()) {
        let audio = plain(length);
        let kept = seal(&audio, step, false, 1, &CountingEntropy::default());
        let (a, b) = (a % length as u64, b % length as u64);
        let range = a.min(b)..a.max(b) + 1;
        prop_assert_eq!(kept.open(range.clone()), Ok(audio[range.start as usize..range.end as usize].to_vec()));
        prop_assert_eq!(kept.whole(), Ok(audio));
    }

    #[test]
    fn a_flipped_bit_is_found(length in lengths(), place in any::<usize>(), bit in 0u8..8) {
        let mut kept = seal(&plain(length), CHUNK, false, 1, &CountingEntropy::default());
        let all: usize = kept.segments.iter().map(|segment| segment.bytes.len()).sum();
        let mut place = place % all;
        for segment in &mut kept.segments {
            if place < segment.bytes.len() {
                segment.bytes[place] ^= 1 << bit;
                break;
            }
            place -= segment.bytes.len();
        }
        prop_assert_eq!(kept.whole(), Err(Damaged));
    }

    #[test]
    fn a_cut_or_grown_end_is_found(length in lengths(), by in 1usize..70_000) {
        let mut kept = seal(&plain(length), CHUNK, false, 1, &CountingEntropy::default());
        let last = kept.segments.last_mut().expect("one");
        let shorter = last.bytes.len().saturating_sub(by);
        last.bytes.truncate(shorter);
        prop_assert_eq!(kept.whole(), Err(Damaged));
    }
}

#[test]
fn chunks_that_are_swapped_within_or_between_recordings_are_found() {
    let entropy = CountingEntropy::default();
    let audio = plain(2 * SEGMENT as usize + 5);
    let mut kept = seal(&audio, CHUNK, false, 1, &entropy);
    let other = seal(&audio, CHUNK, false, 2, &entropy);
    // Two chunks of a segment.
    let (front, back) = kept.segments[0].bytes.split_at_mut(SEALED_CHUNK);
    front.swap_with_slice(&mut back[..SEALED_CHUNK]);
    assert_eq!(kept.whole(), Err(Damaged));
    let (front, back) = kept.segments[0].bytes.split_at_mut(SEALED_CHUNK);
    front.swap_with_slice(&mut back[..SEALED_CHUNK]);
    assert!(kept.whole().is_ok());
    // Two segments, with and without their names.
    kept.segments.swap(0, 1);
    assert_eq!(kept.whole(), Err(Damaged));
    kept.segments.swap(0, 1);
    let swap_bytes = |kept: &mut Kept| {
        let (front, back) = kept.segments.split_at_mut(1);
        std::mem::swap(&mut front[0].bytes, &mut back[0].bytes);
    };
    swap_bytes(&mut kept);
    assert_eq!(kept.whole(), Err(Damaged));
    swap_bytes(&mut kept);
    assert!(kept.whole().is_ok());
    // A segment of another recording, even if it had the same key.
    let mut same_key = Kept { key: kept.key.clone(), ..other };
    assert_eq!(same_key.whole(), Err(Damaged));
    same_key.segments = kept.segments;
    assert_eq!(same_key.whole(), Err(Damaged));
    // Another organization's recording of the same name.
    same_key.binding = Binding { recording: binding(1).recording, organization: binding(2).organization };
    assert_eq!(same_key.whole(), Err(Damaged));
    same_key.binding = binding(1);
    assert!(same_key.whole().is_ok());
}

#[test]
fn an_end_that_is_not_the_end_is_found() {
    for length in [2 * CHUNK, SEGMENT as usize + CHUNK] {
        let mut kept = seal(&plain(length), CHUNK, false, 1, &CountingEntropy::default());
        // Cut where a chunk ends, with a total that fits.
        let last = kept.segments.last_mut().expect("one");
        let shorter = last.bytes.len() - SEALED_CHUNK;
        last.bytes.truncate(shorter);
        kept.total -= CHUNK as u64;
        assert_eq!(kept.whole(), Err(Damaged));
        kept.total += CHUNK as u64;
        assert_eq!(kept.whole(), Err(Damaged));
    }
    // And one that is said to be longer than it is.
    let mut kept = seal(&plain(CHUNK), CHUNK, false, 1, &CountingEntropy::default());
    kept.total += 1;
    assert_eq!(kept.open(0..1), Err(Damaged));
}

#[test]
fn what_goes_on_where_it_was_broken_off_opens_as_one() {
    for length in [SEGMENT as usize - 1, SEGMENT as usize, 3 * SEGMENT as usize + 17] {
        let audio = plain(length);
        assert_eq!(seal(&audio, 100_000, true, 1, &CountingEntropy::default()).whole(), Ok(audio));
    }
}

#[test]
fn no_nonce_is_used_twice_and_no_more_than_needed_is_fetched() {
    let entropy = CountingEntropy::default();
    let audio = plain(3 * SEGMENT as usize);
    let (one, two) = (seal(&audio, CHUNK, false, 1, &entropy), seal(&audio, CHUNK, false, 1, &entropy));
    let names: std::collections::HashSet<_> =
        one.segments.iter().chain(&two.segments).map(|segment| segment.name).collect();
    assert_eq!(names.len(), 6);
    let only = pieces(SEGMENT - 1..SEGMENT + 1, 3 * SEGMENT).collect::<Vec<_>>();
    assert_eq!(only.len(), 2);
    for piece in only {
        assert_eq!(piece.sealed.end - piece.sealed.start, SEALED_CHUNK as u64);
    }
}

/// What of it is in memory, however long it is.
#[test]
fn no_more_than_a_segment_is_held_to_be_sealed_and_no_more_than_half_of_one_to_be_opened() {
    let entropy = CountingEntropy::default();
    let (segment, half) = (SEALED_CHUNK * CHUNKS as usize, (SEALED_CHUNK as u64) * CHUNKS / 2);
    let key = RecordingKey::new(&entropy);
    let mut sealer = Sealer::after(0, &key, binding(1), &entropy);
    let (bite, mut segments) = (vec![7; 100_000], 0);
    while segments < 8 {
        let mut bytes = bite.as_slice();
        while let Some(full) = sealer.take(&mut bytes, &entropy) {
            // The next one begins in memory of its own only when there is something to put there.
            assert!(full.bytes.capacity() <= segment && sealer.segment.bytes.capacity() == 0);
            segments += 1;
        }
        assert!(sealer.segment.bytes.capacity() <= segment);
    }
    let long = 1 << 40;
    for piece in pieces(long / 2 - 1..long / 2 + 3 * SEGMENT, long) {
        assert!(piece.sealed.end - piece.sealed.start <= half);
    }
}
