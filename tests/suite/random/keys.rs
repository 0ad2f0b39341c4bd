//! API keys.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    run::{Run, row, same, there},
    world::{Key, NOT_FOUND, Want, Who, World},
};

const NOTHING: &str = "key_01h455vb4pex5vsknk084sn02q";
const FIELDS: [&str; 5] = ["/id", "/prefix", "/name", "/created_by", "/scopes"];
const REVOKED: Want = Want::Problem(409, "api_key_revoked");

/// A key as it is shown, with its scopes in alphabetical order.
fn shown(world: &World, key: &Key) -> Value {
    json!([key.id, key.secret[..16], key.name, key.by.map(|by| world.people[by].id.clone()), key.scopes])
}

/// What is shown of a key, as above, and whether it is revoked.
fn read(mut row: Value) -> Value {
    let scopes: BTreeSet<String> =
        row[4].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_owned()).collect();
    row[4] = json!(scopes);
    row
}

fn some_key(run: &mut Run, who: Who) -> (String, Option<usize>) {
    let home = run.world.home(who);
    let ours = run.world.keys.iter().filter(|key| Some(key.organization) == home);
    let ours: Vec<String> = ours.map(|key| key.id.clone()).collect();
    let all: Vec<String> = run.world.keys.iter().map(|key| key.id.clone()).collect();
    let id = run.id_of(&ours, &all, NOTHING);
    let at = run.world.keys.iter().position(|key| key.id == id).filter(|_| ours.contains(&id));
    (id, at)
}

/// Makes one with scopes by chance.
pub(super) async fn create(run: &mut Run, who: Who) {
    let possible = run.world.table.for_programs();
    let scopes: BTreeSet<&'static str> = match run.dice.chance(30) {
        true => possible.into_iter().collect(),
        false => (0..=run.dice.below(8)).map(|_| run.dice.one_of(&possible)).collect(),
    };
    let home = run.world.home(who).unwrap_or(0);
    let name = format!("Key {}", run.name(home));
    let refusal = run.world.refuses_sensitive(who, "api_keys:manage");
    let body = json!({"name": name, "scopes": scopes});
    let wanted = refusal.unwrap_or(Want::Status(201));
    let answer = run.ask(who, Method::POST, "/v1/api-keys", Some(body), &[wanted]).await;
    if answer.status != 201 {
        return;
    }
    let key = Key {
        organization: home,
        id: answer.text_at("/api_key/id").to_owned(),
        name,
        secret: answer.text_at("/secret").to_owned(),
        scopes,
        by: run.world.person(who),
        live: true,
    };
    assert_eq!(read(row(&answer.body["api_key"], &FIELDS)), shown(&run.world, &key));
    run.world.keys.push(key);
    run.world.organizations[home].acted("api_key.created");
}

/// The list, with those that are revoked.
pub(super) async fn list(run: &mut Run, who: Who) {
    if let Some(refusal) = run.world.refuses(who, "api_keys:read") {
        run.ask(who, Method::GET, "/v1/api-keys", None, &[refusal]).await;
        return;
    }
    let found = run.list(who, "/v1/api-keys", "", &FIELDS).await;
    let home = run.world.home(who);
    let ours = run.world.keys.iter().filter(|key| Some(key.organization) == home);
    same(found.into_iter().map(read).collect(), ours.map(|key| shown(&run.world, key)).collect());
}

/// One of it.
pub(super) async fn show(run: &mut Run, who: Who) {
    let (id, at) = some_key(run, who);
    let refusal = run.world.refuses(who, "api_keys:read");
    let wanted = refusal.map_or_else(|| there(at.is_some(), 200), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::GET, &format!("/v1/api-keys/{id}"), None, &wanted).await;
    if let (Some(at), 200) = (at, answer.status.as_u16()) {
        let key = &run.world.keys[at];
        assert_eq!(read(row(&answer.body, &FIELDS)), shown(&run.world, key));
        assert_eq!(answer.body["revoked_at"].is_null(), key.live);
    }
}

/// Another name.
pub(super) async fn rename(run: &mut Run, who: Who) {
    let (id, at) = some_key(run, who);
    let wanted = match (run.world.refuses(who, "api_keys:manage"), at) {
        (Some(refusal), _) => refusal,
        (None, None) => NOT_FOUND,
        (None, Some(at)) if run.world.keys[at].live => Want::Status(200),
        (None, Some(_)) => REVOKED,
    };
    let home = run.world.home(who).unwrap_or(0);
    let name = format!("Key {}", run.name(home));
    let body = json!({"name": name});
    let answer = run.ask(who, Method::PATCH, &format!("/v1/api-keys/{id}"), Some(body), &[wanted]).await;
    if let (Some(at), 200) = (at, answer.status.as_u16()) {
        run.world.keys[at].name = name;
        assert_eq!(read(row(&answer.body, &FIELDS)), shown(&run.world, &run.world.keys[at]));
        run.world.organizations[home].acted("api_key.updated");
    }
}

/// Another secret; the one before is good for nothing from then on.
pub(super) async fn rotate(run: &mut Run, who: Who) {
    let (id, at) = some_key(run, who);
    let wanted = match (run.world.refuses_sensitive(who, "api_keys:manage"), at) {
        (Some(refusal), _) => refusal,
        (None, None) => NOT_FOUND,
        (None, Some(at)) if run.world.keys[at].live => Want::Status(200),
        (None, Some(_)) => REVOKED,
    };
    let path = format!("/v1/api-keys/{id}/rotate");
    let body = json!({"overlap_seconds": 0});
    let answer = run.ask(who, Method::POST, &path, Some(body), &[wanted]).await;
    let (Some(at), 200) = (at, answer.status.as_u16()) else { return };
    let secret = answer.text_at("/secret").to_owned();
    let before = std::mem::replace(&mut run.world.keys[at].secret, secret);
    let home = run.world.keys[at].organization;
    run.world.organizations[home].acted("api_key.rotated");
    run.service.anonymous().with_token(&before).get("/v1/session").await.problem(401, "unauthenticated");
}

/// The end of one.
pub(super) async fn revoke(run: &mut Run, who: Who) {
    let (id, at) = some_key(run, who);
    let refusal = run.world.refuses(who, "api_keys:manage");
    let wanted = refusal.map_or_else(|| there(at.is_some(), 204), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::DELETE, &format!("/v1/api-keys/{id}"), None, &wanted).await;
    if let (Some(at), 204) = (at, answer.status.as_u16()) {
        let key = &mut run.world.keys[at];
        let home = key.organization;
        if std::mem::replace(&mut key.live, false) {
            run.world.organizations[home].acted("api_key.revoked");
        }
    }
}
