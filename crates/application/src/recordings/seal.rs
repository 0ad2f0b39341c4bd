//! How a recording is sealed: in chunks, so that any part of it can be opened by itself, and so that nothing of it opens
//! that is not exactly what was sealed, where it was sealed. No I/O.
//!
//! A recording has a key of its own. Chunks of 64 KiB are sealed one by one (XChaCha20-Poly1305), and lie sixteen to a segment; a
//! segment is an object of its own in the object store, under a name of sixteen random bytes. The nonce of a chunk is the name of
//! its segment and the chunk's number in the recording. What each chunk is bound to besides: the organization, the recording,
//! its number, whether it is the last, and if so how long the whole is (the construction known as STREAM, Hoang, Reyhanitabar,
//! Rogaway and Vizár 2015, with random access). The names of the segments, in order, stand in the [manifest](super::manifest),
//! which is sealed too.
//!
//! So a flipped byte, a chunk in another's place, a segment of another recording or of an earlier try, and an end that is not the
//! end are all found by whoever opens the chunk. Names are never used twice, whatever becomes of the upload that chose one: two
//! tries at the same part of a recording share no nonce.

use std::ops::Range;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::AeadInOut};
use rollcall_domain::{OrganizationId, RecordingId};
use zeroize::Zeroizing;

use crate::ports::Entropy;

/// Bytes of audio in a chunk; the last may have fewer.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes that sealing adds to each.
const TAG: usize = 16;
/// Bytes of a sealed chunk.
const SEALED_CHUNK: usize = CHUNK + TAG;
/// Chunks in a segment; the last may have fewer.
const CHUNKS: u64 = 16;
/// Bytes of audio in a segment; the last may have fewer.
pub(crate) const SEGMENT: u64 = CHUNK as u64 * CHUNKS;
/// How many chunks are fetched at once to be opened.
const AT_ONCE: u64 = 8;

/// The key of one recording.
#[derive(Clone)]
pub(crate) struct RecordingKey(Zeroizing<[u8; 32]>);

/// Names a segment, in the object store and in its chunks' nonces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentName(pub [u8; 16]);

/// A segment, sealed.
pub(crate) struct SealedSegment {
    pub(crate) name: SegmentName,
    pub(crate) bytes: Vec<u8>,
}

/// A chunk is not what was sealed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the recording is not what was kept")]
pub(crate) struct Damaged;

impl RecordingKey {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut());
        Self(key)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

/// What every chunk of a recording is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Binding {
    pub(crate) organization: OrganizationId,
    pub(crate) recording: RecordingId,
}

impl Binding {
    /// The associated data of a chunk. The length of the whole is known with the last one, and tells it apart: no recording is empty.
    fn of(&self, chunk: u64, total: Option<u64>) -> [u8; 67] {
        let mut data = [0; 67];
        data[..18].copy_from_slice(b"rollcall/chunk/v1/");
        data[18..34].copy_from_slice(self.organization.uuid().as_bytes());
        data[34..50].copy_from_slice(self.recording.uuid().as_bytes());
        data[50..58].copy_from_slice(&chunk.to_be_bytes());
        data[58] = u8::from(total.is_some());
        data[59..].copy_from_slice(&total.unwrap_or_default().to_be_bytes());
        data
    }
}

fn nonce(name: SegmentName, chunk: u64) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..16].copy_from_slice(&name.0);
    nonce[16..].copy_from_slice(&chunk.to_be_bytes());
    nonce.into()
}

/// Seals what comes in, segment by segment. It holds no more than one.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    binding: Binding,
    /// The chunk that is being filled.
    chunk: u64,
    segment: SealedSegment,
    /// Where in the segment that chunk begins; what is before is sealed.
    filled_from: usize,
}

impl Sealer {
    /// Begins after so many segments that are kept already.
    pub(crate) fn after(segments: u64, key: &RecordingKey, binding: Binding, entropy: &dyn Entropy) -> Self {
        Self {
            cipher: key.cipher(),
            binding,
            chunk: segments * CHUNKS,
            segment: SealedSegment::begin(entropy),
            filled_from: 0,
        }
    }

