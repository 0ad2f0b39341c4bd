//! What the console needs of the API's room.

use std::sync::Arc;

use async_trait::async_trait;
use axum::response::Response;
use http::{HeaderMap, request, response};
use rollcall_api_http::{DeviceTokens, ProblemPages, SessionCookie, problem::Code};
use rollcall_application::{Application, mail::DevMailbox, sessions::SignedIn};
use rollcall_domain::secret::Secret;
use rollcall_web_console::{Console, Cookies, ExplainedProblem};

/// The cookies by which the API knows a browser.
struct ApiCookies(SessionCookie);

impl Cookies for ApiCookies {
    fn session(&self, headers: &HeaderMap) -> Option<Secret> {
        self.0.get(headers)
    }

    fn give_session(&self, token: &Secret) -> String {
        self.0.set(token)
    }

    fn take_session(&self) -> String {
        self.0.take_away()
    }

    fn devices(&self, headers: &HeaderMap) -> Vec<Secret> {
        DeviceTokens::of(headers, self.0).tokens().to_vec()
    }

    fn give_device(&self, headers: &HeaderMap, signed_in: &SignedIn) -> Option<String> {
        DeviceTokens::of(headers, self.0).set(signed_in, self.0)
    }

    fn secure(&self) -> bool {
        self.0.secure
    }
}

/// The console's pages, as the API's room asks for them.
pub(crate) struct PagesOf(pub(crate) Console);

#[async_trait]
impl ProblemPages for PagesOf {
    async fn page(&self, request: &request::Parts, answer: &response::Parts) -> Response {
        self.0.problem_page(request, answer).await
    }
}

/// The console, as the API knows browsers and problems.
pub(crate) fn console(
    app: Application,
    public_url: &str,
    mailbox: Option<Arc<dyn DevMailbox>>,
    cookie: SessionCookie,
) -> Console {
    let contract = serde_json::to_value(rollcall_api_http::document()).unwrap_or_default();
    let problems = Code::ALL.iter().map(|code| ExplainedProblem {
        code: code.as_str(),
        status: code.status().as_u16(),
        title: code.title(),
        explanation: code.explanation(),
    });
    Console {
        app,
        public_url: public_url.into(),
        cookies: Arc::new(ApiCookies(cookie)),
        contract: Arc::new(contract),
        problems: Arc::new(problems.collect()),
        mailbox,
    }
}
