//! The keys that sign access tokens: made, published, taking turns, and kept where nobody reads them.

use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::signature::{Ed25519KeyPair, KeyPair};
use rollcall_tests::{Binary, ManualClock, Service, TestDatabase, until};
use serde_json::{Value, json};
use time::Duration;

use crate::tokens::{KNOWN, RING, access_token, published, read, seed, start, verified};

fn kids(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn asvs_13_3_4_keys_take_turns_and_nobody_meets_one_they_cannot_know() {
    let service = start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let other = Service::start_on(service.database.clone(), service.clock.clone(), &KNOWN).await;
    let before = published(&service.anonymous()).await;
    let first = access_token(&grace).await;

    let said = service.rotate_keys().await;
    let mut keys = Vec::new();
    // Every node notices without a restart.
    for node in [&service, &other] {
        keys = until("the new key is published", async || {
            Some(published(&node.anonymous()).await).filter(|keys| keys.len() == 2)
        })
        .await;
    }
    assert_eq!(keys[0], before[0]);
    let (old, new) = (kids(&keys)[0].to_owned(), kids(&keys)[1].to_owned());
    assert!(said.contains(&old) && said.contains(&new) && said.contains("2026-03-01T09:10:00Z"), "{said}");
    assert_ne!((&old, &keys[0]["x"]), (&new, &keys[1]["x"]));

    // For as long as others may go by the keys they have fetched, the old one signs.
    service.clock.advance(Duration::minutes(10) - Duration::SECOND);
    let last_of_old = access_token(&grace).await;
    assert_eq!(read(&last_of_old).0["kid"], old);
    service.clock.advance(Duration::SECOND);
    let first_of_new = access_token(&grace).await;
    assert_eq!(read(&first_of_new).0["kid"], new);
    for token in [&last_of_old, &first_of_new] {
        service.anonymous().with_token(token).get("/v1/session").await.expect(200);
        assert!(verified(token, &published(&service.anonymous()).await).is_some());
    }
    assert!(verified(&first, &keys).is_some());

    // The old one stays until nothing that it has signed is good.
    service.clock.advance(Duration::minutes(5) - Duration::seconds(2));
    service.anonymous().with_token(&last_of_old).get("/v1/session").await.expect(200);
    service.clock.advance(Duration::seconds(62));
    assert_eq!(kids(&published(&service.anonymous()).await), [new.as_str()]);
    assert_eq!(read(&access_token(&grace).await).0["kid"], new);
    // A node that starts forgets at once what is long over; others do now and then.
    let _third = Service::start_on(service.database.clone(), service.clock.clone(), &KNOWN).await;
    until("the old key is forgotten", async || {
        let rows = service.database.rows("SELECT kid FROM signing_keys WHERE purpose = 'access_token'").await;
        (rows == [json!({"kid": new})]).then_some(())
    })
    .await;
    let platform = service.audit_log(None).await;
    let of_keys: Vec<_> = platform.iter().filter(|(action, _)| action.starts_with("signing_key.")).collect();
    // One for each purpose, and the one that took over.
    let expected =
        ["signing_key.created", "signing_key.created", "signing_key.created", "signing_key.rotated"]
            .map(|action| (action.to_owned(), "success".to_owned()));
    assert_eq!(of_keys, expected.iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_one_key() {
    let database = Arc::new(TestDatabase::create().await);
    let clock = ManualClock::default();
    let nodes: Vec<Service> = futures_util::future::join_all(
        (0..4).map(|_| Service::start_on(database.clone(), clock.clone(), &KNOWN)),
    )
    .await;
    assert_eq!(database.rows("SELECT kid FROM signing_keys WHERE purpose = 'access_token'").await.len(), 1);
    let first = published(&nodes[0].anonymous()).await;
    for node in &nodes {
        assert_eq!(published(&node.anonymous()).await, first);
    }
    // Rotations at once follow each other.
    futures_util::future::join_all((0..16).map(|n| nodes[n % nodes.len()].rotate_keys())).await;
    let last = database
        .rows("SELECT kid FROM signing_keys WHERE purpose = 'access_token' AND retires_at IS NULL")
        .await;
    assert_eq!(last.len(), 1);
    assert_eq!(database.rows("SELECT kid FROM signing_keys WHERE purpose = 'access_token'").await.len(), 17);
}

#[tokio::test]
async fn asvs_13_3_1_private_keys_are_nowhere_in_clear() {
    let service = start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    access_token(&grace).await;
    let seed = seed(&service).await;
    let own = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let x = published(&service.anonymous()).await[0]["x"].as_str().unwrap().to_owned();
    assert_eq!(URL_SAFE_NO_PAD.encode(own.public_key()), x, "that is the private key");
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    let clear = [hex, STANDARD.encode(&seed), URL_SAFE_NO_PAD.encode(&seed)];
    for clear in &clear {
        assert_eq!(service.database.tables_with(clear).await, [""; 0]);
    }
    // Another keyring opens nothing: the node serves, and says that it cannot sign.
    let stranger = Service::start_on(service.database.clone(), service.clock.clone(), &[]).await;
    let same = stranger.anonymous().with_token(grace.token());
    same.get("/v1/session").await.expect(200);
    same.post("/v1/tokens", json!({})).await.problem(500, "internal_error");
    assert_eq!(published(&stranger.anonymous()).await, published(&service.anonymous()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_from_the_command_line() {
    let database = TestDatabase::create().await;
    let environment = [("ROLLCALL__DATABASE__URL", database.url()), ("ROLLCALL__KEYS__RING", RING)];
    let server = Binary::serve(&environment);
    let before = published(&server.anonymous()).await;
    let rotate = |environment: &[(&str, &str)]| {
        Binary::command(environment).args(["keys", "rotate"]).output().unwrap()
    };
    let rotated = rotate(&environment);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let after = until("the new key is published", async || {
        Some(published(&server.anonymous()).await).filter(|keys| keys.len() == 2)
    })
    .await;
    let said = String::from_utf8(rotated.stdout).unwrap();
    assert!(kids(&after).iter().all(|kid| said.contains(kid)) && after[0] == before[0], "{said}");
    // A keyring that opens nothing seals nothing that others would have to open.
    let other = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let refused = rotate(&[("ROLLCALL__DATABASE__URL", database.url()), ("ROLLCALL__KEYS__RING", other)]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("ROLLCALL__KEYS__RING"), "{said}");
    assert_eq!(database.rows("SELECT kid FROM signing_keys WHERE purpose = 'access_token'").await.len(), 2);
    server.terminate();
}
