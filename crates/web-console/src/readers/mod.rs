//! Pages for readers: the contract, the problems explained, and the mailbox of the development profile. What they are about speaks English.

use axum::routing::get;

use crate::routes::Routes;

mod contract;
mod dev_mailbox;
mod problems;

pub use problems::ExplainedProblem;

pub(crate) fn routes(mailbox: bool) -> Routes {
    let routes = Routes::new()
        .route("/docs", get(contract::show))
        .route("/problems", get(problems::list))
        .route("/problems/{code}", get(problems::show));
    if mailbox { routes.route("/dev/mailbox", get(dev_mailbox::show)) } else { routes }
}
