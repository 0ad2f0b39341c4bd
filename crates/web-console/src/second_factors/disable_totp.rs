//! Taking an authenticator app off (†).

use rollcall_application::second_factors;

use crate::{
    callers::Enrollee,
    posted::{Nothing, Posted},
    refused::{Answer, ENROL},
};

pub(super) async fn submit(Posted { who: caller, .. }: Posted<Enrollee, Nothing>) -> Answer {
    second_factors::disable_totp(&caller.console.app, &caller.actor).await?;
    Ok(caller.go_to_and_say(ENROL, caller.t.totp_turned_off()))
}
