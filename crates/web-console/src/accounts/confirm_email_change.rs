//! The page behind the link that confirms another address. Looking at it uses nothing up.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use http::StatusCode;
use rollcall_application::accounts;
use rollcall_domain::{audit::Origin, secret::Secret};
use serde::Deserialize;

use crate::{
    Console,
    failure::{failure, misread},
    link::Link,
    page::page,
};

#[derive(Template)]
#[template(path = "confirm_email_change.html")]
struct ConfirmEmailChangePage<'a> {
    token: &'a str,
}

#[derive(Template)]
#[template(path = "email_changed.html")]
struct Done;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submitted {
    token: String,
}

pub(crate) async fn show(link: Result<Query<Link>, QueryRejection>) -> Response {
    let Ok(Query(link)) = link else { return misread() };
    page(StatusCode::OK, &ConfirmEmailChangePage { token: &link.token })
}

pub(crate) async fn submit(
    State(console): State<Console>,
    Extension(origin): Extension<Origin>,
    submitted: Result<Form<Submitted>, FormRejection>,
) -> Response {
    let Ok(Form(Submitted { token })) = submitted else { return misread() };
    match accounts::confirm_email_change(&console.app, &origin, &Secret::new(token)).await {
        Ok(()) => page(StatusCode::OK, &Done),
        Err(error) => failure(&error),
    }
}
