//! How long recordings are kept: as long as the plan says, beyond the keys of the ring that they were sealed under, and not beyond the end of
//! their organization.

use std::{collections::BTreeSet, sync::Arc};

use rollcall_domain::{OrganizationId, plans::Consent};
use rollcall_tests::{ManualClock, Service, Team, TestDatabase, until};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};
use time::{Duration, macros::datetime};

use crate::{
    calls::write,
    recordings::{events, files, nothing_left, play, put, recording, recording_with, switch, wav},
};

/// An organization whose two recordings and whose log retention has found to be too old for its plan (`pro`), and has taken nothing of yet,
/// when `change` is committed of its row. Nothing goes.
pub(crate) async fn kept_though_found(change: &str) -> (Service, Team) {
    // What may go of a log goes by the database's clock, too.
    let clock = ManualClock::at(datetime!(2020-01-01 00:00 UTC));
    let database = Arc::new(TestDatabase::create().await);
    let service = Service::start_on(database.clone(), clock.clone(), &[]).await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    switch(&team, "call_recording", true).await;
    for number in 0..2 {
        let call = write(team.owner(), &format!("CA{number}")).await;
        put(team.owner(), &call, &wav(1000, number)).await.expect(201);
    }
    let consent = Consent { disable_controls: true, accept_deletion: false };
    service.set_plan_here(&team.organization, "pro", consent).await.unwrap();
    database.all_sequenced().await;
    clock.advance(Duration::days(366));

    // The organization is locked as for every such change. Whoever holds nothing of it waits as well, at the calls and where it is noted
    // how far its log has been gone through.
    let organization = team.organization.parse::<OrganizationId>().unwrap().uuid();
    let mut changing = database.connect().await;
    let locks = format!(
        "BEGIN; SELECT FROM organizations WHERE org_id = '{organization}' FOR UPDATE;
         SELECT FROM calls WHERE org_id = '{organization}' FOR UPDATE;
         INSERT INTO audit_retention (org_id) VALUES ('{organization}')"
    );
    changing.execute(AssertSqlSafe(locks)).await.unwrap();
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut changing).await.unwrap();
    let directory = service.recordings();
    let store = [("recordings.store", directory.to_str().unwrap())];
    // Workers look as soon as they start.
    let node = Service::start_on_values(&service, &store).await;
    let waiting = format!("SELECT pid FROM pg_stat_activity WHERE {pid} = ANY (pg_blocking_pids(pid))");
    let mut waiters = BTreeSet::new();
    until("both kinds of retention wait", async || {
        let waiting = database.rows(&waiting).await;
        waiters.extend(waiting.iter().filter_map(|row| row["pid"].as_i64()));
        (waiters.len() >= 2).then_some(())
    })
    .await;
    let change =
        format!("UPDATE organizations SET {change}, version = version + 1 WHERE org_id = '{organization}'");
    changing.execute(AssertSqlSafe(format!("{change}; COMMIT"))).await.unwrap();
    // They finish what they are at.
    node.stop().await;

    let kept = format!("SELECT 1 AS one FROM recordings WHERE org_id = '{organization}' AND state = 'kept'");
    assert_eq!(database.rows(&kept).await.len(), 2);
    assert_eq!(files(&directory).len(), 2);
    assert!(events(&service, "recording.expired").await.is_empty());
    let taken = format!("SELECT cleared, removed FROM audit_retention WHERE org_id = '{organization}'");
    assert_eq!(database.rows(&taken).await, [json!({"cleared": 0, "removed": 0})]);
    (service, team)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_had_found_stays_once_its_organization_is_deleted_and_comes_back_with_it() {
    let deleted = "deleted_at = '2021-01-01T00:00Z', purge_at = '2021-02-01T00:00Z'";
    let (service, team) = kept_though_found(deleted).await;
    service.restore(&team.organization).await.unwrap();
    let owner = service.sign_in(team.email("owner")).await;
    let recorded = owner.get("/v1/calls?recording=true").await.expect(200);
    assert_eq!(recorded.list("data").len(), 2);
}

#[tokio::test]
async fn a_recording_that_has_outlived_its_plan_s_time_is_deleted_with_an_event() {
    let (service, team) = recording_with(&[("plans.enterprise.recording_retention_days", "400")]).await;
    let call = write(team.owner(), "CA1").await;
    put(team.owner(), &call, &wav(1000, 1)).await.expect(201);
    let directory = service.recordings();
    let later = async |days| {
        service.clock.advance(Duration::days(days));
        let values = [
            ("plans.enterprise.recording_retention_days", "400"),
            ("recordings.store", directory.to_str().unwrap()),
        ];
        // Workers look as soon as they start.
        Service::start_on_values(&service, &values).await
    };
    let early = later(399).await;
    assert_eq!(files(&directory).len(), 1);
    early.stop().await;
    // Kept for as long as the plan says, and no longer.
    let late = later(1).await;
    nothing_left(&directory).await;
    let expired =
        until("the event", async || events(&late, "recording.expired").await.into_iter().next()).await;
    assert!(expired["leaf"]["changes"].to_string().contains(&call), "{expired}");
    late.stop().await;
}

#[tokio::test]
async fn a_purged_organization_leaves_nothing_where_recordings_lie() {
    let (service, team) = recording().await;
    for number in 0..3 {
        let call = write(team.owner(), &format!("CA{number}")).await;
        put(team.owner(), &call, &wav(1000, number)).await.expect(201);
    }
    let directory = service.recordings();
    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    service.clock.advance(Duration::days(31));
    let values = [("recordings.store", directory.to_str().unwrap())];
    let later = Service::start_on_values(&service, &values).await;
    nothing_left(&directory).await;
    until("the keys go too", async || {
        service.database.rows("SELECT 1 AS one FROM organization_keys").await.is_empty().then_some(())
    })
    .await;
    // It is looked once more an hour after it was noted that it is gone, and then nothing is noted of it any more.
    until("what was to be removed is settled", async || {
        service.clock.advance(Duration::hours(2));
        service.database.rows("SELECT 1 AS one FROM recording_remains").await.is_empty().then_some(())
    })
    .await;
    later.stop().await;
}

#[tokio::test]
async fn asvs_13_3_4_recordings_outlive_the_keys_of_the_ring() {
    let key = |id: u8| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        format!("{id}:{}", STANDARD.encode([id; 32]))
    };
    let (old, both, new) = (key(1), format!("{},{}", key(2), key(1)), key(2));
    let (service, team) = recording_with(&[("keys.ring", &old)]).await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(1000, 1);
    put(team.owner(), &call, &sound).await.expect(201);
    let directory = service.recordings();
    let store = ("recordings.store", directory.to_str().unwrap());
    let rotating = Service::start_on_values(&service, &[store, ("keys.ring", &both)]).await;
    until("the organization's key is wrapped anew", async || {
        let rows = service.database.rows("SELECT get_byte(wrapped, 0) AS key FROM organization_keys").await;
        (rows[0]["key"] == 2).then_some(())
    })
    .await;
    rotating.stop().await;
    let after = Service::start_on_values(&service, &[store, ("keys.ring", &new)]).await;
    // Sessions are known by hashes, which need no key.
    let owner = after.anonymous().with_token(team.owner().token());
    assert_eq!(play(&owner, &call, &[]).await.2, sound);
}
