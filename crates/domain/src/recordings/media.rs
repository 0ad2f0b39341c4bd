//! What kind of audio something is, told by how it begins.

use std::fmt;

/// The kinds of audio that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// Waveform audio (RIFF, or RF64 beyond 4 GiB).
    Wav,
    /// An Ogg stream of Opus.
    Ogg,
    /// MPEG audio, layer III, with or without ID3 tags.
    Mp3,
    /// Matroska as browsers record it.
    WebM,
}

/// How much of the beginning is worth looking at.
const LOOKED_AT: usize = 4096;

impl MediaType {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Wav, Self::Ogg, Self::Mp3, Self::WebM];

    /// What the beginning of something says that it is, of which 4,096 bytes are looked at; none for whatever is no audio that is taken. What
    /// it is called does not matter, nor what its sender says.
    ///
    /// ```
    /// use rollcall_domain::recordings::MediaType;
    ///
    /// assert_eq!(MediaType::of(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"), Some(MediaType::Wav));
    /// assert_eq!(MediaType::of(b"<script>alert(1)</script>"), None);
    /// ```
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let beginning = &beginning[..beginning.len().min(LOOKED_AT)];
        if is_wav(beginning) {
            Some(Self::Wav)
        } else if is_ogg(beginning) {
            Some(Self::Ogg)
        } else if is_webm(beginning) {
            Some(Self::WebM)
        } else if is_mp3(beginning) {
            Some(Self::Mp3)
        } else {
            None
        }
    }

    /// The media type that it is sent under (RFC 6838), which is also its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Ogg => "audio/ogg",
            Self::Mp3 => "audio/mpeg",
            Self::WebM => "audio/webm",
        }
    }

    /// What files of it are called at their end, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Ogg => "ogg",
            Self::Mp3 => "mp3",
            Self::WebM => "webm",
        }
    }

    /// Whether `name`, a media type without parameters, may stand for this kind: one that says nothing does too.
    pub fn is_called(self, name: &str) -> bool {
        let name = name.trim().to_ascii_lowercase();
        let own: &[&str] = match self {
            Self::Wav => &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
            Self::Ogg => &["audio/ogg", "audio/opus", "application/ogg", "video/ogg"],
            Self::Mp3 => &["audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/x-mpeg", "audio/mpeg3"],
            Self::WebM => &["audio/webm", "video/webm"],
        };
        ["", "application/octet-stream", "binary/octet-stream"].contains(&name.as_str())
            || own.contains(&name.as_str())
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for MediaType {
    type Err = UnknownMediaType;

    fn from_str(text: &str) -> Result<Self, UnknownMediaType> {
        Self::ALL.iter().copied().find(|media| media.as_str() == text).ok_or(UnknownMediaType)
    }
}

/// The text names no kind of audio that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be audio/wav, audio/ogg, audio/mpeg or audio/webm")]
pub struct UnknownMediaType;

/// Multimedia Programming Interface and Data Specifications 1.0: a chunk that says what the samples are like, behind whatever else there
/// is; EBU Tech 3306 for RF64, which begins with how long everything is.
fn is_wav(bytes: &[u8]) -> bool {
    if bytes.get(8..12) != Some(b"WAVE") {
        return false;
    }
    match bytes.get(..4) {
        Some(b"RF64") => bytes.get(12..16) == Some(b"ds64"),
        Some(b"RIFF") => has_format(&bytes[12..], bytes.len() == LOOKED_AT),
        Some(_) | None => false,
    }
}

/// Whether one of these chunks is the format's; where there is more than is looked at, it may be in that.
fn has_format(mut chunks: &[u8], is_more: bool) -> bool {
    while let Some(id) = chunks.first_chunk::<4>() {
        if id == b"fmt " {
            return true;
        }
        if !id.iter().all(|letter| letter.is_ascii_graphic() || *letter == b' ') {
            return false;
        }
        let Some(length) = chunks[4..].first_chunk() else { break };
        // A chunk of an odd length has one more byte behind it.
        let length = u64::from(u32::from_le_bytes(*length));
        let after = usize::try_from(8 + length + length % 2).unwrap_or(usize::MAX);
        let Some(rest) = chunks.get(after..) else { break };
        chunks = rest;
    }
    is_more
}

/// RFC 3533 section 6: the first page, whose first packet says what follows (RFC 7845 section 5.1 for Opus).
fn is_ogg(bytes: &[u8]) -> bool {
    const FIRST_PAGE: u8 = 2;
    let begins = bytes.get(..5) == Some(b"OggS\0") && bytes.get(5).is_some_and(|kind| kind & FIRST_PAGE != 0);
    let packet = bytes.get(26).and_then(|segments| bytes.get(27 + usize::from(*segments)..));
    // Versions from 0 to 15 can be read by whoever reads the first.
    let opus = |packet: &[u8]| {
        packet.starts_with(b"OpusHead") && packet.get(8).is_some_and(|version| version & 0xf0 == 0)
    };
    begins && packet.is_some_and(opus)
}

/// RFC 8794 (EBML) and the WebM container guidelines: an EBML header whose DocType is `webm`, and a Segment behind it.
fn is_webm(bytes: &[u8]) -> bool {
    /// The id of DocType, and its length of four bytes.
    const DOC_TYPE: &[u8] = b"\x42\x82\x84webm";
    const SEGMENT: &[u8] = b"\x18\x53\x80\x67";
    let header = &bytes[..bytes.len().min(64)];
    let begins = bytes.starts_with(b"\x1a\x45\xdf\xa3");
    begins
        && header.windows(DOC_TYPE.len()).any(|window| window == DOC_TYPE)
        && behind_header(bytes).is_none_or(|rest| rest.starts_with(SEGMENT))
}

/// What is behind the first element, as far as its first four bytes are there (RFC 8794 section 4: the leading zeros of a size say how
/// long it is written).
fn behind_header(bytes: &[u8]) -> Option<&[u8]> {
    let written =
        bytes.get(4).map(|first| first.leading_zeros() as usize + 1).filter(|written| *written <= 8)?;
    let size = bytes.get(4..4 + written)?.iter().fold(0_u64, |size, byte| size << 8 | u64::from(*byte));
    let size = usize::try_from(size & !(1 << (7 * written))).ok()?;
    bytes.get((4 + written).checked_add(size)?..).filter(|rest| rest.len() >= 4)
}

/// ISO/IEC 11172-3 section 2.4.1.3: an ID3v2 tag, or a frame and, as far as it is there, another behind it.
fn is_mp3(bytes: &[u8]) -> bool {
    if let Some([major, revision]) = bytes.strip_prefix(b"ID3").and_then(|rest| rest.first_chunk()) {
        let is_tag = (2..=4).contains(major) && *revision != 0xff;
        // A frame may begin where no more is looked at.
        let is_more = |rest: &[u8]| rest.len() < 4 && bytes.len() == LOOKED_AT;
        let behind = |length| bytes.get(length..).is_none_or(|rest| is_more(rest) || frame(rest).is_some());
        return is_tag && tag(bytes).is_some_and(behind);
    }
    match frame(bytes) {
        Some(length) => bytes.get(length..).is_none_or(|next| next.len() < 4 || frame(next).is_some()),
        None => false,
    }
}

/// The length of the ID3v2 tag that begins here, with its header and footer (ID3 tag version 2.4.0 section 3.1): each byte of a size has
/// seven bits.
fn tag(bytes: &[u8]) -> Option<usize> {
    const FOOTER: u8 = 0x10;
    let size: &[u8; 4] = bytes.get(6..)?.first_chunk()?;
    let length = size.iter().fold(0_usize, |length, byte| length << 7 | usize::from(byte & 0x7f));
    let ends = if bytes.get(5)? & FOOTER == 0 { 10 } else { 20 };
    size.iter().all(|byte| byte & 0x80 == 0).then_some(length + ends)
}

/// The length of the layer III frame that begins here.
fn frame(bytes: &[u8]) -> Option<usize> {
    const KBITS_1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KBITS_2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let &[sync, kind, rates, _] = bytes.first_chunk()?;
    let (version, layer) = (kind >> 3 & 3, kind >> 1 & 3);
    if sync != 0xff || kind & 0xe0 != 0xe0 || version == 1 || layer != 1 {
        return None;
    }
    let (bit_rate, sample_rate) = (usize::from(rates >> 4), usize::from(rates >> 2 & 3));
    let hertz = [44_100, 48_000, 32_000].get(sample_rate)?;
    let (kbits, hertz, samples) = match version {
        3 => (KBITS_1.get(bit_rate)?, *hertz, 144),
        2 => (KBITS_2.get(bit_rate)?, hertz / 2, 72),
        _ => (KBITS_2.get(bit_rate)?, hertz / 4, 72),
    };
    // A frame of a free bit rate does not say how long it is; nobody sends those.
    (*kbits > 0).then(|| samples * kbits * 1000 / hertz + usize::from(rates >> 1 & 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ogg(head: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0\x02".to_vec();
        page.extend([0; 20]);
        page.extend([1, 19]);
        page.extend(head);
        page
    }

    fn mp3(frames: usize) -> Vec<u8> {
        // 128 kbit/s at 44.1 kHz: 417 bytes.
        let mut one = vec![0xff, 0xfb, 0x90, 0x00];
        one.resize(417, 0);
        one.repeat(frames)
    }

    #[test]
    fn audio_is_known_by_how_it_begins() {
        for (bytes, media) in [
            (b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec(), MediaType::Wav),
            (b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0bext\x02\0\0\0xxfmt \x10\0\0\0".to_vec(), MediaType::Wav),
            ([&b"RIFF\0\0\0\0WAVEJUNK\0\x20\0\0"[..], &[0; 8192]].concat(), MediaType::Wav),
            (b"RF64\xff\xff\xff\xffWAVEds64".to_vec(), MediaType::Wav),
            (ogg(b"OpusHead\x01"), MediaType::Ogg),
            (b"ID3\x04\0\0\0\0\x0f\x76more".to_vec(), MediaType::Mp3),
            ([&b"ID3\x04\0\0\0\0\0\x02ab"[..], &mp3(2)].concat(), MediaType::Mp3),
            ([&b"ID3\x04\0\x10\0\0\0\x02ab3DI\x04\0\x10\0\0\0\x02"[..], &mp3(1)].concat(), MediaType::Mp3),
            ([&b"ID3\x03\0\0\0\0\x40\0"[..], &[7; 9000]].concat(), MediaType::Mp3),
            // 4,096 bytes, as some pad their tags to.
            ([&b"ID3\x03\0\0\0\0\x1f\x76"[..], &[0; 4086], &mp3(1)].concat(), MediaType::Mp3),
            (mp3(1), MediaType::Mp3),
            (mp3(9), MediaType::Mp3),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm".to_vec(), MediaType::WebM),
            (b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01".to_vec(), MediaType::WebM),
            (
                b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x07\x42\x82\x84webm\x18\x53\x80\x67".to_vec(),
                MediaType::WebM,
            ),
        ] {
            assert_eq!(MediaType::of(&bytes), Some(media), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_audio_or_another_kind_is_not_taken_for_any() {
        let mut broken = mp3(2);
        broken[417] = 0;
        for bytes in [
            b"".to_vec(),
            b"RIFF".to_vec(),
            b"RIFF\x24\0\0\0AVI LIST".to_vec(),
            b"RIFX\x24\0\0\0WAVE".to_vec(),
            b"RIFF\x04\0\0\0WAVE".to_vec(),
            b"RIFF\x24\0\0\0WAVE<html><script>alert(1)</script>".to_vec(),
            b"RIFF\x24\0\0\0WAVEdata\x02\0\0\0ab".to_vec(),
            b"RF64\xff\xff\xff\xffWAVE<html>".to_vec(),
            ogg(b"\x80theora"),
            // What else Ogg carries is not taken.
            ogg(b"\x01vorbis"),
            ogg(b"\x7fFLAC\x01"),
            ogg(b"Speex   1"),
            ogg(b"OpusHead\x10"),
            ogg(b"OpusHead"),
            b"OggS\0\0".to_vec(),
            b"OggS".to_vec(),
            b"ID3".to_vec(),
            b"ID3\x04\0\0\0\0\0\0<html>".to_vec(),
            b"ID3\x04\0\0\0\0\0\x02ab".to_vec(),
            b"ID3\x09\0\0\0\0\0\0".to_vec(),
            b"ID3\x04\0\0\xff\0\0\0".to_vec(),
            broken,
            // Layer II, a reserved rate, UTF-16 text.
            vec![0xff, 0xfd, 0x90, 0x00],
            vec![0xff, 0xfb, 0xf0, 0x00],
            b"\xff\xfeh\0i\0".to_vec(),
            b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska".to_vec(),
            b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm<html>".to_vec(),
            b"%PDF-1.7".to_vec(),
            b"<html><audio src=x>".to_vec(),
            vec![0; 5000],
        ] {
            assert_eq!(MediaType::of(&bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_media_type_goes_by_its_own_names_alone() {
        for media in MediaType::ALL {
            assert!(media.is_called(media.as_str()) && media.is_called("Application/Octet-Stream"));
            assert!(!media.is_called("text/html") && !media.is_called("audio/flac"));
            assert_eq!(media.as_str().parse(), Ok(*media));
            for other in MediaType::ALL {
                assert_eq!(media.is_called(other.as_str()), media == other);
            }
        }
    }
}
