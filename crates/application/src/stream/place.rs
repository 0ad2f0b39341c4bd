//! A place in what an organization is told, and how a client names it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::{EventId, OrganizationId};
use uuid::Uuid;

use crate::{keyring::Keyring, ports::Entropy};

const PURPOSE: &str = "stream/v2";

/// A place in what an organization is told: an event, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPlace {
    /// Counts what an organization is told, from 1. Before the first it is 0.
    pub sequence: i64,
    /// The event: whoever comes with a number from a database that was set back is known by it. None before the first.
    pub event: Option<EventId>,
}

impl StreamPlace {
    /// Before the first.
    pub const START: Self = Self { sequence: 0, event: None };

    /// What clients call it. Nobody else can make up such a name, it is none in another organization (attack 14), and it says nothing:
    /// numbers go on with what its reader may not know. Each time it is another one.
    pub fn name(self, keyring: &Keyring, organization: OrganizationId, entropy: &dyn Entropy) -> String {
        let event = self.event.map_or(Uuid::nil(), |event| event.uuid());
        let payload = [self.sequence.to_be_bytes().as_slice(), event.as_bytes()].concat();
        let sealed = keyring.seal(PURPOSE, organization.uuid().as_bytes(), &payload, entropy);
        // Some bytes can always be sealed; whoever comes with an empty name is told to look again.
        sealed.map(|sealed| URL_SAFE_NO_PAD.encode(sealed)).unwrap_or_default()
    }

    /// The place that a name is for, if it was given in this organization.
    pub(crate) fn named(name: &str, keyring: &Keyring, organization: OrganizationId) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(name).ok()?;
        let payload = keyring.open(PURPOSE, organization.uuid().as_bytes(), &sealed)?;
        let (sequence, event) = payload.split_first_chunk::<8>()?;
        let event = Uuid::from_slice(event).ok().filter(|event| !event.is_nil()).map(EventId::from_uuid);
        Some(Self { sequence: i64::from_be_bytes(*sequence), event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CountingEntropy;

    #[test]
    fn attack_14_the_name_of_a_place_is_none_in_another_organization() {
        let entropy = CountingEntropy::default();
        let keyring: Keyring = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().expect("a keyring");
        let organization = |number| OrganizationId::from_parts(0, &[number; 10]);
        for place in
            [StreamPlace::START, StreamPlace { sequence: 7, event: Some(EventId::from_parts(1, &[2; 10])) }]
        {
            let name = place.name(&keyring, organization(1), &entropy);
            // Nobody who reads it learns how much there is.
            let bytes = URL_SAFE_NO_PAD.decode(&name).expect("a name");
            assert!(!bytes.windows(8).any(|part| part == place.sequence.to_be_bytes()));
            assert_eq!(name.len(), StreamPlace::START.name(&keyring, organization(1), &entropy).len());
            assert_eq!(StreamPlace::named(&name, &keyring, organization(1)), Some(place));
            assert_eq!(StreamPlace::named(&name, &keyring, organization(2)), None);
            let (begin, end) = name.split_at(10);
            let changed = format!("{begin}{}{}", if end.starts_with('A') { 'B' } else { 'A' }, &end[1..]);
            assert_eq!(StreamPlace::named(&changed, &keyring, organization(1)), None);
        }
        for name in ["", "7", "!", "AAAA"] {
            assert_eq!(StreamPlace::named(name, &keyring, organization(1)), None);
        }
    }
}
