//! The only room that knows HTML: the pages behind the links in mails, the contract for readers, the problems
//! explained, and the mailbox of the development profile.
//!
//! Everything a page needs comes from Rollcall itself; no page fetches anything from another host, and none needs
//! a script.

mod accounts;
mod contract;
mod dev_mailbox;
mod failure;
mod home;
mod invitations;
mod link;
mod page;
mod problems;
mod welcome;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, routing::get};
use rollcall_application::{Application, mail::DevMailbox};
use rollcall_domain::secret::Secret;

pub use problems::ExplainedProblem;

/// The most bytes of a form.
const FORM_BYTES: usize = 64 * 1024;

/// What pages work with. Cloning it is cheap.
#[derive(Clone)]
pub struct Console {
    /// The use cases' ports and settings.
    pub app: Application,
    /// Makes the `Set-Cookie` value that gives a browser a session.
    pub session_cookie: Arc<dyn Fn(&Secret) -> String + Send + Sync>,
    /// The contract, as OpenAPI.
    pub contract: Arc<serde_json::Value>,
    /// Every kind of problem.
    pub problems: Arc<Vec<ExplainedProblem>>,
    /// The mailbox of the development profile; in production there is none.
    pub mailbox: Option<Arc<dyn DevMailbox>>,
}

/// All pages.
pub fn router(console: Console) -> Router {
    let mut pages = Router::new()
        .route("/", get(home::show))
        .route("/assets/console.css", get(page::style))
        .route(
            "/signup/complete",
            get(accounts::complete_sign_up::show).post(accounts::complete_sign_up::submit),
        )
        .route("/invitations/accept", get(invitations::accept::show).post(invitations::accept::submit))
        .route("/password/reset", get(accounts::reset_password::show).post(accounts::reset_password::submit))
        .route(
            "/me/email/confirm",
            get(accounts::confirm_email_change::show).post(accounts::confirm_email_change::submit),
        )
        .route("/docs", get(contract::show))
        .route("/problems", get(problems::list))
        .route("/problems/{code}", get(problems::show));
    if console.mailbox.is_some() {
        pages = pages.route("/dev/mailbox", get(dev_mailbox::show));
    }
    pages.layer(DefaultBodyLimit::max(FORM_BYTES)).with_state(console)
}
