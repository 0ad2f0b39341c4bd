//! API keys are made, used, renewed and ended.

use reqwest::Method;
use rollcall_tests::{PASSWORD, random};
use serde_json::json;

use crate::{
    journal::Wrong,
    lane::{Ask, Lane, Told, pick},
};

pub(super) async fn go_on(lane: Lane) {
    while !lane.is_over() {
        key(&lane).await;
    }
}

/// Asks for something that wants a fresh proof, and proves it when that is asked for.
pub(super) async fn proved(lane: &Lane, ask: &Ask) -> Told {
    let told = lane.insist(ask).await;
    if told.code() != "elevation_required" {
        return told;
    }
    let body = json!({"password": PASSWORD});
    lane.insist(&Ask::with(Method::POST, "/v1/session/elevate", &lane.ours().owner, body)).await;
    lane.insist(ask).await
}

async fn key(lane: &Lane) -> Option<()> {
    let owner = &lane.ours().owner;
    let name = format!("k{:x}", random() as u64);
    let body = json!({"name": name, "scopes": ["calls:read", "organization:read"]});
    let ask = Ask::with(Method::POST, "/v1/api-keys", owner, body).keyed();
    let made = proved(lane, &ask).await;
    // No rule of the domain keeps two keys from having one name.
    lane.stage.journal.named(&name);
    if made.status() != 201 {
        lane.unexpected("a key", &made);
        return None;
    }
    let (id, secret) = (made.text("/api_key/id"), made.text("/secret"));
    lane.acknowledged(&made, "api_key.created", &id);
    if pick(2) == 0 {
        let again = lane.once(&ask, None).await;
        if again.status() == 201 && again.text("/api_key/id") != id {
            lane.stage.journal.wrong(Wrong::Twice, format!("a repeated request made another key {name}"));
        }
    }
    lane.opens("a key", &secret).await;

    let path = format!("/v1/api-keys/{id}");
    let body = json!({"overlap_seconds": 0});
    let rotate = Ask::with(Method::POST, format!("{path}/rotate"), owner, body).keyed();
    let renewed = proved(lane, &rotate).await;
    if renewed.status() == 200 || renewed.was_done() {
        lane.acknowledged(&renewed, "api_key.rotated", &id);
        lane.ended("a key that was renewed", &secret, &renewed).await;
    }
    if renewed.status() == 200 {
        lane.opens("a renewed key", &renewed.text("/secret")).await;
    } else {
        lane.unexpected("a renewal", &renewed);
    }

    let ask = Ask::new(Method::DELETE, &path, owner);
    let ended = lane.change("api_key.revoked", &id, &ask, &[204], &[404, 409]).await?;
    for secret in [secret, renewed.text("/secret")] {
        lane.ended("a key that was revoked", &secret, &ended).await;
    }
    Some(())
}
