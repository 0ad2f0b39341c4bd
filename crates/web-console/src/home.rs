//! The front door.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;

use crate::{Console, page::page};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    mailbox: bool,
}

pub(crate) async fn show(State(console): State<Console>) -> Response {
    page(StatusCode::OK, &Home { mailbox: console.mailbox.is_some() })
}
