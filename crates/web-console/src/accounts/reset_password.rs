//! The page behind the link that lets another password be chosen. Looking at it uses nothing up.

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
use rollcall_application::{
    Error,
    accounts::{self, ResetPassword},
};
use rollcall_domain::{
    audit::Origin,
    secret::{Password, Secret},
};
use serde::Deserialize;

use crate::{
    Console,
    failure::{failure, mendable, misread},
    link::Link,
    page::page,
};

#[derive(Template)]
#[template(path = "reset_password.html")]
struct ResetPasswordPage<'a> {
    token: &'a str,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "password_reset_done.html")]
struct Done;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submitted {
    token: String,
    password: String,
}

pub(crate) async fn show(link: Result<Query<Link>, QueryRejection>) -> Response {
    let Ok(Query(link)) = link else { return misread() };
    page(StatusCode::OK, &ResetPasswordPage { token: &link.token, problem: None })
}

pub(crate) async fn submit(
    State(console): State<Console>,
    Extension(origin): Extension<Origin>,
    submitted: Result<Form<Submitted>, FormRejection>,
) -> Response {
    let Ok(Form(Submitted { token, password })) = submitted else { return misread() };
    let changed = async {
        let password = Password::checked(&password).map_err(|problem| Error::invalid("password", problem))?;
        let command = ResetPassword { token: Secret::new(token.clone()), password };
        accounts::reset_password(&console.app, &origin, command).await
    };
    match changed.await {
        Ok(()) => page(StatusCode::OK, &Done),
        Err(error) => match mendable(&error) {
            Some(problem) => {
                let form = ResetPasswordPage { token: &token, problem: Some(problem) };
                page(StatusCode::UNPROCESSABLE_ENTITY, &form)
            }
            None => failure(&error),
        },
    }
}
