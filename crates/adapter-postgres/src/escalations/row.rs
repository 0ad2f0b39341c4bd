//! From columns to escalations.

use rollcall_application::{escalations::ShownEscalation, ports::StoreError};
use rollcall_domain::{
    CallId, EscalationId, UserId,
    availability::Skills,
    escalations::{Escalation, EscalationStatus, Hold, Priority},
    secret::TokenHash,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::corrupt,
    row::{count, moment, value},
};

pub(super) struct EscalationRow {
    pub(super) escalation_id: Uuid,
    pub(super) call_id: Uuid,
    pub(super) reason: String,
    pub(super) priority: i16,
    pub(super) skills: Vec<String>,
    pub(super) status: String,
    pub(super) callback: bool,
    pub(super) agent: Option<Uuid>,
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) offered_to: Option<i64>,
    pub(super) lease_hash: Option<Vec<u8>>,
    pub(super) fence: i64,
    pub(super) claimed_at: Option<OffsetDateTime>,
    pub(super) waits_until: OffsetDateTime,
    pub(super) created_at: OffsetDateTime,
    pub(super) ended_at: Option<OffsetDateTime>,
    pub(super) version: i32,
}

impl TryFrom<EscalationRow> for Escalation {
    type Error = StoreError;

    fn try_from(row: EscalationRow) -> Result<Self, StoreError> {
        let hold = match (row.expires_at.map(moment), row.offered_to, row.lease_hash) {
            (None, None, None) => None,
            (Some(until), Some(generation), None) => Some(Hold::Offer { generation, until }),
            (Some(until), None, Some(hash)) => {
                let token = TokenHash(hash.as_slice().try_into().map_err(corrupt)?);
                Some(Hold::Lease { token, until })
            }
            _ => return Err(corrupt("an escalation is held in no way that there is")),
        };
        Ok(Self {
            id: EscalationId::from_uuid(row.escalation_id),
            call: CallId::from_uuid(row.call_id),
            reason: value(&row.reason)?,
            priority: Priority::new(row.priority.into()).map_err(corrupt)?,
            skills: Skills::new(&row.skills).map_err(corrupt)?,
            status: value(&row.status)?,
            callback: row.callback,
            agent: row.agent.map(UserId::from_uuid),
            hold,
            fence: row.fence,
            claimed_at: row.claimed_at.map(moment),
            waits_until: moment(row.waits_until),
            created_at: moment(row.created_at),
            ended_at: row.ended_at.map(moment),
            version: row.version,
        })
    }
}

pub(super) struct ShownRow {
    pub(super) escalation_id: Uuid,
    pub(super) call_id: Uuid,
    pub(super) reason: String,
    pub(super) priority: i16,
    pub(super) skills: Vec<String>,
    pub(super) status: String,
    pub(super) callback: bool,
    pub(super) agent: Option<Uuid>,
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) offered_to: Option<i64>,
    pub(super) lease_hash: Option<Vec<u8>>,
    pub(super) fence: i64,
    pub(super) claimed_at: Option<OffsetDateTime>,
    pub(super) waits_until: OffsetDateTime,
    pub(super) created_at: OffsetDateTime,
    pub(super) ended_at: Option<OffsetDateTime>,
    pub(super) version: i32,
    pub(super) position: i64,
}

impl ShownRow {
    pub(super) fn shown(self, now: OffsetDateTime) -> Result<ShownEscalation, StoreError> {
        let position = count(self.position)?;
        let row = EscalationRow {
            escalation_id: self.escalation_id,
            call_id: self.call_id,
            reason: self.reason,
            priority: self.priority,
            skills: self.skills,
            status: self.status,
            callback: self.callback,
            agent: self.agent,
            expires_at: self.expires_at,
            offered_to: self.offered_to,
            lease_hash: self.lease_hash,
            fence: self.fence,
            claimed_at: self.claimed_at,
            waits_until: self.waits_until,
            created_at: self.created_at,
            ended_at: self.ended_at,
            version: self.version,
        };
        let escalation = Escalation::try_from(row)?.seen_at(now);
        let position = (escalation.status == EscalationStatus::Waiting).then_some(position);
        Ok(ShownEscalation { escalation, position, at: now })
    }
}
