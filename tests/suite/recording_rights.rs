//! Uploads and downloads that run while the right to them goes, or what they are of: they end, give back their place and leave nothing.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::{Value, json};
use time::Duration as Time;
use tokio::sync::mpsc::{Sender, channel};

use crate::{
    api_keys::{make, path as key_path},
    calls::write,
    mfa_rule::{deadline, require},
    recordings::{
        begin_to_play, breaks_off, events, files, heard_until_it_breaks_off, nothing_left, path, play, put,
        recording, recording_with, switch, switch_on, wav,
    },
};

const MIB: usize = 1 << 20;
/// Longer than anything here, on any machine.
const AS_LONG_AS_IT_TAKES: Duration = Duration::from_secs(3_600);

/// An upload that runs for as long as it is held.
struct Running {
    answer: tokio::task::JoinHandle<Answer>,
    sender: Sender<Result<Vec<u8>, std::io::Error>>,
}

impl Running {
    /// Begins to send a sound, as far as it goes.
    async fn begin(caller: &Caller, call: &str, sound: &[u8], headers: &[(&str, &str)]) -> Self {
        let (sender, receiver) = channel(1);
        let stream = futures_util::stream::unfold(receiver, async |mut receiver| {
            let next = tokio::sync::mpsc::Receiver::recv(&mut receiver).await?;
            Some((next, receiver))
        });
        let request = caller.request(Method::PUT, &path(call)).body(reqwest::Body::wrap_stream(stream));
        // It runs for as long as the test has it, and not as long as an answer is usually waited for.
        let request = request.timeout(AS_LONG_AS_IT_TAKES);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = tokio::spawn(Answer::of(request));
        sender.send(Ok(sound.to_vec())).await.unwrap();
        Self { answer, sender }
    }

    /// What it is answered, though nothing more comes.
    async fn answered(self) -> Answer {
        let answer = self.answer.await.unwrap();
        drop(self.sender);
        answer
    }

    /// What it is answered once the rest has come.
    async fn end(self, rest: &[u8]) -> Answer {
        // Whoever was answered takes no more.
        let _ = self.sender.send(Ok(rest.to_vec())).await;
        drop(self.sender);
        self.answer.await.unwrap()
    }
}

