//! The service's own store, for tests that work with it directly.

use std::{sync::Arc, time::Duration};

use rollcall_adapter_postgres::{ConnectionSettings, PgStore};
use rollcall_domain::secret::Secret;
use rollcall_server::SystemEntropy;

/// The settings of a store on the database at `url`.
pub fn connection_settings(url: &str, max_connections: u32) -> ConnectionSettings {
    ConnectionSettings {
        url: Secret::new(url),
        pooler_url: None,
        replica_url: None,
        max_connections,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
    }
}

/// A store on the database at `url`.
pub async fn store_at(url: &str, max_connections: u32) -> PgStore {
    PgStore::connect(&connection_settings(url, max_connections), Arc::new(SystemEntropy)).await.unwrap()
}
