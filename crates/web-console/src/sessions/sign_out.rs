//! Signing out.

use rollcall_application::sessions;
use serde::Deserialize;

use crate::{callers::Visitor, own_path::OwnPath, posted::Posted, refused::Answer, visit::add_cookie};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// Where to go on, as somebody else.
    #[serde(default)]
    then: String,
}

pub(super) async fn submit(Posted { who: visitor, fields }: Posted<Visitor, Fields>) -> Answer {
    if let Some(actor) = visitor.actor() {
        sessions::sign_out(&visitor.console.app, actor).await?;
    }
    let then = OwnPath::read(&fields.then);
    let mut response = match &then {
        Some(then) => visitor.go_to(then.as_str()),
        None => visitor.go_to_and_say("/sign-in", visitor.t.signed_out()),
    };
    // Also of a session that is over, or of an organization that is suspended.
    add_cookie(&mut response, &visitor.console.cookies.take_session());
    Ok(response)
}
