//! API keys, and the keys of the keyring that they are kept by.

use std::sync::Arc;

use rollcall_tests::{ManualClock, Service, TestDatabase, until};
use serde_json::json;
use time::Duration;

use crate::{
    api_keys::{make, path},
    tokens::{KNOWN, RING},
};

const OLD: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "2:IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test]
async fn asvs_13_3_4_what_the_keyring_of_a_node_does_not_open_is_among_its_metrics() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let before = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", OLD)]).await;
    let (grace, _) = before.sign_up(&Service::new_address("grace"), "Acme").await;
    make(&grace, json!({})).await;
    before.enrol(&grace).await;
    let without = Service::start_on(database, clock, &[("keys.ring", NEW)]).await;
    let metrics = async |node: &Service| node.operations().get("/metrics").await.expect(200).text;
    until("what it does not open to be counted", async || {
        let text = metrics(&without).await;
        let counted = [("sealed", 1), ("api_keys", 1), ("signing_keys", 3)];
        let told = |(kept, count): (&str, u8)| {
            text.contains(&format!("rollcall_keyring_unopened{{kept=\"{kept}\"}} {count}\n"))
        };
        counted.into_iter().all(told).then_some(())
    })
    .await;
    let whole = metrics(&before).await;
    for kept in ["sealed", "api_keys", "signing_keys"] {
        assert!(whole.contains(&format!("rollcall_keyring_unopened{{kept=\"{kept}\"}} 0\n")), "{whole}");
    }
}

#[tokio::test]
async fn asvs_13_3_4_a_key_that_is_used_moves_to_the_newest_key_of_the_keyring_and_the_old_one_can_go() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let before = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", OLD)]).await;
    let (grace, _) = before.sign_up(&Service::new_address("grace"), "Acme").await;
    let (_, used) = make(&grace, json!({})).await;
    let (id, replaced) = make(&grace, json!({})).await;
    let (_, unused) = make(&grace, json!({})).await;
    let (_, ended) = make(&grace, json!({"expires_at": "2026-03-02T00:00:00Z"})).await;
    let rotate = grace.post(&format!("{}/rotate", path(&id)), json!({"overlap_seconds": 604_800})).await;
    let newer = rotate.expect(200).text_at("/secret").to_owned();

    let both = format!("{NEW},{OLD}");
    let during = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", &both)]).await;
    let other = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", &both)]).await;
    assert_eq!(
        during.ring_in_use().await.lines.lines().collect::<Vec<_>>(),
        [
            "the key 1 is on the ring, and 5 API keys are kept by it until they are used",
            "the key 1 is on the ring, and seals what signs as access_token: `rollcall keys rotate access_token` makes another",
            "the key 1 is on the ring, and seals what signs as audit_checkpoint: `rollcall keys rotate audit_checkpoint` makes another",
            "the key 1 is on the ring, and seals what signs as live_grant: `rollcall keys rotate live_grant` makes another",
        ]
    );
    let kept = async || {
        let rows =
            database.rows("SELECT get_byte(secret_hash, 0) AS key FROM api_key_secrets ORDER BY 1").await;
        rows.iter().map(|row| row["key"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    // Looking at keys alone moves none; using them does, whichever node it is at, and both secrets of one that was replaced.
    assert_eq!(kept().await, [1, 1, 1, 1, 1]);
    for secret in [&used, &replaced, &newer] {
        for node in [&during, &other] {
            node.anonymous().with_token(secret).get("/v1/session").await.expect(200);
        }
    }
    until("the keys that were used to be kept by the new key", async || {
        (kept().await == [1, 1, 2, 2, 2]).then_some(())
    })
    .await;
    // They work on, at both, also where they are remembered as they were.
    for secret in [&used, &replaced, &newer] {
        for node in [&during, &other] {
            node.anonymous().with_token(secret).get("/v1/session").await.expect(200);
        }
    }
    clock.advance(Duration::days(2));
    during.anonymous().with_token(&ended).get("/v1/session").await.problem(401, "unauthenticated");
    assert_eq!(
        during.ring_in_use().await.lines.lines().next(),
        Some("the key 1 is on the ring, and 1 API keys are kept by it until they are used")
    );

    let after = Service::start_on(database.clone(), clock, &[("keys.ring", NEW)]).await;
    for secret in [&used, &replaced, &newer] {
        after.anonymous().with_token(secret).get("/v1/session").await.expect(200);
    }
    after.anonymous().with_token(&unused).get("/v1/session").await.problem(401, "unauthenticated");
    assert!(during.ring_in_use().await.is_whole);
    let ring = after.ring_in_use().await;
    let kept = "the key 1 is not on the ring, and 1 API keys that are kept by it cannot be used";
    assert_eq!(ring.lines.lines().next(), Some(kept));
    assert!(ring.lines.contains("does not open what signs as live_grant"), "{}", ring.lines);
    assert!(!ring.is_whole);
}

#[tokio::test]
async fn asvs_13_3_4_keys_work_on_after_the_keyring_was_rotated() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let service = Service::start_on(database, clock, &KNOWN).await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (_, secret) = make(&owner, json!({})).await;
    let (database, clock) = (service.database.clone(), service.clock.clone());
    service.stop().await;
    let new = "2:HxwdHB8aGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    let both = format!("{new},{RING}");
    let rotated = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", &both)]).await;
    for _ in 0..2 {
        rotated.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
    }
    let (_, newer) = make(&rotated.anonymous().with_token(owner.token()), json!({})).await;
    rotated.stop().await;
    let without = Service::start_on(database, clock, &[("keys.ring", new)]).await;
    // A node that stops writes down what it has not yet: the key has moved.
    without.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
    without.anonymous().with_token(&newer).get("/v1/session").await.expect(200);
}
