//! What is done with an API key is noted however it ends: also when its holder does not wait for the answer.

use axum::extract::MatchedPath;
use http::{Method, StatusCode};
use rollcall_application::audit::ApiCall;

use super::{CalledBy, OfKey};
use crate::api::Api;

/// The status in the audit log of what was answered to nobody: the client has gone, or it took too long.
const UNANSWERED: u16 = 499;

/// A call that may turn out to be one with an API key. It is noted when the value is dropped.
pub(super) struct KeyCall<'a> {
    api: &'a Api,
    of_key: &'a OfKey,
    method: Method,
    route: Option<MatchedPath>,
    status: Option<StatusCode>,
}

impl<'a> KeyCall<'a> {
    pub(super) fn of(api: &'a Api, of_key: &'a OfKey, method: &Method, route: Option<&MatchedPath>) -> Self {
        Self { api, of_key, method: method.clone(), route: route.cloned(), status: None }
    }

    /// It was answered.
    pub(super) fn answered(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for KeyCall<'_> {
    fn drop(&mut self) {
        let Some(CalledBy { organization, key, at, origin }) = self.of_key.caller() else { return };
        let unanswered =
            if std::thread::panicking() { StatusCode::INTERNAL_SERVER_ERROR.as_u16() } else { UNANSWERED };
        self.api.app.api_calls.note(ApiCall {
            organization: *organization,
            key: *key,
            at: *at,
            method: self.method.to_string(),
            route: self.route.as_ref().map_or("", MatchedPath::as_str).to_owned(),
            status: self.status.map_or(unanswered, |status| status.as_u16()),
            origin: origin.clone(),
        });
    }
}
