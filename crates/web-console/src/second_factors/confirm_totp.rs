//! Turning an authenticator app on by its first code. The recovery codes are the answer, once.

use rollcall_application::{
    Error,
    second_factors::{self, Presented},
};
use serde::Deserialize;

use super::{RecoveryCodesPage, begin_totp::BegunPage};
use crate::{callers::Enrollee, mistakes::Mistakes, posted::Posted, refused::Answer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    code: String,
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Enrollee, Fields>) -> Answer {
    let presented = Presented::totp(&fields.code);
    match second_factors::confirm_totp(&caller.console.app, &caller.actor, presented).await {
        Ok(codes) => Ok(caller.page(&RecoveryCodesPage::of(caller.t, caller.t.mfa_is_on(), &codes))),
        Err(Error::InvalidMfaCode) => {
            let mut mistakes = Mistakes::none();
            mistakes.add("code", caller.t.code_wrong());
            Ok(caller.mend(&BegunPage::of(&caller, None, mistakes)))
        }
        Err(error) => {
            let mistakes = Mistakes::of(caller.t, error)?;
            Ok(caller.mend(&BegunPage::of(&caller, None, mistakes)))
        }
    }
}
