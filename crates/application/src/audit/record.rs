//! What a change leaves behind: its audit events, and the mails it causes.

use std::collections::BTreeMap;

use rollcall_audit_proof::{Change, Commitment, Leaf, Reference, SALT_BYTES, Salt, VERSION};
use rollcall_domain::{OrganizationId, accounts::Locale, audit::Event};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use crate::{mail::Letter, ports::Entropy};

/// RFC 3339 in UTC with exactly six digits of a second, as leaves have it.
const INSTANT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A moment as leaves have it.
pub(super) fn instant(at: OffsetDateTime) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(at.to_offset(UtcOffset::UTC).format(INSTANT)?)
}

/// What a change leaves behind. There is no empty one: a change without an event cannot be expressed.
#[derive(Debug, Clone)]
pub struct Record {
    first: Entry,
    others: Vec<Entry>,
    letters: Vec<Letter>,
    locale: Option<Locale>,
}

/// An event and the salts that hide what is personal in it.
#[derive(Debug, Clone)]
pub struct Entry {
    event: Event,
    personal: BTreeMap<&'static str, (String, Salt)>,
}

impl Record {
    /// The record that holds `event`.
    pub fn of(event: Event, entropy: &dyn Entropy) -> Self {
        Self { first: Entry::new(event, entropy), others: Vec::new(), letters: Vec::new(), locale: None }
    }

    /// The same with another event.
    pub fn and(mut self, event: Event, entropy: &dyn Entropy) -> Self {
        self.others.push(Entry::new(event, entropy));
        self
    }

    /// The same with more events.
    pub(crate) fn and_all(self, events: impl IntoIterator<Item = Event>, entropy: &dyn Entropy) -> Self {
        events.into_iter().fold(self, |record, event| record.and(event, entropy))
    }

    /// The same with a letter that is to be sent.
    pub fn mail(mut self, letter: Letter) -> Self {
        self.letters.push(letter);
        self
    }

    /// The same; its letters are in this language, unless whoever they are for has chosen one.
    pub(crate) fn in_language(self, locale: &Locale) -> Self {
        Self { locale: Some(locale.clone()), ..self }
    }

    /// The language of the letters to whoever has chosen none.
    pub fn locale(&self) -> Option<&Locale> {
        self.locale.as_ref()
    }

    /// When it was: the moment of its first event.
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.first.event.occurred_at
    }

    /// The events, in the order they were added.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The letters to be sent.
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }
}

impl Entry {
    pub(super) fn new(event: Event, entropy: &dyn Entropy) -> Self {
        let origin = [
            ("ip", event.origin.ip.map(|ip| ip.to_string())),
            ("user_agent", event.origin.user_agent.as_deref().map(str::to_owned)),
        ];
        let origin = origin.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let personal = event.personal.iter().map(|(field, value)| (*field, value.clone())).chain(origin);
        let personal = personal
            .map(|(field, value)| {
                let mut salt = [0; SALT_BYTES];
                entropy.fill(&mut salt);
                (field, (value, salt))
            })
            .collect();
        Self { event, personal }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// What identifies a person, with the salt of each: kept beside the leaf, where it can be erased.
    pub fn personal(&self) -> &BTreeMap<&'static str, (String, Salt)> {
        &self.personal
    }

    /// The canonical bytes of the event in an organization's log, or in the platform's.
    ///
    /// # Errors
    /// None in practice; see [`Leaf::encode`].
    pub fn leaf(
        &self,
        log: Option<OrganizationId>,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let event = &self.event;
        let log = log.map_or_else(|| "platform".to_owned(), |organization| organization.to_string());
        let id = event.id.to_string();
        let at = instant(event.occurred_at)?;
        let (actor_kind, actor_id, session) = event.actor.parts();
        let (target_kind, target_id) = event.target.parts();
        let leaf = Leaf {
            v: VERSION,
            log: &log,
            id: &id,
            at: &at,
            actor: Reference { kind: actor_kind, id: actor_id.as_deref() },
            session: session.as_deref(),
            action: event.action.as_str(),
            target: Reference { kind: target_kind, id: target_id.as_deref() },
            outcome: event.outcome.as_str(),
            request_id: event.origin.request_id.as_deref(),
            changes: event
                .changes
                .iter()
                .map(|change| Change {
                    field: change.field,
                    before: change.before.as_deref(),
                    after: change.after.as_deref(),
                })
                .collect(),
            personal: self
                .personal
                .iter()
                .map(|(field, (value, salt))| (*field, Commitment::to(field, value, salt)))
                .collect(),
        };
        Ok(leaf.encode()?)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::Ipv4Addr};

    use rollcall_domain::{
        EventId,
        audit::{Action, AuditActor, AuditTarget, Origin},
    };
    use time::macros::datetime;

    use super::*;
    use crate::testing::CountingEntropy;

    /// An event with three things that identify a person.
    fn event(number: u8) -> Event {
        let origin = Origin {
            ip: Some(Ipv4Addr::new(192, 0, 2, 7).into()),
            user_agent: Some("curl".into()),
            request_id: None,
        };
        Event::new(
            EventId::from_parts(0, &[number; 10]),
            datetime!(2026-01-02 03:04:05.000678 UTC),
            AuditActor::Anonymous,
            origin,
            Action::SignupRequested,
            AuditTarget::Nothing,
        )
        .personal("email", "ada@example.com")
    }

    #[test]
    fn what_identifies_a_person_is_not_in_the_leaf() {
        let record = Record::of(event(0), &CountingEntropy::default());
        let entry = record.entries().next().expect("an entry");
        let leaf = String::from_utf8(entry.leaf(None).expect("a leaf")).expect("UTF-8");
        assert!(leaf.contains(r#""at":"2026-01-02T03:04:05.000678Z""#), "{leaf}");
        assert!(leaf.contains(r#""log":"platform""#), "{leaf}");
        for (field, (value, salt)) in entry.personal() {
            assert!(!leaf.contains(value), "{leaf}");
            let promise = serde_json::to_string(&Commitment::to(field, value, salt)).expect("JSON");
            assert!(leaf.contains(&promise), "{leaf}");
        }
        assert_eq!(entry.personal().len(), 3);
    }

    #[test]
    fn every_value_has_a_salt_of_its_own() {
        let entropy = CountingEntropy::default();
        let record = Record::of(event(0), &entropy).and(event(1), &entropy);
        let personal = record.entries().flat_map(|entry| entry.personal().values());
        let salts: Vec<Salt> = personal.map(|(_, salt)| *salt).collect();
        let different: BTreeSet<&Salt> = salts.iter().collect();
        assert_eq!((salts.len(), different.len()), (6, 6), "{salts:?}");
        assert!(!salts.contains(&[0; SALT_BYTES]), "{salts:?}");
    }
}
