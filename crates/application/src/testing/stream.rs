//! What organizations were told, in memory.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use rollcall_domain::{EventId, OrganizationId, Permission};
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::Answer;
use crate::stream::{Heard, KeptNotice, StreamEvents, StreamPlace};

/// What was told.
#[derive(Default)]
pub(crate) struct StreamInMemory {
    kept: Mutex<Vec<(OrganizationId, KeptNotice)>>,
    heard: Notify,
}

impl StreamInMemory {
    /// Tells an organization something.
    pub(crate) fn tell(&self, organization: OrganizationId, permission: Permission) -> StreamPlace {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = all.iter().filter(|(of, _)| *of == organization).map(|(_, kept)| kept.sequence).max();
        let sequence = sequence.unwrap_or(0) + 1;
        let event = EventId::from_parts(sequence.unsigned_abs(), &[1; 10]);
        let data = format!("{{\"n\":{sequence}}}");
        let kept = KeptNotice {
            sequence,
            event,
            kind: "member.added".to_owned(),
            permission: Some(permission),
            data,
        };
        all.push((organization, kept));
        drop(all);
        self.heard.notify_one();
        StreamPlace { sequence, event: Some(event) }
    }

    fn of(&self, organization: OrganizationId) -> Vec<KeptNotice> {
        let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(of, _)| *of == organization).map(|(_, kept)| kept.clone()).collect()
    }
}

#[async_trait]
impl StreamEvents for StreamInMemory {
    async fn heard(&self, _: Duration) -> Heard {
        self.heard.notified().await;
        Heard::Anywhere
    }

    async fn head(&self, organization: OrganizationId) -> Answer<StreamPlace> {
        let last = self.of(organization).pop();
        Ok(last.map_or(StreamPlace::START, |kept| StreamPlace {
            sequence: kept.sequence,
            event: Some(kept.event),
        }))
    }

    async fn ahead(&self, of: &[(OrganizationId, i64)]) -> Answer<Vec<OrganizationId>> {
        let ahead = of.iter().filter(|(of, head)| self.of(*of).iter().any(|kept| kept.sequence > *head));
        Ok(ahead.map(|(of, _)| *of).collect())
    }

    async fn is_known(&self, organization: OrganizationId, place: StreamPlace) -> Answer<bool> {
        let all = self.of(organization);
        Ok(match place.event {
            None => all.first().is_none_or(|first| first.sequence == 1),
            Some(event) => all.iter().any(|kept| kept.sequence == place.sequence && kept.event == event),
        })
    }

    async fn after(
        &self,
        organization: OrganizationId,
        sequence: i64,
        at_most: u16,
    ) -> Answer<Vec<KeptNotice>> {
        let later = self.of(organization).into_iter().filter(|kept| kept.sequence > sequence);
        Ok(later.take(at_most.into()).collect())
    }

    async fn forget(&self, _: OffsetDateTime) -> Answer<u64> {
        Ok(0)
    }
}
