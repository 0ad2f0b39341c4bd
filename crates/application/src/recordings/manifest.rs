//! What a recording consists of: sealed by its own key, so that nobody who can write to the database makes another recording of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use rollcall_domain::{CallId, recordings::MediaType};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, digest::common::hazmat::SerializableState};

use super::seal::{Binding, Damaged, RecordingKey, SegmentName};
use crate::{
    ports::Entropy,
    sealed::{self, Sealed},
};

/// What is kept of a recording, or of an upload as far as it has come.
#[derive(Clone)]
pub(crate) struct Manifest {
    /// The call.
    pub(crate) call: CallId,
    /// What kind of audio it is; none before there is enough of it to tell.
    pub(crate) media: Option<MediaType>,
    /// How many bytes are in the segments.
    pub(crate) length: u64,
    /// The segments, in order.
    pub(crate) segments: Vec<SegmentName>,
    /// How far it has come.
    pub(crate) state: ManifestState,
}

/// How far an upload has come.
#[derive(Clone)]
pub(crate) enum ManifestState {
    /// So far, and so long it will be if that was said.
    Unfinished { digest: Sha256, total: Option<u64> },
    /// To its end.
    Whole { sha256: [u8; 32] },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    call: CallId,
    media: Option<String>,
    length: u64,
    segments: String,
    total: Option<u64>,
    /// The digest, or the state of one that is not finished.
    sha256: String,
    whole: bool,
}

fn context(binding: Binding) -> [u8; 53] {
    let mut data = [0; 53];
    data[..21].copy_from_slice(b"rollcall/manifest/v1/");
    data[21..37].copy_from_slice(binding.organization.uuid().as_bytes());
    data[37..].copy_from_slice(binding.recording.uuid().as_bytes());
    data
}

impl Manifest {
    /// Seals it for its recording.
    pub(crate) fn seal(
        &self,
        key: &RecordingKey,
        binding: Binding,
        entropy: &dyn Entropy,
    ) -> Result<Sealed, Damaged> {
        let (sha256, total, whole) = match &self.state {
            ManifestState::Unfinished { digest, total } => {
                (STANDARD.encode(digest.serialize()), *total, false)
            }
            ManifestState::Whole { sha256 } => (STANDARD.encode(sha256), Some(self.length), true),
        };
        let names: Vec<u8> = self.segments.iter().flat_map(|name| name.0).collect();
        let written = Written {
            call: self.call,
            media: self.media.map(|media| media.as_str().to_owned()),
            length: self.length,
            segments: STANDARD.encode(names),
            total,
            sha256,
            whole,
        };
        let text = serde_json::to_vec(&written).map_err(|_| Damaged)?;
        sealed::seal(key.bytes(), &context(binding), &text, entropy).map(Sealed).ok_or(Damaged)
    }

    /// Opens what was sealed for the same recording.
    pub(crate) fn open(sealed: &Sealed, key: &RecordingKey, binding: Binding) -> Result<Self, Damaged> {
        let text = sealed::open(key.bytes(), &context(binding), &sealed.0).ok_or(Damaged)?;
        let written: Written = serde_json::from_slice(&text).map_err(|_| Damaged)?;
        let names = STANDARD.decode(&written.segments).map_err(|_| Damaged)?;
        let (names, []) = names.as_chunks::<16>() else { return Err(Damaged) };
        let sha256 = STANDARD.decode(&written.sha256).map_err(|_| Damaged)?;
        let state = if written.whole {
            ManifestState::Whole { sha256: sha256.try_into().map_err(|_| Damaged)? }
        } else {
            let state = sha256.as_slice().try_into().map_err(|_| Damaged)?;
            ManifestState::Unfinished {
                digest: Sha256::deserialize(state).map_err(|_| Damaged)?,
                total: written.total,
            }
        };
        let media = written.media.map(|media| media.parse().map_err(|_| Damaged)).transpose()?;
        let segments = names.iter().copied().map(SegmentName).collect();
        Ok(Self { call: written.call, media, length: written.length, segments, state })
    }
}

/// A manifest with nothing in it yet.
pub(crate) fn begun(call: CallId, total: Option<u64>) -> Manifest {
    let state = ManifestState::Unfinished { digest: Sha256::new(), total };
    Manifest { call, media: None, length: 0, segments: Vec::new(), state }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{OrganizationId, RecordingId};

    use super::*;
    use crate::testing::CountingEntropy;

    #[test]
    fn a_manifest_opens_for_its_own_recording_and_a_digest_goes_on_where_it_was() {
        let binding = |number| Binding {
            organization: OrganizationId::from_parts(0, &[1; 10]),
            recording: RecordingId::from_parts(0, &[number; 10]),
        };
        let entropy = CountingEntropy::default();
        let key = RecordingKey::new(&entropy);
        let mut manifest = begun(CallId::from_parts(0, &[3; 10]), Some(9));
        let ManifestState::Unfinished { digest, .. } = &mut manifest.state else { panic!("unfinished") };
        digest.update([5; 100]);
        manifest.media = Some(MediaType::Ogg);
        manifest.segments = vec![SegmentName([1; 16]), SegmentName([2; 16])];
        let sealed = manifest.seal(&key, binding(1), &entropy).expect("sealed");
        let opened = Manifest::open(&sealed, &key, binding(1)).expect("opened");
        assert_eq!((opened.call, opened.media), (manifest.call, manifest.media));
        assert_eq!(opened.segments, manifest.segments);
        let ManifestState::Unfinished { mut digest, total: Some(9) } = opened.state else {
            panic!("unfinished")
        };
        digest.update([6; 100]);
        let whole: Vec<u8> = [[5; 100], [6; 100]].concat();
        assert_eq!(digest.finalize(), Sha256::digest(whole));
        assert!(Manifest::open(&sealed, &key, binding(2)).is_err());
        for place in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[place] ^= 1;
            assert!(Manifest::open(&changed, &key, binding(1)).is_err(), "byte {place}");
        }
    }
}
