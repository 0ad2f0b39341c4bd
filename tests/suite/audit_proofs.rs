//! Proofs that an event is in the log, and that the log continues what it was.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use rollcall_audit_proof::{Checkpoint, Hash, Note, continues, includes};
use rollcall_tests::{Answer, Service};
use serde_json::{Value, json};

use crate::{
    audit_exports::{CHECKPOINT, an_event_of, checkpoint, events, export, team_with_log},
    tokens::KNOWN,
};

const INCLUSION: &str = "/v1/audit/proofs/inclusion";
const CONSISTENCY: &str = "/v1/audit/proofs/consistency";

fn hash(value: &Value) -> Hash {
    Hash::try_from(STANDARD.decode(value.as_str().unwrap()).unwrap().as_slice()).unwrap()
}

fn hashes(answer: &Answer) -> Vec<Hash> {
    answer.list("hashes").iter().map(hash).collect()
}

/// What a checkpoint says, whoever has signed it.
fn read(note: &str) -> Checkpoint {
    Note::parse(note).unwrap().unverified().parse().unwrap()
}

#[tokio::test]
async fn every_event_is_proved_to_be_in_every_tree_since_it_was_written() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let answer = team.owner().get(CHECKPOINT).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let signed = read(&answer.text);
    assert!(signed.origin.ends_with(&format!("/{}", team.organization)), "{signed:?}");
    assert_eq!(checkpoint(team.owner()).await, answer.text, "nothing is signed twice");

    let events = events(&export(team.owner(), "").await);
    let whole = events.len() as u64;
    for (index, event) in events.iter().enumerate() {
        let id = event["leaf"]["id"].as_str().unwrap();
        let leaf = hash(&event["hash"]);
        for size in [None, Some(signed.size), Some(index as u64), Some(index as u64 + 1), Some(whole + 1)] {
            let asked = size.map(|size| format!("&tree_size={size}")).unwrap_or_default();
            let answer = team.owner().get(&format!("{INCLUSION}?event_id={id}{asked}")).await;
            if size.is_some_and(|size| size <= index as u64 || size > whole) {
                answer.invalid("tree_size");
                continue;
            }
            let answer = answer.expect(200);
            let size = size.unwrap_or(whole);
            assert_eq!(answer.body["index"], index as u64);
            assert_eq!((&answer.body["tree_size"], hash(&answer.body["leaf_hash"])), (&json!(size), leaf));
            let root = hash(&answer.body["root_hash"]);
            assert!(includes(&leaf, index as u64, size, &hashes(&answer), &root));
            assert!(size != signed.size || root == signed.root);
        }
    }
    team.owner().get(INCLUSION).await.invalid("event_id");
    for query in ["tree_size=x", "tree_size=-1", "organization_id=x"] {
        let answer =
            team.owner().get(&format!("{INCLUSION}?event_id=evt_01h455vb4pex5vsknk084sn02q&{query}")).await;
        answer.invalid(query.split('=').next().unwrap());
    }
    for (query, field) in [
        ("", "from"),
        ("from=3&to=2", "from"),
        ("from=1&to=1000", "to"),
        ("from=1000", "from"),
        ("from=x", "from"),
    ] {
        team.owner().get(&format!("{CONSISTENCY}?{query}")).await.invalid(field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_whatever_is_written_and_signed_at_once_every_checkpoint_continues_those_before() {
    let service = crate::tokens::start().await;
    let team = team_with_log(&service, "Acme").await;
    let other = Service::start_on(service.database.clone(), service.clock.clone(), &KNOWN).await;
    let team = Arc::new(team);
    let first = checkpoint(team.owner()).await;
    let there = other.anonymous().with_token(team.owner().token());
    let notes = join_all((0..24).map(|n| {
        let (team, there) = (team.clone(), there.clone());
        async move {
            team.owner().patch("/v1/organization", json!({"name": format!("Name {n}")})).await.expect(200);
            [checkpoint(&there).await, checkpoint(team.owner()).await]
        }
    }))
    .await;
    let mut signed: Vec<Checkpoint> = notes.iter().flatten().chain([&first]).map(|note| read(note)).collect();
    // Each had its own change in it.
    assert!(signed.iter().all(|checkpoint| checkpoint.size >= read(&first).size));
    signed.sort_by_key(|checkpoint| checkpoint.size);
    assert_eq!(signed.last().unwrap().size, read(&first).size + 24);
    for pair in signed.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        let path = format!("{CONSISTENCY}?from={}&to={}", old.size, new.size);
        let answer = team.owner().get(&path).await.expect(200);
        assert!(continues((old.size, &old.root), (new.size, &new.root), &hashes(&answer)), "{path}");
        assert_eq!(hash(&answer.body["from_root_hash"]), old.root);
        assert_eq!(hash(&answer.body["to_root_hash"]), new.root);
    }
    service.database.whole_log(team.uuid()).await;
}

#[tokio::test]
async fn attack_15_another_organization_s_events_proofs_and_checkpoints_are_not_there() {
    let service = Service::start().await;
    let (ours, theirs) = (team_with_log(&service, "Ours").await, team_with_log(&service, "Theirs").await);
    let event = an_event_of(&service, &theirs).await;
    theirs.owner().get(&format!("{INCLUSION}?event_id={event}")).await.expect(200);
    let of = async |id: &str| {
        let answer = ours.owner().get(&format!("{INCLUSION}?event_id={id}")).await;
        answer.problem(404, "not_found").without_request_id()
    };
    let never = of("evt_01h455vb4pex5vsknk084sn02q").await;
    for id in [&event, "nonsense", "", &theirs.organization, &event.replace("evt_", "user_")] {
        assert_eq!(of(id).await, never, "{id}");
    }
    for (path, field) in [
        (CHECKPOINT.to_owned(), ""),
        (format!("/v1/audit/export?org={}", theirs.organization), "org"),
        (format!("/v1/audit/export?organization_id={}", theirs.organization), "organization_id"),
        (format!("{CONSISTENCY}?from=1&log={}", theirs.organization), "log"),
    ] {
        let answer = ours.owner().get(&path).await;
        if field.is_empty() {
            let signed = read(&answer.expect(200).text);
            assert!(signed.origin.ends_with(&ours.organization), "{signed:?}");
        } else {
            answer.invalid(field);
        }
    }
    let text = export(ours.owner(), "").await;
    assert!(!text.contains(&theirs.organization) && !text.contains(&event));
}
