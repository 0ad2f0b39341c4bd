//! Looking up what many requests came in by at once.

use futures_util::future::join_all;
use rollcall_application::{api_keys::KeyHash, ports::Directory};
use rollcall_domain::{ApiKeyId, UserId, secret::TokenHash};
use rollcall_tests::{Service, Team, store_at};
use serde_json::json;
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
}
