//! The second half of adding a passkey (†). With the first second factor come recovery codes, once.

use rollcall_application::passkeys::{self, Add};
use rollcall_domain::secret::Secret;
use serde::Deserialize;

use super::begin_registration::once_more;
use crate::{
    callers::Enrollee,
    mistakes::Mistakes,
    posted::Posted,
    refused::{Answer, ENROL},
    second_factors::RecoveryCodesPage,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: String,
    #[serde(default)]
    credential: String,
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Enrollee, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let Some(name) = mistakes.check(t, "name", fields.name.parse()) else {
        return once_more(&caller, fields.name, mistakes).await;
    };
    if fields.credential.is_empty() {
        // Sent without the script.
        return once_more(&caller, fields.name, Mistakes::whole_of(t.passkey_needs_script())).await;
    }
    let command = Add { name, credential: Secret::new(fields.credential) };
    match passkeys::add(&caller.console.app, &caller.actor, command).await {
        Ok(added) => Ok(match added.recovery_codes {
            Some(codes) => caller.page(&RecoveryCodesPage::of(t, t.mfa_is_on(), &codes)),
            None => caller.go_to_and_say(ENROL, t.passkey_added(added.passkey.name)),
        }),
        Err(rollcall_application::Error::Invalid(_)) => {
            once_more(&caller, fields.name, Mistakes::whole_of(t.passkey_not_made())).await
        }
        Err(error) => Err(error.into()),
    }
}