/// Waits until something of so many recordings lies there.
async fn coming_in(service: &Service, recordings: usize) {
    until("some of each is there", async || {
        let mut directories: Vec<_> = files(&service.recordings())
            .into_iter()
            .filter_map(|file| file.parent().map(std::path::Path::to_owned))
            .collect();
        directories.dedup();
        (directories.len() == recordings).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_9_an_upload_that_waits_ends_with_the_right_to_it_and_gives_its_place_to_another() {
    // It waits for as long as the machine takes for all of this.
    let values = [("recordings.at_once_of_one_organization", "1"), ("recordings.silence_seconds", "120")];
    let service = Service::start_with(&values).await;
    let cases = [
        ("the key is revoked", 401, "unauthenticated"),
        ("its secret has ended", 401, "unauthenticated"),
        ("the key may not write calls any more", 403, "permission_denied"),
        ("the organization is suspended", 403, "suspended"),
        ("recording is switched off", 409, "call_recording_disabled"),
        ("the call is encrypted from end to end", 409, "media_key_required"),
        ("the member is removed", 401, "unauthenticated"),
        ("the session is over", 401, "unauthenticated"),
        ("a second factor was due", 403, "mfa_required"),
        ("nothing", 0, ""),
    ];
    let sound = wav(2 * MIB, 1);
    // All of them are there before the first begins to send: it says nothing more after that.
    let mut teams = Vec::new();
    for number in 0..cases.len() {
        let team = Team::assemble(&service, &format!("Team {number}")).await;
        switch_on(&service, &team, &["call_recording"]).await;
        let (id, secret) = make(team.owner(), json!({"scopes": ["calls:write"]})).await;
        let call = write(team.owner(), "CA1").await;
        // Of those who sign in, only Owners write calls; this one goes, and the other stays.
        let admin = format!("/v1/members/{}", team.id("admin"));
        team.owner().patch(&admin, json!({"role": "owner"})).await.expect(200);
        teams.push((team, id, secret, call));
    }
    let mut running = Vec::new();
    for (number, ((what, ..), (team, id, secret, call))) in cases.iter().zip(teams).enumerate() {
        let caller = match *what {
            "the member is removed" | "the session is over" | "a second factor was due" => {
                team.caller("admin").clone()
            }
            _ => service.anonymous().with_token(&secret),
        };
        // One that may be gone on with is kept no more than any other. The last is whole, and comes to its end.
        let headers: &[_] = if number % 2 == 0 || *what == "nothing" {
            &[]
        } else {
            &[("Content-Range", "bytes 0-9999999/10000000")]
        };
        let upload = Running::begin(&caller, &call, &sound, headers).await;
        running.push((team, id, call, caller, upload));
    }
    coming_in(&service, cases.len()).await;
    for ((what, ..), (team, id, call, caller, _)) in cases.iter().zip(&running) {
        let owner = team.owner();
        put(owner, call, &sound).await.problem(429, "rate_limited");
        match *what {
            "the key is revoked" => drop(owner.delete(&key_path(id)).await.expect(204)),
            "its secret has ended" => {
                let rotate = json!({"overlap_seconds": 0});
                owner.post(&format!("{}/rotate", key_path(id)), rotate).await.expect(200);
            }
            "the key may not write calls any more" => {
                owner.patch(&key_path(id), json!({"scopes": ["calls:read"]})).await.expect(200);
            }
            "the organization is suspended" => {
                let suspend = format!("/operator/v1/organizations/{}/suspend", team.organization);
                service.operator().post(&suspend, json!({})).await.expect(200);
            }
            "recording is switched off" => switch(team, "call_recording", false).await,
            "the call is encrypted from end to end" => switch(team, "end_to_end_encryption", true).await,
            "the member is removed" => {
                owner.delete(&format!("/v1/members/{}", team.id("admin"))).await.expect(204);
            }
            "the session is over" => drop(caller.delete("/v1/session").await.expect(204)),
            "a second factor was due" => {
                require(owner, 7).await;
                deadline(&service, &team.organization, team.id("admin"), "now() - interval '1 second'").await;
            }
            _ => {}
        }
    }
    service.clock.advance(Time::seconds(6));
    let mut ended = Vec::new();
    for ((what, status, code), (team, _, call, _, upload)) in cases.into_iter().zip(running) {
        if status == 0 {
            // Whoever may go on does.
            upload.end(&wav(MIB, 2)).await.expect(201);
            team.owner().delete(&path(&call)).await.expect(204);
            continue;
        }
        ended.push(async move {
            let answer = upload.answered().await;
            println!("{what}: {}", answer.text);
            answer.problem(status, code);
            (what, team, call)
        });
    }
    let ended = join_all(ended).await;
    nothing_left(&service.recordings()).await;
    assert!(service.database.rows("SELECT 1 AS one FROM recordings").await.is_empty());
    for (what, team, call) in ended {
        match what {
            "the organization is suspended" => {
                let restore = format!("/operator/v1/organizations/{}/restore", team.organization);
                service.operator().post(&restore, json!({})).await.expect(200);
            }
            "recording is switched off" => switch(&team, "call_recording", true).await,
            "the call is encrypted from end to end" => switch(&team, "end_to_end_encryption", false).await,
            _ => {}
        }
        put(team.owner(), &call, &sound).await.expect(201);
    }
}

#[tokio::test]
async fn attack_9_an_upload_that_sends_on_ends_with_the_right_to_it() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["calls:write"]})).await;
    let key = service.anonymous().with_token(&secret);
    let upload = Running::begin(&key, &call, &wav(2 * MIB, 1), &[]).await;
    coming_in(&service, 1).await;
    team.owner().delete(&key_path(&id)).await.expect(204);
    service.clock.advance(Time::seconds(6));
    // A little now and then, for as long as it is taken: no end of it ever comes.
    let Running { mut answer, sender } = upload;
    let sending = tokio::spawn(async move {
        while sender.send(Ok(vec![1; 100])).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let answer = (&mut answer).await.unwrap();
    sending.abort();
    answer.problem(401, "unauthenticated");
    nothing_left(&service.recordings()).await;
    assert!(service.database.rows("SELECT 1 AS one FROM recordings").await.is_empty());
}

#[tokio::test]
async fn attack_35_an_upload_that_says_nothing_gives_its_place_to_another() {
    let values = [("recordings.at_once_of_one_organization", "1"), ("recordings.silence_seconds", "2")];
    let (service, team) = recording_with(&values).await;
    let call = write(team.owner(), "CA1").await;
    let upload = Running::begin(team.owner(), &call, &wav(2 * MIB, 1), &[]).await;
    upload.answered().await.problem(408, "request_timeout");
    nothing_left(&service.recordings()).await;
    put(team.owner(), &call, &wav(1000, 1)).await.expect(201);
}

#[tokio::test]
async fn attack_35_an_organization_that_has_its_places_is_told_so_and_everybody_else_when_the_node_is_full() {
    let values = [
        ("recordings.at_once", "2"),
        ("recordings.at_once_of_one_organization", "1"),
        ("http.timeout_seconds", "60"),
        ("recordings.silence_seconds", "120"),
    ];
    let (service, ours) = recording_with(&values).await;
    let (theirs, third) = (Team::assemble(&service, "Theirs").await, Team::assemble(&service, "Third").await);
    let mut calls = Vec::new();
    for team in [&theirs, &third] {
        switch_on(&service, team, &["call_recording"]).await;
    }
    for team in [&ours, &theirs, &third] {
        // More than the buffers on the way hold.
        let call = write(team.owner(), "CA1").await;
        put(team.owner(), &call, &wav(24 * MIB, 1)).await.expect(201);
        calls.push((call, write(team.owner(), "CA2").await));
    }
    let own = |refused: Answer, name: &str| {
        let refused = refused.problem(429, "rate_limited");
        assert_ne!(refused.header("retry-after"), "");
        assert!(refused.text.contains(name), "{}", refused.text);
        assert!(
            refused.header("ratelimit-policy").contains("q=1"),
            "{:?}",
            refused.header("ratelimit-policy")
        );
    };
    let of_node = |refused: Answer| {
        assert_ne!(refused.problem(503, "unavailable").header("retry-after"), "");
    };
    let sound = wav(1000, 1);
    let events_before = events(&service, "recording.uploaded").await.len();
    let up = Running::begin(ours.owner(), &calls[0].1, &wav(2 * MIB, 1), &[]).await;
    let other = Running::begin(theirs.owner(), &calls[1].1, &wav(2 * MIB, 1), &[]).await;
    until("both have their places", async || {
        (files(&service.recordings()).len() == 3 * 24 + 2).then_some(())
    })
    .await;
    of_node(put(third.owner(), &calls[2].1, &sound).await);
    own(put(ours.owner(), &calls[0].1, &sound).await, "uploads of recordings");
    // That there is no place is nobody's refusal.
    assert_eq!(events(&service, "recording.uploaded").await.len(), events_before);
    // Whoever listens is kept out by none of that.
    let down = begin_to_play(ours.owner(), &path(&calls[0].0)).await;
    own(ours.owner().get(&path(&calls[0].0)).await, "downloads of recordings");
    let other_down = begin_to_play(theirs.owner(), &path(&calls[1].0)).await;
    of_node(third.owner().get(&path(&calls[2].0)).await);
    drop((down, other_down));
    until("whoever has gone gives their place back", async || {
        (play(third.owner(), &calls[2].0, &[]).await.0 == 200).then_some(())
    })
    .await;
    for upload in [up, other] {
        upload.end(&sound).await.expect(201);
    }
    put(third.owner(), &calls[2].1, &sound).await.expect(201);
}

#[tokio::test]
async fn attack_9_whoever_listens_slowly_gives_their_place_back_with_the_right_to_it() {
    let values = [("recordings.at_once_of_one_organization", "1"), ("http.timeout_seconds", "60")];
    let (service, team) = recording_with(&values).await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(24 * MIB, 1);
    put(team.owner(), &call, &sound).await.expect(201);
    let (id, secret) = make(team.owner(), json!({"scopes": ["recordings:read"]})).await;
    let key = service.anonymous().with_token(&secret);
    // Nothing more of it is taken.
    let playing = begin_to_play(&key, &path(&call)).await;
    team.owner().get(&path(&call)).await.problem(429, "rate_limited");
    team.owner().patch(&key_path(&id), json!({"scopes": ["calls:read"]})).await.expect(200);
    service.clock.advance(Time::seconds(6));
    // It was looked again: of whoever takes nothing for too long, there is no such event.
    until("it is written down that they were refused the rest", async || {
        let played = events(&service, "recording.played").await;
        let refused =
            |event: &Value| event["outcome"] == "refused" && event["leaf"]["actor"].to_string().contains(&id);
        played.iter().any(refused).then_some(())
    })
    .await;
    until("its place is free", async || {
        (play(team.owner(), &call, &[("Range", "bytes=0-0")]).await.0 == 206).then_some(())
    })
    .await;
    // What was on its way is heard, and that is not much.
    let heard = heard_until_it_breaks_off(playing).await.expect("it breaks off");
    assert!(heard < MIB, "{heard} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_9_transfers_outlive_a_database_that_is_gone_for_a_moment_and_not_for_long() {
    let values = [
        ("database.acquire_timeout_seconds", "2"),
        ("http.timeout_seconds", "60"),
        ("recordings.silence_seconds", "120"),
    ];
    let (service, team) = recording_with(&values).await;
    let (heard, sent) = (write(team.owner(), "CA1").await, write(team.owner(), "CA2").await);
    let sound = wav(24 * MIB, 1);
    put(team.owner(), &heard, &sound).await.expect(201);
    for is_back in [true, false] {
        let playing = begin_to_play(team.owner(), &path(&heard)).await;
        let upload = Running::begin(team.owner(), &sent, &wav(2 * MIB, 1), &[]).await;
        until("both are under way", async || (files(&service.recordings()).len() > 24).then_some(())).await;
        service.database.go_away().await;
        service.clock.advance(Time::seconds(if is_back { 6 } else { 36 }));
        let broken_off = heard_until_it_breaks_off(playing).await;
        if is_back {
            assert_eq!(broken_off, None, "all of it is heard");
            let more = wav(2 * MIB, 2);
            upload.sender.send(Ok(more)).await.unwrap();
            until("it is taken", async || (files(&service.recordings()).len() > 26).then_some(())).await;
            service.database.come_back().await;
            upload.end(&wav(MIB, 3)).await.expect(201);
            team.owner().delete(&path(&sent)).await.expect(204);
            until("it is gone", async || (files(&service.recordings()).len() == 24).then_some(())).await;
        } else {
            assert!(broken_off.is_some_and(|heard| heard < sound.len()), "{broken_off:?}");
            upload.answered().await.problem(503, "unavailable");
            service.database.come_back().await;
        }
    }
}

#[tokio::test]
async fn whoever_listens_while_a_recording_is_deleted_hears_its_end_and_nothing_is_told_as_damaged() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(24 * MIB, 1);
    for seconds in [0, 6] {
        put(team.owner(), &call, &sound).await.expect(201);
        let playing = begin_to_play(team.caller("member"), &path(&call)).await;
        team.owner().delete(&path(&call)).await.expect(204);
        service.clock.advance(Time::seconds(seconds));
        assert!(breaks_off(playing, sound.len()).await, "all of it was heard");
        team.owner().get(&path(&call)).await.problem(404, "not_found");
    }
    assert!(events(&service, "recording.damaged").await.is_empty());
    let played = events(&service, "recording.played").await;
    let by_member =
        played.iter().filter(|event| event["leaf"]["actor"].to_string().contains(team.id("member")));
    assert!(
        by_member.clone().count() == 2 && by_member.clone().all(|event| event["outcome"] == "success"),
        "{played:?}"
    );
}

#[tokio::test]
async fn attack_9_whoever_loses_the_right_in_the_middle_hears_no_more() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(24 * MIB, 1);
    put(team.owner(), &call, &sound).await.expect(201);
    let (key_id, secret) = make(team.owner(), json!({"scopes": ["recordings:read"]})).await;
    let key = service.anonymous().with_token(&secret);
    let playing = begin_to_play(&key, &path(&call)).await;
    team.owner().delete(&key_path(&key_id)).await.expect(204);
    service.clock.advance(Time::seconds(6));
    assert!(breaks_off(playing, sound.len()).await, "all of it was heard");
}

