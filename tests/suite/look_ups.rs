//! Looking up what many requests came in by at once.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use rollcall_adapter_postgres::{ConnectionSettings, PgStore};
use rollcall_application::{
    PageRequest,
    api_keys::KeyHash,
    members::Teams,
    ports::{Directory, StoreError},
};
use rollcall_domain::{
    ApiKeyId, OrganizationId, UserId,
    secret::{Secret, TokenHash},
};
use rollcall_server::SystemEntropy;
use rollcall_tests::{Service, Team, TestDatabase, connection_settings, store_at, until};
use serde_json::json;
use sqlx::Connection;
use uuid::Uuid;

use crate::api_keys::make;

#[tokio::test]
async fn attack_1_whoever_is_looked_up_together_with_others_is_nobody_else() {
    let service = Service::start().await;
    for name in ["Ours", "Theirs"] {
        let team = Team::assemble(&service, name).await;
        make(team.owner(), json!({})).await;
        make(team.owner(), json!({})).await;
    }
    let store = store_at(service.database.url(), 2).await;
    let mut connection = service.database.connect().await;
    let sessions: Vec<(Vec<u8>, Uuid, Option<Uuid>)> =
        sqlx::query_as("SELECT token_hash, user_id, org_id FROM sessions")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let keys: Vec<(Vec<u8>, Uuid, Uuid)> =
        sqlx::query_as("SELECT secret_hash, key_id, org_id FROM api_key_secrets")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert!(sessions.len() >= 10 && keys.len() == 4, "{} and {}", sessions.len(), keys.len());

    // Everybody several times, and now and then what opens nothing.
    let asked = (0..200).map(async |n: usize| {
        let (hash, user, organization) = &sessions[n % sessions.len()];
        let token = TokenHash(hash.as_slice().try_into().unwrap());
        let found = store.session_afresh(token).await.unwrap().unwrap();
        assert_eq!(found.session.user, UserId::from_uuid(*user));
        assert_eq!(found.user.id, found.session.user);
        assert_eq!(found.session.organization.map(|id| id.uuid()), *organization);
        assert_eq!(found.seat.map(|(seat, _)| seat.id.uuid()), *organization);
        if n.is_multiple_of(3) {
            assert!(store.session_afresh(TokenHash([n as u8; 32])).await.unwrap().is_none());
        }
    });
    join_all(asked).await;

    let asked = (0..200).map(async |n: usize| {
        let (hash, key, organization) = &keys[n % keys.len()];
        let (kept, other) = (KeyHash(hash.as_slice().try_into().unwrap()), KeyHash([n as u8; 33]));
        // Under whichever of the ring's keys it is kept.
        let hashes = if n.is_multiple_of(2) { vec![kept, other] } else { vec![other, kept] };
        let found = store.api_key_afresh(&hashes).await.unwrap().unwrap();
        assert_eq!(found.key.id, ApiKeyId::from_uuid(*key));
        assert_eq!(found.organization.id.uuid(), *organization);
        if n.is_multiple_of(3) {
            assert!(store.api_key_afresh(&[other]).await.unwrap().is_none());
        }
    });
    join_all(asked).await;

    let members: Vec<(Uuid, Uuid, String)> =
        sqlx::query_as("SELECT org_id, user_id, role FROM members ORDER BY joined_at, user_id")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let asked = (0..200).map(async |n: usize| {
        let (organization, user, role) = &members[n % members.len()];
        let elsewhere = members.iter().map(|(other, ..)| other).find(|other| *other != organization).unwrap();
        let user = UserId::from_uuid(*user);
        let seat = store.seat(OrganizationId::from_uuid(*organization), user).await.unwrap().unwrap();
        assert_eq!(seat.role.as_str(), role);
        assert_eq!(store.seat(OrganizationId::from_uuid(*elsewhere), user).await.unwrap(), None);
    });
    join_all(asked).await;

    // Whole teams, page by page, and now and then that of no organization.
    let asked = (0..100).map(async |n: usize| {
        let (organization, ..) = members[n % members.len()];
        let (id, limit) = (OrganizationId::from_uuid(organization), 1 + (n % 4) as u16);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.page(id, &PageRequest { limit, after }).await.unwrap();
            assert!(page.entries.len() <= limit.into());
            seen.extend(page.entries.iter().map(|member| member.membership.user.uuid()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let team = members.iter().filter(|(other, ..)| *other == organization);
        assert_eq!(seen, team.map(|(_, user, _)| *user).collect::<Vec<_>>());
        if n.is_multiple_of(3) {
            let nowhere = OrganizationId::from_uuid(Uuid::from_u128(n as u128));
            let page = store.page(nowhere, &PageRequest { limit, after: None }).await.unwrap();
            assert!(page.entries.is_empty() && page.next.is_none());
        }
    });
    join_all(asked).await;
}

/// A look-up of a session takes longer than anybody waits for it, on the only connection that there may be.
pub(crate) async fn left_look_ups_keep_no_connection(database: &TestDatabase, pooler_url: Option<Secret>) {
    // A look-up waits for locks for longer than the database would let it otherwise, and a statement may take as long.
    database.execute("ALTER FUNCTION directory_session(bytea) SET lock_timeout = '10min'").await;
    let settings = ConnectionSettings {
        pooler_url,
        acquire_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(600),
        ..connection_settings(database.url(), 1)
    };
    let store = PgStore::connect(&settings, Arc::new(SystemEntropy)).await.unwrap();
    let mut holder = database.connect().await;
    let mut transaction = holder.begin().await.unwrap();
    sqlx::query("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.unwrap();
    let late = store.session_afresh(TokenHash([7; 32])).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");

    until("its connection is in use no more", async || (store.connections().used == 0).then_some(())).await;
    // Whoever needs one for something else gets one, and is held up by nothing.
    assert!(store.api_key_afresh(&[KeyHash([7; 33])]).await.unwrap().is_none());
    let waits = "SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("the database gives it up", async || database.rows(waits).await.is_empty().then_some(())).await;
    transaction.rollback().await.unwrap();
    assert!(store.session_afresh(TokenHash([7; 32])).await.unwrap().is_none());
}

#[tokio::test]
async fn a_look_up_that_is_left_keeps_no_connection() {
    left_look_ups_keep_no_connection(&TestDatabase::create().await, None).await;
}
