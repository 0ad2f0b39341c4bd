//! What kinds of problems there are, and what to do about each: the pages behind a problem's `type`.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;

use crate::{Console, failure::nothing_there, page::page};

/// A kind of problem.
#[derive(Debug, Clone)]
pub struct ExplainedProblem {
    /// Its stable name.
    pub code: &'static str,
    /// The status it comes with.
    pub status: u16,
    /// The problem in a few words.
    pub title: &'static str,
    /// What it means, and what to do about it.
    pub explanation: &'static str,
}

#[derive(Template)]
#[template(path = "problems.html")]
struct Problems<'a> {
    title: &'a str,
    problems: &'a [ExplainedProblem],
}

pub(crate) async fn list(State(console): State<Console>) -> Response {
    page(StatusCode::OK, &Problems { title: "Problems", problems: &console.problems })
}

pub(crate) async fn show(State(console): State<Console>, Path(code): Path<String>) -> Response {
    match console.problems.iter().find(|problem| problem.code == code) {
        Some(problem) => {
            page(StatusCode::OK, &Problems { title: problem.title, problems: std::slice::from_ref(problem) })
        }
        None => nothing_there(),
    }
}