#[tokio::test]
async fn attack_9_an_admin_who_becomes_a_member_in_the_middle_hears_no_more_of_what_is_protected() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(24 * MIB, 1);
    put(team.owner(), &call, &sound).await.expect(201);
    let member = json!({"role": "member"});
    let demote = async || {
        team.owner().patch(&format!("/v1/members/{}", team.id("admin")), member.clone()).await.expect(200)
    };
    switch(&team, "phi_protection", true).await;
    let asked = format!("{}?reason=complaint", path(&call));
    let playing = begin_to_play(team.caller("admin"), &asked).await;
    demote().await;
    service.clock.advance(Time::seconds(6));
    assert!(breaks_off(playing, sound.len()).await, "all of it was heard");
    let played = events(&service, "recording.played").await;
    assert!(played.iter().any(|event| event["outcome"] == "refused"), "{played:?}");
}

#[tokio::test]
async fn asvs_7_3_1_no_session_idles_away_beneath_an_upload_that_runs() {
    let values = [("sessions.idle_hours", "1"), ("recordings.silence_seconds", "120")];
    let (service, team) = recording_with(&values).await;
    let (used, sound) = (team.owner(), wav(2 * MIB, 1));
    let call = write(used, "CA1").await;
    let upload = Running::begin(used, &call, &sound, &[]).await;
    coming_in(&service, 1).await;
    let seen = "SELECT max(last_seen_at)::text AS at FROM sessions";
    let before = service.database.rows(seen).await;
    service.clock.advance(Time::minutes(50));
    until("it is noted that the session is used", async || {
        (service.database.rows(seen).await != before).then_some(())
    })
    .await;
    drop(upload);
    service.clock.advance(Time::minutes(50));
    // (This node remembers the session for a minute of its own time, which has hardly begun.)
    let other = Service::start_on_values(&service, &values).await;
    other.anonymous().with_token(used.token()).get("/v1/session").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asvs_7_3_1_an_upload_brings_no_session_back_that_was_over_between_two_looks() {
    let (service, team) =
        recording_with(&[("sessions.idle_hours", "1"), ("recordings.silence_seconds", "120")]).await;
    let idle = team.owner();
    let call = write(idle, "CA1").await;
    let upload = Running::begin(idle, &call, &wav(2 * MIB, 1), &[]).await;
    coming_in(&service, 1).await;
    service.clock.advance(Time::hours(1));
    upload.answered().await.problem(401, "unauthenticated");
    idle.get("/v1/session").await.problem(401, "unauthenticated");
}
