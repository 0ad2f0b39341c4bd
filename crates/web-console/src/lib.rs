//! The only room that knows HTML: the console, the pages behind the links in mails, and those for readers.
//!
//! Everything a page needs comes from Rollcall itself, and every page works without a script as far as a form can. A request passes
//! the layer [`visit::around`], which finds out who makes it; a handler asks for whom its page is for ([`callers`]), calls the use
//! case that the API calls, and gives back a [`Page`](page::Page) in the [frame](page), or a [refusal](refused) with `?`. Nothing is
//! decided here. How it is done in detail: docs/decisions/0028-the-console.md; step by step: docs/adding-a-use-case.md.

mod accounts;
mod api_keys;
mod assets;
mod audit;
mod availability;
mod callers;
mod calls;
mod cookies;
mod escalations;
mod form_token;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod home;
mod invitations;
mod language;
mod link;
mod members;
mod mistakes;
mod moment;
mod notice;
mod organizations;
mod own_path;
mod page;
mod parts;
mod passkeys;
mod place;
mod plans;
mod posted;
mod problem_page;
mod readers;
mod recordings;
mod refused;
mod routes;
mod second_factors;
mod sections;
mod security;
mod sessions;
mod texts;
mod visit;
mod webhooks;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware::from_fn_with_state, routing::get};
use rollcall_application::{Application, mail::DevMailbox};

pub use cookies::Cookies;
pub use readers::ExplainedProblem;
use routes::Routes;

/// The most bytes of a form.
const FORM_BYTES: usize = 64 * 1024;

/// What pages work with. Cloning it is cheap.
#[derive(Clone)]
pub struct Console {
    /// The use cases' ports and settings.
    pub app: Application,
    /// Where browsers find us, without a slash at its end: what links begin with that are passed on.
    pub public_url: Arc<str>,
    /// The cookies by which the API knows a browser.
    pub cookies: Arc<dyn Cookies>,
    /// The contract, as OpenAPI.
    pub contract: Arc<serde_json::Value>,
    /// Every kind of problem.
    pub problems: Arc<Vec<ExplainedProblem>>,
    /// The mailbox of the development profile; in production there is none.
    pub mailbox: Option<Arc<dyn DevMailbox>>,
}

/// All pages; with that of the development profile or without.
fn pages(mailbox: bool) -> Routes {
    Routes::new()
        .route("/", get(home::show))
        .route("/settings/{*rest}", get(home::nothing_there))
        .route("/account/{*rest}", get(home::nothing_there))
        .merge(accounts::routes())
        .merge(sessions::routes())
        .merge(second_factors::routes())
        .merge(passkeys::routes())
        .merge(availability::routes())
        .merge(calls::routes())
        .merge(recordings::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(api_keys::routes())
        .merge(security::routes())
        .merge(webhooks::routes())
        .merge(audit::routes())
        .merge(organizations::routes())
        .merge(plans::routes())
        .merge(readers::routes(mailbox))
}

/// The path of every page and of every form, as the router has it: with `{id}` for what differs. Those of the development profile are among
/// them.
pub fn paths() -> Vec<&'static str> {
    pages(true).into_paths()
}

/// All pages.
pub fn router(console: Console) -> Router {
    pages(console.mailbox.is_some())
        .into_router()
        .layer(from_fn_with_state(console.clone(), visit::around))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        // The same for everybody, so nobody is looked up for it.
        .route("/assets/{file}", get(assets::serve))
        .with_state(console)
}
