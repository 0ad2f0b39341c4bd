//! The page behind the link that confirms an address. Looking at it uses nothing up.

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
    accounts::{self, CompleteSignUp},
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
    welcome::welcome,
};

#[derive(Template)]
#[template(path = "complete_sign_up.html")]
struct CompleteSignUpPage<'a> {
    token: &'a str,
    problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submitted {
    token: String,
    password: String,
}

pub(crate) async fn show(link: Result<Query<Link>, QueryRejection>) -> Response {
    let Ok(Query(link)) = link else { return misread() };
    page(StatusCode::OK, &CompleteSignUpPage { token: &link.token, problem: None })
}

pub(crate) async fn submit(
    State(console): State<Console>,
    Extension(origin): Extension<Origin>,
    submitted: Result<Form<Submitted>, FormRejection>,
) -> Response {
    let Ok(Form(Submitted { token, password })) = submitted else { return misread() };
    let completed = async {
        let password = Password::chosen(&password).map_err(|problem| Error::invalid("password", problem))?;
        let command = CompleteSignUp { token: Secret::new(token.clone()), password };
        accounts::complete_sign_up(&console.app, &origin, command).await
    };
    match completed.await {
        Ok(signed_in) => welcome(&console, &signed_in),
        Err(error) => match mendable(&error) {
            Some(problem) => {
                let form = CompleteSignUpPage { token: &token, problem: Some(problem) };
                page(StatusCode::UNPROCESSABLE_ENTITY, &form)
            }
            None => failure(&error),
        },
    }
}
