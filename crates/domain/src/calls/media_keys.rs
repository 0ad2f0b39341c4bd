//! Keys for media that go from end to end (SFrame, RFC 9605): how they follow each other.
//!
//! A call has one base key at a time, from which every participant derives the key that they send with, by a key id of their own
//! (RFC 9605 sections 4.4.2 and 5.2). When somebody joins, the key is ratcheted: they cannot read what was sent before (section 5.1).
//! When somebody leaves there is a new key, which is not derived from the one they know.

use time::{Duration, OffsetDateTime};

/// How long a base key is good: whoever was let go without anybody telling so reads no longer than that.
pub const LIFETIME: Duration = Duration::HOUR;

/// How many of the bits of a key id, the last ones, say how often the key has been ratcheted.
pub const STEP_BITS: u32 = 8;
/// How many of the bits before them say who sends.
pub const SENDER_BITS: u32 = 16;

/// Names the key that one participant sends with (`KID`, RFC 9605 section 4.3). A participant that asks again gets another: whoever
/// starts anew counts frames anew, and a key and a count never come together twice (section 4.4.1).
///
/// ```
/// use rollcall_domain::calls::MediaKeyId;
///
/// let id = MediaKeyId { generation: 1, sender: 2, step: 3 };
/// assert_eq!(id.get(), 0x01_0002_03);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaKeyId {
    /// Which base key, counted from 1.
    pub generation: u32,
    /// Which participant, counted from 0 for each base key.
    pub sender: u16,
    /// How often the base key has been ratcheted.
    pub step: u8,
}

impl MediaKeyId {
    /// As one number, as it stands in frames: the step in bits 0 to 7, the sender in bits 8 to 23, the generation from bit 24 on.
    pub fn get(self) -> u64 {
        (u64::from(self.generation) << SENDER_BITS | u64::from(self.sender)) << STEP_BITS
            | u64::from(self.step)
    }
}

/// Where the keys of a call are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaKeys {
    generation: u32,
    step: u8,
    /// The participant that comes next; beyond the last when there is no room for any.
    next_sender: u32,
    expires_at: OffsetDateTime,
}

/// Where the base key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrigin {
    /// It is made by chance.
    New,
    /// It is derived from the one before.
    Ratcheted,
}

/// Why a participant gets a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// They join.
    Joining,
    /// Somebody has left, or may not listen any more.
    Leaving,
}

impl MediaKeys {
    /// The keys as they were kept.
    pub const fn kept(generation: u32, step: u8, next_sender: u32, expires_at: OffsetDateTime) -> Self {
        Self { generation, step, next_sender, expires_at }
    }

    /// Gives the next participant a key: where the keys are then, what their key is called, and where the base key comes from. There is a new
    /// base key for the first participant, when somebody has left, when the one before is [`LIFETIME`] old, and when it has been ratcheted
    /// 255 times.
    pub fn next(
        before: Option<Self>,
        occasion: Occasion,
        now: OffsetDateTime,
    ) -> (Self, MediaKeyId, KeyOrigin) {
        let ratcheted = before.filter(|_| occasion == Occasion::Joining).and_then(|keys| {
            let step = keys.step.checked_add(1)?;
            let room = keys.next_sender <= u32::from(u16::MAX) && now < keys.expires_at;
            room.then_some(Self { step, ..keys })
        });
        let (keys, origin) = match ratcheted {
            Some(keys) => (keys, KeyOrigin::Ratcheted),
            None => {
                let generation = before.map_or(0, |keys| keys.generation).saturating_add(1);
                (Self { generation, step: 0, next_sender: 0, expires_at: now + LIFETIME }, KeyOrigin::New)
            }
        };
        // There is room, as was seen above.
        let sender = u16::try_from(keys.next_sender).unwrap_or(u16::MAX);
        let id = MediaKeyId { generation: keys.generation, sender, step: keys.step };
        (Self { next_sender: keys.next_sender + 1, ..keys }, id, origin)
    }

    /// Which base key, counted from 1.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// How often it has been ratcheted.
    pub const fn step(&self) -> u8 {
        self.step
    }

    /// The participant that comes next, counted from 0; 65,536 when there is no room for any.
    pub const fn next_sender(&self) -> u32 {
        self.next_sender
    }

    /// Until when the base key is good: whoever comes at that moment or later gets a new one.
    pub const fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn join(before: Option<MediaKeys>) -> (MediaKeys, MediaKeyId, KeyOrigin) {
        MediaKeys::next(before, Occasion::Joining, NOW)
    }

    #[test]
    fn whoever_joins_gets_the_next_step_and_whoever_leaves_makes_a_new_key() {
        let (keys, first, origin) = join(None);
        assert_eq!((first.generation, first.sender, first.step, origin), (1, 0, 0, KeyOrigin::New));
        let (keys, second, origin) = join(Some(keys));
        assert_eq!((second.generation, second.sender, second.step, origin), (1, 1, 1, KeyOrigin::Ratcheted));
        let (keys, third, origin) = MediaKeys::next(Some(keys), Occasion::Leaving, NOW);
        assert_eq!((third.generation, third.sender, third.step, origin), (2, 0, 0, KeyOrigin::New));
        let late = MediaKeys::next(Some(keys), Occasion::Joining, NOW + LIFETIME);
        assert_eq!((late.1.generation, late.2, late.0.expires_at()), (3, KeyOrigin::New, NOW + LIFETIME * 2));
    }

    #[test]
    fn attack_31_no_two_participants_ever_send_with_the_same_key_id() {
        let (mut keys, mut seen) = (None, HashSet::new());
        for round in 0..3_000_u32 {
            let occasion = if round % 700 == 699 { Occasion::Leaving } else { Occasion::Joining };
            let (next, id, _) = MediaKeys::next(keys, occasion, NOW);
            assert!(seen.insert(id.get()), "{id:?}");
            // Nor do two in a generation ever have the same place, whatever the step.
            assert!(seen.insert(MediaKeyId { step: 255, ..id }.get() | 1 << 60), "{id:?}");
            keys = Some(next);
        }
        let full = MediaKeys::kept(1, 3, 1 << SENDER_BITS, NOW + LIFETIME);
        assert_eq!(join(Some(full)).1.generation, 2);
        let ratcheted_out = MediaKeys::kept(1, u8::MAX, 7, NOW + LIFETIME);
        assert_eq!(join(Some(ratcheted_out)).2, KeyOrigin::New);
    }
}
