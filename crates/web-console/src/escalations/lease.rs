//! The leases that this browser holds. What a lease is shown by is told once, so it waits in a cookie, sealed for the session: one for
//! each call, so that two tabs that take calls at the same moment lose nothing.

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::{EscalationId, SessionId, secret::Secret};

use super::queue::mine;
use crate::{
    callers::Caller,
    cookies::pairs,
    visit::{Visit, add_cookie},
};

const PURPOSE: &str = "console/lease/v1";

/// How long a browser keeps one, in seconds. A lease that is renewed for longer than that is kept by heartbeats alone.
const SECONDS: u32 = 24 * 60 * 60;

fn prefix(secure: bool) -> &'static str {
    if secure { "__Host-rollcall_lease_" } else { "rollcall_lease_" }
}

/// The `Set-Cookie` value that gives one, or takes it away.
fn line(id: EscalationId, value: &str, seconds: u32, secure: bool) -> String {
    let only = if secure { "; Secure" } else { "" };
    format!("{}{id}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{only}", prefix(secure))
}

fn context(session: SessionId, id: EscalationId) -> Vec<u8> {
    format!("{session}\n{id}").into_bytes()
}

/// The calls of which the browser holds something, be it good or not.
fn kept(visit: &Visit) -> Vec<(EscalationId, String)> {
    let prefix = prefix(visit.console.cookies.secure());
    let ids = pairs(&visit.headers).filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    ids.filter_map(|(id, value)| Some((id.parse().ok()?, value.to_owned()))).collect()
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
        add_cookie(response, &line(id, &URL_SAFE_NO_PAD.encode(sealed), SECONDS, secure));
    }
}

/// Takes a lease away.
pub(super) fn take_away(visit: &Visit, response: &mut Response, id: EscalationId) {
    add_cookie(response, &line(id, "", 0, visit.console.cookies.secure()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookies::tests::assert_for_this_host;

    #[test]
    fn asvs_3_3_1_and_3_3_3_over_tls_the_cookie_of_a_lease_is_for_this_host_alone() {
        let id = "esc_01h455vb4pex5vsknk084sn02q".parse().expect("an id");
        for line in [line(id, "value", SECONDS, true), line(id, "", 0, true)] {
            assert_for_this_host(&line);
        }
    }
}
