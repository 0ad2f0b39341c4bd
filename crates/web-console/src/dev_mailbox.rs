//! The mailbox of the development profile.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use rollcall_application::{Error, mail::DevMail};

use crate::{Console, failure::failure, page::page};

#[derive(Template)]
#[template(path = "dev_mailbox.html")]
struct Mailbox {
    mails: Vec<DevMail>,
}

pub(crate) async fn show(State(console): State<Console>) -> Response {
    let mails = match &console.mailbox {
        Some(mailbox) => mailbox.list().await,
        None => Ok(Vec::new()),
    };
    match mails {
        Ok(mails) => page(StatusCode::OK, &Mailbox { mails }),
        Err(error) => failure(&Error::from(error)),
    }
}
