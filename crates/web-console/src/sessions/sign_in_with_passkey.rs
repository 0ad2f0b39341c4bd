//! Signing in with a passkey alone. What the device is asked comes from the API; what it answers comes in a form.

use rollcall_application::sessions::{self, SignInWithPasskey};
use rollcall_domain::secret::Secret;
use serde::Deserialize;

use super::sign_in::SignInPage;
use crate::{callers::Visitor, mistakes::Mistakes, own_path::OwnPath, posted::Posted, refused::Answer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    credential: String,
    #[serde(default)]
    then: String,
}

pub(super) async fn submit(Posted { who: visitor, fields }: Posted<Visitor, Fields>) -> Answer {
    let then = OwnPath::read(&fields.then);
    let command = SignInWithPasskey { credential: Secret::new(fields.credential), organization: None };
    match sessions::sign_in_with_passkey(&visitor.console.app, &visitor.origin, command).await {
        Ok(signed_in) => Ok(visitor.enter(&signed_in, then.as_ref())),
        Err(error) => {
            let mistakes = Mistakes::of(visitor.t, error)?;
            Ok(visitor.mend(&SignInPage::of(&visitor, then.as_ref(), "", mistakes)))
        }
    }
}
