//! What kinds of problems there are, and what to do about each: the pages behind a problem's `type`.

use askama::Template;
use axum::{extract::Path, response::Response};

use crate::{
    callers::Visitor,
    mistakes::Mistakes,
    page::{Layout, Page},
    refused::{Answer, Refused},
    texts::Texts,
};

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
#[template(path = "readers/problems.html")]
struct ProblemsPage<'a> {
    t: Texts,
    title: &'a str,
    problems: &'a [ExplainedProblem],
}

impl Page for ProblemsPage<'_> {
    const LAYOUT: Layout = Layout::Document;

    fn title(&self) -> String {
        self.title.to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(crate) async fn list(visitor: Visitor) -> Response {
    let t = visitor.t;
    visitor.page(&ProblemsPage { t, title: t.problems_title(), problems: &visitor.console.problems })
}

pub(crate) async fn show(visitor: Visitor, Path(code): Path<String>) -> Answer {
    let t = visitor.t;
    match visitor.console.problems.iter().find(|problem| problem.code == code) {
        Some(problem) => {
            let problems = std::slice::from_ref(problem);
            Ok(visitor.page(&ProblemsPage { t, title: problem.title, problems }))
        }
        None => Err(Refused::NoSuchPage),
    }
}
