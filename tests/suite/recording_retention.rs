//! How long recordings are kept: as long as the plan says, beyond the keys of the ring that they were sealed under, and not beyond the end of
//! their organization.

use rollcall_tests::{Service, until};
use serde_json::json;
use time::Duration;

use crate::{
    calls::write,
    recordings::{events, files, nothing_left, play, put, recording, recording_with, wav},
};

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
    // It is looked once more after an hour, and then nothing is noted of it any more.
    service.clock.advance(Duration::hours(2));
    until("what was to be removed is settled", async || {
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
