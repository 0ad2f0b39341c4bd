//! A place in what an organization is told, and how a client names it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::{EventId, OrganizationId};

use crate::keyring::Keyring;

const PURPOSE: &str = "stream/v1";

/// A place in what an organization is told: an event, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counts what an organization is told, from 1. Before the first it is 0.
    pub sequence: i64,
    /// The event: whoever comes with a number from a database that was set back is known by it. None before the first.
    pub event: Option<EventId>,
}

impl Place {
    /// Before the first.
    pub const START: Self = Self { sequence: 0, event: None };

    /// What clients call it. Nobody else can make up such a name, and it is none in another organization (attack 14).
    pub fn name(self, keyring: &Keyring, organization: OrganizationId) -> String {
        let event = self.event.map(|event| event.to_string()).unwrap_or_default();
        let payload = [self.sequence.to_be_bytes().as_slice(), event.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(keyring.sign(PURPOSE, organization.uuid().as_bytes(), &payload))
    }

    /// The place that a name is for, if it was given in this organization.
    pub(super) fn named(name: &str, keyring: &Keyring, organization: OrganizationId) -> Option<Self> {
        let signed = URL_SAFE_NO_PAD.decode(name).ok()?;
        let payload = keyring.verify(PURPOSE, organization.uuid().as_bytes(), &signed)?;
        let (sequence, event) = payload.split_first_chunk::<8>()?;
        let event = match event {
            [] => None,
            event => Some(std::str::from_utf8(event).ok()?.parse().ok()?),
        };
        Some(Self { sequence: i64::from_be_bytes(*sequence), event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_14_the_name_of_a_place_is_none_in_another_organization() {
        let keyring: Keyring = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().expect("a keyring");
        let organization = |number| OrganizationId::from_parts(0, &[number; 10]);
        for place in [Place::START, Place { sequence: 7, event: Some(EventId::from_parts(1, &[2; 10])) }] {
            let name = place.name(&keyring, organization(1));
            assert_eq!(Place::named(&name, &keyring, organization(1)), Some(place));
            assert_eq!(Place::named(&name, &keyring, organization(2)), None);
            let (begin, end) = name.split_at(10);
            let changed = format!("{begin}{}{}", if end.starts_with('A') { 'B' } else { 'A' }, &end[1..]);
            assert_eq!(Place::named(&changed, &keyring, organization(1)), None);
        }
        for name in ["", "7", "!", "AAAA"] {
            assert_eq!(Place::named(name, &keyring, organization(1)), None);
        }
    }
}
