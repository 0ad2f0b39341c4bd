//! Giving a browser the session of somebody who has just come in.

use axum::response::Response;
use rollcall_application::sessions::SignedIn;
use rollcall_domain::policy::Grant;

use crate::{
    cookies::Own,
    own_path::OwnPath,
    sections::first_for,
    visit::{Visit, add_cookie},
};

impl Visit {
    /// Gives the browser the session, and sends it on to where it was going, or to where whoever came in begins.
    pub(crate) fn enter(&self, signed_in: &SignedIn, then: Option<&OwnPath>) -> Response {
        let first = match &signed_in.place {
            Some((_, role)) => first_for(&Grant::Member { role: *role }),
            None => "/organizations",
        };
        self.let_in(self.go_to(then.map_or(first, OwnPath::as_str)), signed_in)
    }

    /// Gives the browser the session with any answer.
    pub(crate) fn let_in(&self, mut response: Response, signed_in: &SignedIn) -> Response {
        let (cookies, secure) = (&self.console.cookies, self.console.cookies.secure());
        add_cookie(&mut response, &cookies.give_session(&signed_in.token));
        if let Some(device) = cookies.give_device(&self.headers, signed_in) {
            add_cookie(&mut response, &device);
        }
        if Own::Challenge.read(&self.headers, secure).is_some() {
            add_cookie(&mut response, &Own::Challenge.take_away(secure));
        }
        response
    }
}
