use rollcall_application::{
    Asks,
    webhooks::{ShownDelivery, ShownWebhook, WebhookChoice},
};
use rollcall_domain::{UserId, id::DeliveryId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::HealthObject;

/// The webhook for escalated calls.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(in crate::v1) struct WebhookObject {
    /// The URL.
    #[schema(example = "https://example.com/hooks/rollcall")]
    url: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    set_at: OffsetDateTime,
    /// By whom; null once they have left.
    #[schema(value_type = Option<String>, example = "user_01h455vb4pex5vsknk084sn02q")]
    set_by: Option<UserId>,
    /// The state of what it is sent.
    health: HealthObject,
    /// The last 30 events that were to be sent, the newest first, those to earlier webhooks among them.
    deliveries: Vec<DeliveryObject>,
}

/// An event that was to be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
struct DeliveryObject {
    /// The webhook gets it as `webhook-id`.
    #[schema(value_type = String, example = "delivery_01h455vb4pex5vsknk084sn02q")]
    id: DeliveryId,
    /// The type of the event.
    #[serde(rename = "type")]
    #[schema(example = "escalation.created")]
    kind: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    /// `queued`, `sent`, `failed` once it is given up, or `moot` when there was another webhook by then.
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

/// A webhook that was just chosen.
#[derive(Serialize, ToSchema)]
pub(super) struct ChosenWebhook {
    #[serde(flatten)]
    webhook: WebhookObject,
    /// The secret that messages are signed with (Standard Webhooks), shown at this moment only.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl From<ShownDelivery> for DeliveryObject {
    fn from(delivery: ShownDelivery) -> Self {
        Self {
            id: delivery.id,
            kind: delivery.kind,
            created_at: delivery.at,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            settled_at: delivery.settled_at,
            error: delivery.error,
        }
    }
}

impl From<ShownWebhook> for WebhookObject {
    fn from(ShownWebhook { kept, health, deliveries }: ShownWebhook) -> Self {
        let deliveries = deliveries.into_iter().map(DeliveryObject::from).collect();
        let (set_at, set_by) = (kept.set_at, kept.set_by);
        Self { url: kept.url.to_string(), set_at, set_by, health: health.into(), deliveries }
    }
}

impl From<WebhookChoice> for ChosenWebhook {
    fn from(WebhookChoice { shown, secret }: WebhookChoice) -> Self {
        Self { webhook: shown.into(), secret: secret.expose().to_owned() }
    }
}

/// What the webhook is called in entity tags: what becomes of what is sent to it makes another tag, with which it can still be changed.
pub(super) fn tag_name(who: &impl Asks) -> String {
    let organization = who.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.webhook")
}
