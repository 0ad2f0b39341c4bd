//! New recovery codes in place of those there are (†): the answer to the form, once.

use rollcall_application::second_factors;

use super::RecoveryCodesPage;
use crate::{
    callers::Enrollee,
    posted::{Nothing, Posted},
    refused::Answer,
};

pub(super) async fn submit(Posted { who: caller, .. }: Posted<Enrollee, Nothing>) -> Answer {
    let codes = second_factors::renew_recovery_codes(&caller.console.app, &caller.actor).await?;
    Ok(caller.page(&RecoveryCodesPage::of(caller.t, caller.t.codes_title(), &codes)))
}
