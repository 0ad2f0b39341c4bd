use rollcall_application::webhooks::DeliveryHealth;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The state of deliveries.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryHealth)]
pub(in crate::v1) struct HealthObject {
    /// When something was last delivered, since it was chosen; null if nothing was.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = Option<String>)]
    last_sent_at: Option<OffsetDateTime>,
    /// When a delivery last failed, since it was chosen; null if none did. Mail counts once it is given up.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:03:05Z", value_type = Option<String>)]
    last_failed_at: Option<OffsetDateTime>,
    /// What went wrong then.
    #[schema(example = "it gives no answer in time")]
    last_error: Option<String>,
    /// Until when nothing is sent to a webhook, because it has kept everybody waiting without an answer; null when it is sent what is due.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:09:05Z", value_type = Option<String>)]
    paused_until: Option<OffsetDateTime>,
    /// How many deliveries wait to be sent. They are counted up to 10,000.
    #[schema(example = 12)]
    waiting: u32,
    /// How many deliveries were given up within ninety days, to whichever destination. They are counted up to 10,000.
    #[schema(example = 0)]
    given_up: u32,
}

impl From<DeliveryHealth> for HealthObject {
    fn from(health: DeliveryHealth) -> Self {
        let (last_failed_at, last_error) =
            health.last_failure.map(|failure| (failure.at, failure.error)).unzip();
        Self {
            last_sent_at: health.last_sent_at,
            last_failed_at,
            last_error,
            paused_until: health.paused_until,
            waiting: health.waiting,
            given_up: health.given_up,
        }
    }
}
