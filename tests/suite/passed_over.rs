//! What somebody holds, and whom a round of regular work has passed over, keeps nobody else waiting.

use rollcall_application::{
    accounts::Erasures,
    audit::{Retention, RetentionTimes},
    recordings::Remains,
};
use rollcall_domain::{OrganizationId, organizations::Plan};
use rollcall_tests::{TestDatabase, store_at};
use serde_json::json;
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-03-01 09:00 UTC);

fn organization(number: u128) -> OrganizationId {
    OrganizationId::from_uuid(Uuid::from_u128(number))
}

/// Three organizations, and what else these statements make.
async fn database_with(statements: &str) -> TestDatabase {
    let database = TestDatabase::create().await;
    let organizations = "
        SET session_replication_role = replica;
        INSERT INTO organizations (org_id, name, slug, plan, created_at)
        SELECT lpad(n::text, 32, '0')::uuid, 'Acme', 'acme-' || n, 'pro', '2020-01-01' FROM generate_series(1, 3) n;";
    database.execute(&[organizations, statements].concat()).await;
    database
}

#[tokio::test]
async fn logs_that_are_passed_over_take_no_place_of_others() {
    let leaves = "INSERT INTO audit_leaves (org_id, idx, event_id, occurred_at)
                  SELECT org_id, 0, gen_random_uuid(), '2020-01-01' FROM organizations WHERE slug <> 'acme-3'";
    let database = database_with(leaves).await;
    let store = store_at(database.url(), 1).await;
    let before = datetime!(2022-01-01 00:00 UTC);
    let kept = RetentionTimes { clear_before: before, remove_before: before };
    let mut passed_over: Vec<OrganizationId> = Vec::new();
    for _ in 0..2 {
        let due = Retention::due(&store, Plan::Pro, kept, &passed_over, 1).await.unwrap();
        passed_over.extend(due);
    }
    passed_over.sort();
    assert_eq!(passed_over, [organization(1), organization(2)]);
    assert!(Retention::due(&store, Plan::Pro, kept, &passed_over, 1).await.unwrap().is_empty());
    store.close().await;
}

#[tokio::test]
async fn recordings_of_an_organization_that_is_passed_over_take_no_place_of_others() {
    let recordings = "
        INSERT INTO recordings (org_id, recording_id, call_id, state, resumable, wrapped_key, manifest, length, kept_at, version)
        SELECT lpad(o.number::text, 32, '0')::uuid, gen_random_uuid(), gen_random_uuid(), 'kept', false, '', '', 1, '2020-01-01', 1
          FROM (VALUES (1, 60), (2, 1)) o (number, recordings), generate_series(1, o.recordings)";
    let database = database_with(recordings).await;
    let store = store_at(database.url(), 1).await;
    let outlived = async |but: &[OrganizationId]| {
        let found = store.outlived(Plan::Pro, NOW, but, 50).await.unwrap();
        found.into_iter().map(|(organization, ..)| organization).collect::<Vec<_>>()
    };
    assert_eq!(outlived(&[]).await.len(), 50);
    assert_eq!(outlived(&[organization(1)]).await, [organization(2)]);
    store.close().await;
}

#[tokio::test]
async fn an_upload_that_somebody_holds_is_given_up_afterwards_and_keeps_no_other() {
    // The second organization is suspended, and of the third nothing has run out.
    let uploads = "
        INSERT INTO recordings (org_id, recording_id, call_id, state, resumable, wrapped_key, manifest, expires_at, version)
        SELECT lpad(u.number::text, 32, '0')::uuid, md5(u.name)::uuid, md5(u.name)::uuid, 'upload', false, '', '', u.expires_at, 1
          FROM (VALUES (1, 'held', timestamptz '2026-02-01'), (1, 'free', '2026-02-01'), (2, 'suspended', '2026-02-01'),
                       (3, 'new', '2026-04-01')) u (number, name, expires_at);
        UPDATE organizations SET suspended_at = '2026-02-01' WHERE slug = 'acme-2'";
    let database = database_with(uploads).await;
    let store = store_at(database.url(), 1).await;
    let held = database
        .open_transaction("SELECT FROM recordings WHERE recording_id = md5('held')::uuid FOR UPDATE")
        .await;
    assert_eq!(store.uploads_expired(NOW, &[], 10).await.unwrap(), [organization(1)]);
    assert!(store.uploads_expired(NOW, &[organization(1)], 10).await.unwrap().is_empty());
    for (number, given_up) in [(1, 1), (2, 0), (3, 0)] {
        assert_eq!(store.expire_uploads(organization(number), NOW).await.unwrap(), given_up, "{number}");
    }
    held.roll_back().await;
    assert_eq!(store.expire_uploads(organization(1), NOW).await.unwrap(), 1);
    assert!(store.uploads_expired(NOW, &[], 10).await.unwrap().is_empty());
    let remains = "SELECT count(*) AS n FROM recording_remains";
    assert_eq!(database.rows(remains).await, [json!({"n": 2})], "what was there is removed");
    store.close().await;
}

#[tokio::test]
async fn an_erasure_that_is_put_off_comes_behind_all_others_that_are_due() {
    let erasures = "
        INSERT INTO erasures (user_id, account, invitations, addresses, ended_at, due_at, turn_at)
        SELECT md5(e.account)::uuid, e.account, '{}', '{}', '2020-01-01', e.due_at, e.turn_at
          FROM (VALUES ('later', timestamptz '2026-04-01', timestamptz '2020-01-01'), ('first', '2026-02-01', '2020-01-02'),
                       ('second', '2026-02-01', '2020-01-03'), ('third', '2026-02-01', '2020-01-04')) e (account, due_at, turn_at)";
    let database = database_with(erasures).await;
    let store = store_at(database.url(), 1).await;
    let turns = async || {
        let turns = database.rows("SELECT account FROM erasures ORDER BY turn_at").await;
        turns.iter().map(|row| row["account"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    store.put_off(NOW).await.unwrap();
    assert_eq!(turns().await, ["later", "second", "third", "first"]);
    // Another node is at the next one, so it is the one behind it that did not work.
    let held = database.open_transaction("SELECT FROM erasures WHERE account = 'second' FOR UPDATE").await;
    store.put_off(NOW).await.unwrap();
    held.roll_back().await;
    assert_eq!(turns().await, ["later", "second", "first", "third"]);
    store.close().await;
}
