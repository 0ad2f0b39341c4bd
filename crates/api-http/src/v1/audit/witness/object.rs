use rollcall_application::{
    Asks,
    audit::witness::{ShownWitness, WitnessChoice},
    webhooks::ShownDelivery,
};
use rollcall_domain::{UserId, audit::witness::Witness, id::DeliveryId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::v1::webhooks::HealthObject;

/// Who is sent the checkpoints of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = Witness)]
pub(in crate::v1) struct WitnessObject {
    /// `mail` or `webhook`.
    #[serde(rename = "type")]
    #[schema(example = "webhook")]
    kind: &'static str,
    /// The address; null for a webhook.
    #[schema(example = "auditor@example.com")]
    email: Option<String>,
    /// The URL; null for an address.
    #[schema(example = "https://example.com/hooks/rollcall")]
    url: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    set_at: OffsetDateTime,
    /// By whom; null once they have left.
    #[schema(value_type = Option<String>, example = "user_01h455vb4pex5vsknk084sn02q")]
    set_by: Option<UserId>,
    /// When the next checkpoint is due.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-03T03:04:05Z", value_type = String)]
    next_at: OffsetDateTime,
    /// The state of what it is sent.
    health: HealthObject,
    /// The last 30 checkpoints that were to be sent, the newest first, those to earlier witnesses among them.
    deliveries: Vec<DeliveryObject>,
}

/// A checkpoint that was to be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = WitnessDelivery)]
struct DeliveryObject {
    /// A webhook gets it as `webhook-id`.
    #[schema(value_type = String, example = "delivery_01h455vb4pex5vsknk084sn02q")]
    id: DeliveryId,
    /// How many events the checkpoint is about.
    #[schema(example = 20852)]
    size: u64,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    /// `queued`, `sent`, `failed` once it is given up, or `moot` when there was another witness by then.
    #[schema(example = "sent")]
    state: &'static str,
    /// How often it was tried.
    #[schema(example = 1)]
    attempts: u16,
    /// When it was sent or given up; null while it waits.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:06Z", value_type = Option<String>)]
    settled_at: Option<OffsetDateTime>,
    /// What went wrong the last time.
    #[schema(example = "it answered with status 500")]
    error: Option<String>,
}

/// A witness that was just chosen.
#[derive(Serialize, ToSchema)]
pub(super) struct ChosenWitness {
    #[serde(flatten)]
    witness: WitnessObject,
    /// The secret that messages to a webhook are signed with (Standard Webhooks), shown at this moment only; null for an address.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
}

impl From<ShownDelivery> for DeliveryObject {
    fn from(delivery: ShownDelivery) -> Self {
        Self {
            id: delivery.id,
            size: delivery.size.unwrap_or_default(),
            created_at: delivery.at,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            settled_at: delivery.settled_at,
            error: delivery.error,
        }
    }
}

impl From<ShownWitness> for WitnessObject {
    fn from(ShownWitness { kept, health, deliveries }: ShownWitness) -> Self {
        let (email, url) = match &kept.witness {
            Witness::Mail(address) => (Some(address.to_string()), None),
            Witness::Webhook(url) => (None, Some(url.to_string())),
        };
        Self {
            kind: kept.witness.kind(),
            email,
            url,
            set_at: kept.set_at,
            set_by: kept.set_by,
            next_at: kept.next_at,
            health: health.into(),
            deliveries: deliveries.into_iter().map(DeliveryObject::from).collect(),
        }
    }
}

impl From<WitnessChoice> for ChosenWitness {
    fn from(WitnessChoice { shown, secret }: WitnessChoice) -> Self {
        Self { witness: shown.into(), secret: secret.map(|secret| secret.expose().to_owned()) }
    }
}

/// What the witness is called in entity tags: what becomes of what is sent to it makes another tag, with which it can still be changed.
pub(super) fn tag_name(who: &impl Asks) -> String {
    let organization = who.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.witness")
}
