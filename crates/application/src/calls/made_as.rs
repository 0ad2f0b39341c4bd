//! By what a repeat is known from another call under the same name.

use rollcall_domain::calls::Facts;
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::keyring::Keyring;

const PURPOSE: &str = "call/v1";

/// A digest of what was said when a call was written down, with the id of its key in front. What was said then may have changed since, and
/// is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeAs(pub [u8; 33]);

impl MadeAs {
    /// The digest of what is said now.
    pub(crate) fn of(keyring: &Keyring, facts: &Facts) -> Self {
        let digest = keyring.digest(PURPOSE, &[&said(facts)]);
        Self::by(keyring.newest(), digest)
    }

    /// Whether this was said then.
    pub(crate) fn is_of(&self, keyring: &Keyring, facts: &Facts) -> bool {
        let digests = keyring.digests(PURPOSE, &[&said(facts)]);
        digests.into_iter().any(|(key, digest)| Self::by(key, digest).0.ct_eq(&self.0).into())
    }

    fn by(key: u8, digest: [u8; 32]) -> Self {
        let mut bytes = [key; 33];
        bytes[1..].copy_from_slice(&digest);
        Self(bytes)
    }
}

/// All of it, in one form only: fields of objects are in the order of their names.
fn said(facts: &Facts) -> Vec<u8> {
    let Facts { external_id, direction, agent_ref, times, from, to, metadata } = facts;
    let moment = |at: time::OffsetDateTime| at.unix_timestamp_nanos().to_string();
    json!([
        external_id.as_str(),
        direction.as_str(),
        agent_ref.as_ref().map(|text| text.as_str()),
        moment(times.started_at()),
        times.ended_at().map(moment),
        from.as_ref().map(|text| text.as_str()),
        to.as_ref().map(|text| text.as_str()),
        metadata.fields(),
    ])
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use rollcall_domain::calls::Direction;

    use super::*;
    use crate::testing::call;

    #[test]
    fn a_tag_of_facts_is_of_no_others_and_good_as_long_as_its_key_is_on_the_ring() {
        let key = |byte: u8| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [byte; 32]);
        let ring = |text: String| text.parse::<Keyring>().expect("a keyring");
        let (old, both) = (ring(format!("1:{}", key(1))), ring(format!("2:{},1:{}", key(2), key(1))));
        let facts = call(1).facts;
        let made_as = MadeAs::of(&old, &facts);
        assert!(made_as.is_of(&old, &facts) && made_as.is_of(&both, &facts));
        assert!(!made_as.is_of(&ring(format!("2:{}", key(2))), &facts));
        let other = Facts { direction: Direction::Outbound, ..facts.clone() };
        assert!(!made_as.is_of(&both, &other));
        let other = Facts { from: None, ..facts };
        assert!(!made_as.is_of(&both, &other));
    }
}