    /// Takes from the front of `bytes` what there is room for. A segment comes back as soon as it is certain that it is not
    /// the last one; then there may be more to take.
    pub(crate) fn take(&mut self, bytes: &mut &[u8], entropy: &dyn Entropy) -> Option<SealedSegment> {
        while !bytes.is_empty() {
            if self.filled() == CHUNK {
                self.seal(None);
                if self.chunk.is_multiple_of(CHUNKS) {
                    self.filled_from = 0;
                    return Some(std::mem::replace(&mut self.segment, SealedSegment::begin(entropy)));
                }
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.filled()));
            if self.segment.bytes.capacity() == 0 {
                self.segment.bytes.reserve_exact(SEALED_CHUNK * CHUNKS as usize);
            }
            self.segment.bytes.extend_from_slice(now);
            *bytes = later;
        }
        None
    }

    /// The segment that is full, when more is certain to come but not now.
    pub(crate) fn full(mut self) -> Option<SealedSegment> {
        let is_full = self.filled() == CHUNK && self.chunk % CHUNKS == CHUNKS - 1;
        is_full.then(|| {
            self.seal(None);
            self.segment
        })
    }

    /// The last segment, of a recording of `total` bytes.
    pub(crate) fn last(mut self, total: u64) -> SealedSegment {
        self.seal(Some(total));
        self.segment
    }

    /// How many bytes it has taken that are in no segment it has given back.
    pub(crate) fn open(&self) -> u64 {
        (self.chunk % CHUNKS * CHUNK as u64) + self.filled() as u64
    }

    fn filled(&self) -> usize {
        self.segment.bytes.len() - self.filled_from
    }

    fn seal(&mut self, total: Option<u64>) {
        let (nonce, data) = (nonce(self.segment.name, self.chunk), self.binding.of(self.chunk, total));
        let plain = &mut self.segment.bytes[self.filled_from..];
        // Only more than 256 GiB would be too much for the cipher.
        let Ok(tag) = self.cipher.encrypt_inout_detached(&nonce, &data, plain.into()) else {
            unreachable!("a chunk of 64 KiB")
        };
        self.segment.bytes.extend_from_slice(&tag);
        self.filled_from = self.segment.bytes.len();
        self.chunk += 1;
    }
}

impl SealedSegment {
    fn begin(entropy: &dyn Entropy) -> Self {
        let mut name = [0; 16];
        entropy.fill(&mut name);
        // Room for it is made when there is something to put there: by then the one before is gone.
        Self { name: SegmentName(name), bytes: Vec::new() }
    }
}

/// What is to be fetched to open a part of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which segment, by its number.
    pub(crate) segment: usize,
    /// Which bytes of it.
    pub(crate) sealed: Range<u64>,
    /// The chunk that begins there.
    first: u64,
    /// How long the recording is.
    total: u64,
    /// The bytes that are wanted of those chunks, once they are opened.
    wanted: Range<usize>,
}

/// The pieces that hold the bytes of `range`, which is not empty and lies within `total`.
pub(crate) fn pieces(range: Range<u64>, total: u64) -> impl Iterator<Item = Piece> + Send + Sync {
    let chunk = CHUNK as u64;
    let mut from = range.start;
    std::iter::from_fn(move || {
        let first = from / chunk;
        if from >= range.end {
            return None;
        }
        let in_segment = first % CHUNKS;
        let begins = first * chunk;
        let ends = (begins + AT_ONCE.min(CHUNKS - in_segment) * chunk).min(total);
        // Not one chunk more than is needed.
        let needed = range.end.div_ceil(chunk) * chunk;
        let ends = ends.min(needed).min(total);
        let until = ends.min(range.end);
        let sealed_from = in_segment * SEALED_CHUNK as u64;
        let sealed =
            sealed_from..sealed_from + (ends - begins) + (ends - begins).div_ceil(chunk) * TAG as u64;
        let wanted = (from - begins) as usize..(until - begins) as usize;
        from = until;
        Some(Piece { segment: (first / CHUNKS) as usize, sealed, first, total, wanted })
    })
}

/// How many segments a recording of `total` bytes has.
pub(crate) fn segments_of(total: u64) -> u64 {
    total.div_ceil(SEGMENT)
}

/// Opens the chunks of a piece, which lie in `sealed` one behind the other; gives back the bytes that are wanted of them.
pub(crate) fn open(
    key: &RecordingKey,
    binding: Binding,
    name: SegmentName,
    piece: &Piece,
    sealed: &mut Vec<u8>,
) -> Result<Range<usize>, Damaged> {
    if sealed.len() as u64 != piece.sealed.end - piece.sealed.start {
        return Err(Damaged);
    }
    let cipher = key.cipher();
    let chunks = sealed.len().div_ceil(SEALED_CHUNK);
    let mut opened = 0;
    for (number, chunk) in (piece.first..).zip(0..chunks) {
        let from = chunk * SEALED_CHUNK;
        let until = sealed.len().min(from + SEALED_CHUNK);
        let length = until.checked_sub(from + TAG).ok_or(Damaged)?;
        let tag: [u8; TAG] = sealed[until - TAG..until].try_into().map_err(|_| Damaged)?;
        let is_last = (number + 1) * CHUNK as u64 >= piece.total;
        let data = binding.of(number, is_last.then_some(piece.total));
        let bytes = &mut sealed[from..until - TAG];
        cipher
            .decrypt_inout_detached(&nonce(name, number), &data, bytes.into(), &tag.into())
            .map_err(|_| Damaged)?;
        sealed.copy_within(from..from + length, opened);
        opened += length;
    }
    sealed.truncate(opened);
    if piece.wanted.end <= opened { Ok(piece.wanted.clone()) } else { Err(Damaged) }
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
