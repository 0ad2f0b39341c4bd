//! The values of the configuration, as they stand in the files.

use std::{net::SocketAddr, path::PathBuf};

use rollcall_domain::secret::Secret;
use serde::{Deserialize, Deserializer, de::Error};

/// The values, as they stand in the files; `config/default.toml` explains each, once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Values {
    pub(crate) data_dir: PathBuf,
    pub(crate) http: HttpValues,
    pub(crate) database: DatabaseValues,
    pub(crate) email: EmailValues,
    pub(crate) keys: KeyValues,
    pub(crate) passwords: PasswordValues,
    pub(crate) security: SecurityValues,
    pub(crate) sessions: SessionValues,
    pub(crate) tokens: TokenValues,
    pub(crate) audit: AuditValues,
    pub(crate) webhooks: WebhookValues,
    pub(crate) stream: StreamValues,
    pub(crate) calls: CallValues,
    pub(crate) limits: LimitValues,
    pub(crate) recordings: RecordingValues,
    pub(crate) operator: OperatorValues,
    pub(crate) service: ServiceValues,
    pub(crate) plans: PlansValues,
    pub(crate) telemetry: TelemetryValues,
    pub(crate) log: LogValues,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpValues {
    #[serde(deserialize_with = "address")]
    pub(crate) address: SocketAddr,
    #[serde(deserialize_with = "address")]
    pub(crate) operations_address: SocketAddr,
    pub(crate) public_url: String,
    pub(crate) trusted_proxies: String,
    pub(crate) body_limit_bytes: usize,
    pub(crate) timeout_seconds: u64,
    pub(crate) shutdown_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseValues {
    #[serde(deserialize_with = "secret")]
    pub(crate) url: Secret,
    #[serde(deserialize_with = "secret")]
    pub(crate) pooler_url: Secret,
    #[serde(deserialize_with = "secret")]
    pub(crate) replica_url: Secret,
    #[serde(deserialize_with = "secret")]
    pub(crate) migration_url: Secret,
    pub(crate) migrate_on_start: bool,
    pub(crate) max_connections: u32,
    pub(crate) acquire_timeout_seconds: u64,
    pub(crate) statement_timeout_seconds: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookValues {
    pub(crate) anywhere: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamValues {
    pub(crate) at_once: usize,
    pub(crate) at_once_of_one_organization: u32,
    pub(crate) at_once_of_one: u32,
    pub(crate) heartbeat_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailValues {
    #[serde(deserialize_with = "secret")]
    pub(crate) smtp_url: Secret,
    pub(crate) from: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyValues {
    #[serde(deserialize_with = "secret")]
    pub(crate) ring: Secret,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordValues {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
    #[serde(deserialize_with = "secret")]
    pub(crate) pepper: Secret,
    pub(crate) at_once: usize,
    pub(crate) patience_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecurityValues {
    pub(crate) totp_issuer: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionValues {
    pub(crate) idle_hours: u32,
    pub(crate) absolute_days: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenValues {
    pub(crate) audience: String,
    pub(crate) lifetime_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditValues {
    pub(crate) origin: String,
    pub(crate) platform_days: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallValues {
    pub(crate) transcript_limit_bytes: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitValues {
    pub(crate) enabled: bool,
    pub(crate) requests: u32,
    pub(crate) requests_per_seconds: u32,
    pub(crate) attempts: u32,
    pub(crate) attempts_per_seconds: u32,
    pub(crate) service_requests: u32,
    pub(crate) service_requests_per_seconds: u32,
    pub(crate) invitations_per_inviter: u32,
    pub(crate) invitations_per_organization: u32,
    pub(crate) signups_per_address: u32,
    pub(crate) password_resets_per_address: u32,
    pub(crate) password_attempts: u32,
    pub(crate) password_attempt_seconds: u32,
    pub(crate) network_password_attempts: u32,
    pub(crate) network_password_attempt_seconds: u32,
    pub(crate) email_changes_per_account: u32,
    pub(crate) api_keys_per_organization: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordingValues {
    pub(crate) store: String,
    pub(crate) s3_endpoint: String,
    pub(crate) s3_region: String,
    pub(crate) s3_access_key_id: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) s3_secret_access_key: Secret,
    pub(crate) limit_bytes: u64,
    pub(crate) at_once: usize,
    pub(crate) at_once_of_one_organization: usize,
    pub(crate) slowest_bytes_per_second: u64,
    pub(crate) silence_seconds: u32,
    pub(crate) grace_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorValues {
    #[serde(deserialize_with = "secret")]
    pub(crate) token: Secret,
    pub(crate) contact: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceValues {
    #[serde(deserialize_with = "secret")]
    pub(crate) token: Secret,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogValues {
    pub(crate) level: String,
    pub(crate) format: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TelemetryValues {
    pub(crate) otlp_endpoint: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) otlp_authorization: Secret,
    pub(crate) sampling_ratio: f64,
}

/// `config/plans.toml` explains each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlansValues {
    pub(crate) free: PlanValues,
    pub(crate) pro: PlanValues,
    pub(crate) enterprise: PlanValues,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanValues {
    pub(crate) call_recording: bool,
    pub(crate) phi_protection: bool,
    pub(crate) end_to_end_encryption: bool,
    pub(crate) audit_log: bool,
    pub(crate) seats: u32,
    pub(crate) api_keys: u32,
    pub(crate) audit_retention_days: u32,
    pub(crate) recording_retention_days: u32,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// What is said of a text that is not an address.
pub(crate) const ADDRESS: &str = "must be an address and a port, like 127.0.0.1:8080";

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom(ADDRESS))
}
