//! Taking a call, keeping it, giving it back, and being done with it. What does not work as somebody was faster, or a lease is lost, is
//! said on the board, where one sees how it is now.

use axum::extract::Path;
use rollcall_application::{
    Error, Precondition,
    escalations::{self, ClaimedEscalation},
};
use rollcall_domain::{EscalationId, escalations::EscalationRefusal, secret::Secret};

use super::lease;
use crate::{
    availability::LIVE,
    callers::Caller,
    notice::Notice,
    posted::{Nothing, Posted},
    refused::{Answer, Refused},
};

pub(crate) async fn submit(
    Path((id, what)): Path<(String, String)>,
    Posted { who: caller, .. }: Posted<Caller, Nothing>,
) -> Answer {
    let id: EscalationId = id.parse().map_err(|_| Error::NotFound)?;
    match what.as_str() {
        "claim" => taken(
            &caller,
            escalations::claim(&caller.console.app, &caller.actor, id, &Precondition::None).await.map(Some),
        ),
        "renew" => {
            let renewed = async {
                let lease = shown(&caller, id).await?;
                escalations::renew(&caller.console.app, &caller.actor, id, &lease).await
            };
            done(&caller, id, renewed.await, caller.t.call_renewed(), false)
        }
        "release" => {
            let released = async {
                let lease = shown(&caller, id).await?;
                escalations::release(&caller.console.app, &caller.actor, id, &lease, &Precondition::None)
                    .await
            };
            done(&caller, id, released.await, caller.t.call_released(), true)
        }
        "resolve" => {
            let resolved = async {
                let lease = shown(&caller, id).await?;
                escalations::resolve(&caller.console.app, &caller.actor, id, &lease, &Precondition::None)
                    .await
            };
            done(&caller, id, resolved.await, caller.t.call_resolved(), true)
        }
        _ => Err(Refused::Error(Error::NotFound)),
    }
}

/// Takes the most urgent of those that the caller can take.
pub(crate) async fn next(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    taken(&caller, escalations::claim_next(&caller.console.app, &caller.actor).await)
}

/// What the lease is shown by. Whoever has it in another browser has lost it for this one; whether there is such a call at all for
/// whoever asks is said first.
async fn shown(caller: &Caller, id: EscalationId) -> Result<Secret, Error> {
    escalations::show(&caller.console.app, &caller.principal(), id).await?;
    lease::of(caller, id).ok_or_else(|| EscalationRefusal::LeaseLost.into())
}

fn taken(caller: &Caller, taken: Result<Option<ClaimedEscalation>, Error>) -> Answer {
    let back = caller.go_to(LIVE);
    match taken {
        Ok(Some(claimed)) => {
            let mut response = caller.with_notice(back, Notice::done(caller.t.call_is_yours()));
            lease::give(caller, &mut response, claimed.escalation.escalation.id, &claimed.token);
            Ok(response)
        }
        Ok(None) => Ok(caller.with_notice(back, Notice::mind(caller.t.call_none_for_you()))),
        Err(error @ (Error::Escalation(_) | Error::Busy)) => {
            Ok(caller.with_notice(back, Notice::mind(caller.t.explain(&error).text)))
        }
        Err(error) => Err(error.into()),
    }
}

fn done<T>(caller: &Caller, id: EscalationId, done: Result<T, Error>, said: &str, ends: bool) -> Answer {
    let back = caller.go_to(LIVE);
    let (mut response, is_lost) = match done {
        Ok(_) => (caller.with_notice(back, Notice::done(said)), false),
        Err(error @ Error::Escalation(_)) => {
            (caller.with_notice(back, Notice::mind(caller.t.explain(&error).text)), true)
        }
        Err(error) => return Err(error.into()),
    };
    if ends || is_lost {
        lease::take_away(caller, &mut response, id);
    }
    Ok(response)
}
