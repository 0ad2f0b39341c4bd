//! `POST`s that carry an `Idempotency-Key` are done once as long as their answer is kept, and answered alike however
//! often they come (draft-ietf-httpapi-idempotency-key-header).
//!
//! Only answers that tell of a success are kept: a request that was refused has changed nothing, so a repeat of it is a
//! request like any other. Answers can hold secrets; they are sealed before they are kept. That something was changed is noted with
//! the change, so that whoever loses the answer is told that, and the request is not done again: docs/decisions/0004.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use rollcall_application::{
    Error, ErrorChain, Principal, calls,
    ports::{Claim, KeyedRequest},
};
use rollcall_domain::{OrganizationId, audit::Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Duration;

use super::Findings;
use crate::{
    api::Api,
    body::{self, Unreadable},
    credential::{self, Credential},
    etag,
    problem::{Code, Problem},
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// `POST`s that make nothing: what they answer is true at this moment only, so a key means nothing to them.
pub(crate) const ONLY_ASK: [&str; 4] =
    ["/v1/introspect", "/v1/redactions/preview", "/access/v1/evaluation", "/access/v1/evaluations"];
/// `POST`s whose answers open a session to whoever has shown what works once, and must not open it again.
const SIGN_IN: &str = "/v1/sessions";
/// So are these, where what works once has come by mail: the session may need a second factor by the time it is asked for again.
const FIRST_SESSIONS: [&str; 2] = ["/v1/signup/complete", "/v1/invitations/accept"];
/// `POST`s whose answers are shown once, to somebody who has just proved who they are.
const SECOND_FACTORS: &str = "/v1/me/mfa/";
/// `POST`s that take a proof of who somebody is, or lead to one: an old answer would tell for nothing whether a guess is right.
const PROOFS: [&str; 3] = ["/v1/session/elevate", "/v1/session/elevate/options", "/v1/me/password"];
/// `POST`s that tell what somebody may do or for how long a token is good, or that somebody is there: an old answer would say so when it
/// is not so any more.
const OF_THE_MOMENT: [&str; 4] =
    ["/v1/authorize", "/v1/tokens", "/v1/invitations/preview", "/v1/availability/me/heartbeat"];
/// What lets somebody hear a call, its media keys and live grants: an old answer would outlive the call, or what was decided about it. A
/// transcript takes the place of the one before, so a repeat does no harm; an old answer would show unmasked what is masked since.
const CALLS: &str = "/v1/calls/";
/// `POST`s that give a lease on a call, if one waits. A lease ends without anybody asking, so an old answer is not given as it was: the
/// handler gets it, and looks again. That none waits is true at that moment only, and is not kept.
const LEASES: (&str, [&str; 2]) = ("/v1/escalations/", ["/claim", "/claim-next"]);
/// Makes a lease last for longer, however often it is asked: an old answer would tell of one that may be over.
const RENEWED: (&str, &str) = ("/v1/escalations/", "/renew");
/// Fields of answers in which somebody's own words stand, which PHI protection masks before it keeps them.
const WORDS: [&str; 3] = ["reason", "note", "text"];
/// A field in which fields are called as a platform likes, and which is not masked.
const METADATA: &str = "metadata";
/// `POST`s of which nodes of the last release take whoever has not lately proved who they are for another caller.
const API_KEYS: &str = "/v1/api-keys";
/// How long a key is remembered.
const KEPT: Duration = Duration::DAY;
const PURPOSE: &str = "idempotency/v1";
/// Headers that belong to an answer, and not to the moment it is sent.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Whether a `POST` to this path is done once for each key.
pub(crate) fn is_keyed(path: &str) -> bool {
    let sign_in = path.strip_prefix(SIGN_IN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let of_the_moment = PROOFS.contains(&path)
        || OF_THE_MOMENT.contains(&path)
        || (path.starts_with(RENEWED.0) && path.ends_with(RENEWED.1))
        || path.starts_with(CALLS)
            && (path.ends_with("/live-grants")
                || path.ends_with("/transcript")
                || path.contains("/media-keys"));
    path.starts_with("/v1/")
        && !ONLY_ASK.contains(&path)
        && !sign_in
        && !FIRST_SESSIONS.contains(&path)
        && !of_the_moment
        && !path.starts_with(SECOND_FACTORS)
}

/// Whether a `POST` to this path gives a lease on a call.
fn gives_a_lease(path: &str) -> bool {
    let (of, asks) = LEASES;
    path.starts_with(of) && asks.iter().any(|end| path.ends_with(end))
}

/// What the first request with the same key was answered, for a handler that looks again.
#[derive(Clone)]
pub(crate) struct ToldBefore(pub(crate) Vec<u8>);

#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Lets a request pass, unless it repeats one that is answered.
pub(super) async fn once(api: &Api, request: Request, next: Next) -> Response {
    // Pages are for people, who see what they get.
    let path = request.uri().path();
    if *request.method() != Method::POST || !is_keyed(path) || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    // Apart: what it works with is large, and every request would carry it along.
    Box::pin(keyed(api, request, next)).await.unwrap_or_else(IntoResponse::into_response)
}

async fn keyed(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let key = key(request.headers());
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    // Before anything is replayed: a session that has ended gets nothing any more, not even an old answer.
    let principal = credential::authenticate_early(&mut parts, api).await?;
    let rights = principal.map(|principal| rights(principal, &path));
    let place = principal.and_then(Principal::place).map(|organization| organization.id);
    let must_enrol = principal.is_some_and(Principal::must_enrol);
    let key = match key {
        Ok(key) => key,
        Err(problem) => return Ok(halted(parts, problem, next).await),
    };
    // Nor does one in which a second factor has to be set up first. Whether it gets a new one is the handler's to say.
    if must_enrol {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let bytes = match body::read(Request::from_parts(parts.clone(), body), api).await {
        Ok(bytes) => bytes,
        Err(problem) => return Ok(halted(parts, problem, next).await),
    };
    let caller = caller(&parts, rights.as_deref(), api);
    let fingerprint = fingerprint(api, &[parts.uri.path(), parts.uri.query().unwrap_or_default()], &bytes);
    let precondition = precondition(api, &parts.headers);
    let keyed = KeyedRequest { caller, key, fingerprint, precondition };

    let patience = Duration::try_from(api.settings.timeout).unwrap_or(Duration::MINUTE) * 2;
    let claimed = match api.idempotency.claim(&keyed, patience, KEPT).await.map_err(Error::from)? {
        Claim::Granted(claimed) => claimed,
        Claim::Running => {
            let problem = Problem::plain(Code::RequestInProgress).retry_after(1);
            return Ok(halted(parts, problem, next).await);
        }
        Claim::Lost => return Ok(halted(parts, Problem::plain(Code::AnswerGone), next).await),
        Claim::Reused => {
            return Ok(halted(parts, Problem::plain(Code::IdempotencyKeyReused), next).await);
        }
        Claim::Answered(sealed) if gives_a_lease(&path) => {
            let answer = opened(api, &keyed, &sealed)?;
            parts.extensions.insert(ToldBefore(answer.body));
            let mut response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            return Ok(response);
        }
        Claim::Answered(sealed) => {
            if let Some(refused) = refusal(parts, next).await {
                return Ok(refused);
            }
            let answer = opened(api, &keyed, &sealed)?;
            return replay(mask(api, place, answer).await?);
        }
    };

    let response = claimed.clone().doing(next.run(Request::from_parts(parts, Body::from(bytes)))).await;
    let is_over = gives_a_lease(&path) && response.status() == StatusCode::NO_CONTENT;
    if !response.status().is_success() || is_over {
        if let Err(error) = api.idempotency.release(&claimed).await {
            tracing::warn!(
                error = %ErrorChain(&error),
                "an idempotency key was not released; it becomes free when its request is presumed dead"
            );
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(|error| Error::Internal(Box::new(error)))?;
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let answer = Answer { status: parts.status.as_u16(), headers: headers.collect(), body: bytes.to_vec() };
    let answer = serde_json::to_vec(&answer).map_err(|error| Error::Internal(Box::new(error)))?;
    let sealed = api.app.keyring.seal(PURPOSE, &context(&keyed), &answer, api.app.entropy.as_ref());
    // What was asked is done: if its answer cannot be kept, it is still the right answer now.
    match sealed {
        Some(sealed) => {
            if let Err(error) = api.idempotency.keep(&claimed, sealed).await {
                tracing::warn!(error = %ErrorChain(&error), "the answer to a keyed request was not kept");
            }
        }
        None => tracing::warn!("the answer to a keyed request was not sealed"),
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Tells what is wrong with a request, but not before its handler has told what comes first: who has to sign in, who has to set up a
/// second factor, who lacks the permission. It gets a body that cannot be read, for this reason, and every handler of a `POST` reads its
/// body before it does anything.
async fn halted(parts: Parts, problem: Problem, next: Next) -> Response {
    halted_at(parts, &Unreadable::because(problem), next).await
}

async fn halted_at(mut parts: Parts, body: &Unreadable, next: Next) -> Response {
    parts.extensions.insert(body.clone());
    next.run(Request::from_parts(parts, Body::empty())).await
}

/// What whoever repeats a request is told if they would not be heard with it for the first time: its handler is asked, as far as to
/// its body. So an old answer is told to nobody who has not shown again what it took, a fresh proof of who they are among it.
async fn refusal(parts: Parts, next: Next) -> Option<Response> {
    let findings = parts.extensions.get::<Arc<Findings>>().cloned().unwrap_or_default();
    let body = Unreadable::because(Problem::plain(Code::AnswerGone));
    let told = halted_at(parts, &body, next).await;
    // What they lack is told instead, further out.
    let is_heard = body.was_asked_for() && findings.lacking.is_none();
    (!is_heard).then_some(told)
}

/// An answer as it may be told by now: while PHI protection is on, with masks over what somebody said in it, though it was off when
/// they did.
async fn mask(api: &Api, place: Option<OrganizationId>, mut answer: Answer) -> Result<Answer, Problem> {
    let Some(organization) = place else { return Ok(answer) };
    let Ok(mut told) = serde_json::from_slice::<Value>(&answer.body) else { return Ok(answer) };
    let mut words = Vec::new();
    find_words(&mut told, &mut words);
    if !words.is_empty() && calls::mask_told(&api.app, organization, words).await? {
        answer.body = serde_json::to_vec(&told).map_err(|error| Error::Internal(Box::new(error)))?;
    }
    Ok(answer)
}

/// The texts of an answer that are somebody's own words, at whatever depth they stand, but in metadata.
fn find_words<'a>(value: &'a mut Value, words: &mut Vec<&'a mut String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if WORDS.contains(&name.as_str())
                    && let Value::String(text) = value
                {
                    words.push(text);
                } else if name != METADATA {
                    find_words(value, words);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| find_words(value, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let invalid = || Problem::plain(Code::InvalidIdempotencyKey);
    let mut values = headers.get_all(KEY).iter();
    let value = values.next().and_then(|value| value.to_str().ok()).ok_or_else(invalid)?;
    // The draft writes it as a structured field's string, in quotes; most clients leave them out.
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    if values.next().is_some() || !visible || !(1..=255).contains(&value.len()) {
        return Err(invalid());
    }
    Ok(value.to_owned())
}

/// What a credential is good for at this moment. Whoever has lost a right since is another caller, and gets no old answer:
/// the request is decided anew.
fn rights(principal: &Principal, path: &str) -> String {
    let place = principal.place().map(|organization| organization.id.to_string()).unwrap_or_default();
    // Who gets an answer there has proved who they are, also when it is told again: it is written as the last release does.
    let proved = matches!(principal, Principal::Person(_)) && path.starts_with(API_KEYS);
    format!("{place} {} {proved}", principal.grant())
}

/// Whose key it is: the credential's with what it is good for, or that of a network in which nobody is signed in.
fn caller(parts: &Parts, rights: Option<&str>, api: &Api) -> [u8; 32] {
    let credential = Credential::of(&parts.headers, api.settings.cookie);
    match credential.token() {
        Some(token) => {
            fingerprint(api, &["credential", rights.unwrap_or_default()], token.expose().as_bytes())
        }
        None => {
            let network = parts.extensions.get().and_then(Origin::network);
            let network = network.map(|network| network.to_string()).unwrap_or_default();
            fingerprint(api, &["network"], network.as_bytes())
        }
    }
}

fn fingerprint(api: &Api, parts: &[&str], bytes: &[u8]) -> [u8; 32] {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).chain([bytes]).collect();
    api.app.keyring.digest(PURPOSE, &parts)
}

/// The versions that a request is meant for, as its `If-Match` names them. That there is none is another thing than that it is empty.
fn precondition(api: &Api, headers: &HeaderMap) -> [u8; 32] {
    let named = headers.contains_key(header::IF_MATCH).then_some("if-match");
    let parts: Vec<&str> = named.into_iter().chain(etag::list(headers, header::IF_MATCH)).collect();
    fingerprint(api, &parts, &[])
}

fn context(keyed: &KeyedRequest) -> Vec<u8> {
    [keyed.caller.as_slice(), &keyed.fingerprint, keyed.key.as_bytes()].concat()
}

/// An answer that was kept. A key that has left the keyring has taken it along.
fn opened(api: &Api, keyed: &KeyedRequest, sealed: &[u8]) -> Result<Answer, Problem> {
    let answer = api.app.keyring.open(PURPOSE, &context(keyed), sealed);
    let answer = answer.and_then(|answer| serde_json::from_slice(&answer).ok());
    answer.ok_or_else(|| Problem::plain(Code::AnswerGone))
}

fn replay(answer: Answer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_30_whatever_phi_protection_masks_is_masked_when_it_is_told_again() {
        let contract = serde_json::to_value(crate::document()).expect("a document");
        let mut masked = Vec::new();
        for schema in contract["components"]["schemas"].as_object().expect("schemas").values() {
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let described = field["description"].as_str().unwrap_or_default();
                if described.replace('\n', " ").contains("Masked while PHI protection is on") {
                    masked.push(name.as_str());
                }
            }
        }
        assert!(!masked.is_empty());
        for name in masked {
            assert!(WORDS.contains(&name), "{name} is not among WORDS");
        }
    }

    #[test]
    fn words_are_found_wherever_they_stand_and_nothing_else_is() {
        let mut told = serde_json::json!({"reason": "a", "list": [{"note": "b", "id": "x"}, "y"], "text": {"reason": "c"}});
        let mut words = Vec::new();
        find_words(&mut told, &mut words);
        words.sort();
        assert_eq!(words, ["a", "b", "c"]);
    }
}
