//! The leases that this browser holds. What a lease is shown by is told once, so it waits in a cookie, sealed for the session: one for
//! each call, so that two tabs that take calls at the same moment lose nothing.

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header;
use rollcall_domain::{EscalationId, SessionId, secret::Secret};

use super::queue::mine;
use crate::{
    callers::Caller,
    visit::{Visit, add_cookie},
};

const PURPOSE: &str = "console/lease/v1";

/// How long a browser keeps one, in seconds. A lease that is renewed for longer than that is kept by heartbeats alone.
const SECONDS: u32 = 24 * 60 * 60;

fn prefix(secure: bool) -> &'static str {
    if secure { "__Host-rollcall_lease_" } else { "rollcall_lease_" }
}

fn context(session: SessionId, id: EscalationId) -> Vec<u8> {
    format!("{session}\n{id}").into_bytes()
}

/// The calls of which the browser holds something, be it good or not.
fn kept(visit: &Visit) -> Vec<(EscalationId, String)> {
    let prefix = prefix(visit.console.cookies.secure());
    let cookies = visit.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().strip_prefix(prefix)?.split_once('='));
    named.filter_map(|(id, value)| Some((id.parse().ok()?, value.to_owned()))).collect()
}

/// What the lease on a call is shown by, if this browser was given it in this session.
pub(super) fn of(caller: &Caller, id: EscalationId) -> Option<Secret> {
    let session = caller.actor.session_id();
    kept(caller).into_iter().filter(|(of, _)| *of == id).find_map(|(_, value)| {
        let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let token = caller.console.app.keyring.open(PURPOSE, &context(session, id), &sealed)?;
        Some(Secret::new(String::from_utf8(token).ok()?))
    })
}

/// Gives the browser a lease.
pub(super) fn give(caller: &Caller, response: &mut Response, id: EscalationId, token: &Secret) {
    let (app, secure) = (&caller.console.app, caller.console.cookies.secure());
    let context = context(caller.actor.session_id(), id);
    let sealed = app.keyring.seal(PURPOSE, &context, token.expose().as_bytes(), app.entropy.as_ref());
    if let Some(sealed) = sealed {
        let only = if secure { "; Secure" } else { "" };
        let (prefix, value) = (prefix(secure), URL_SAFE_NO_PAD.encode(sealed));
        let cookie = format!("{prefix}{id}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{only}");
        add_cookie(response, &cookie);
    }
}

/// Takes a lease away.
pub(super) fn take_away(visit: &Visit, response: &mut Response, id: EscalationId) {
    let secure = visit.console.cookies.secure();
    let only = if secure { "; Secure" } else { "" };
    let cookie = format!("{}{id}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{only}", prefix(secure));
    add_cookie(response, &cookie);
}

/// Takes away what this browser holds of calls that are not whoever looks's any more. That it did not work is no reason not to show
/// the page.
pub(crate) async fn forget_lost_leases(caller: &Caller, mut response: Response) -> Response {
    let kept = kept(caller);
    if kept.is_empty() {
        return response;
    }
    if let Ok(mine) = mine(caller).await {
        for (id, _) in kept.iter().filter(|(id, _)| !mine.contains(id)) {
            take_away(caller, &mut response, *id);
        }
    }
    response
}
