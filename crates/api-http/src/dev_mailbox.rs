//! The mailbox of the development profile, for programs. In production these routes do not exist.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use http::StatusCode;
use rollcall_application::{
    Error,
    mail::{DevMail, DevMailbox},
};
use rollcall_domain::id::MailId;
use serde::Serialize;
use time::OffsetDateTime;

use crate::problem::Result;

type Mailbox = Arc<dyn DevMailbox>;

#[derive(Serialize)]
struct Mails {
    data: Vec<Mail>,
}

#[derive(Serialize)]
struct Mail {
    id: MailId,
    to: String,
    subject: String,
    text: String,
    html: String,
    links: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    sent_at: OffsetDateTime,
}

impl From<DevMail> for Mail {
    fn from(DevMail { id, to, subject, text, html, links, sent_at }: DevMail) -> Self {
        Self { id, to, subject, text, html, links, sent_at }
    }
}

/// Reads and empties the mailbox.
pub fn dev_mailbox(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/dev/mailbox.json", get(list))
        .route("/dev/mailbox", axum::routing::delete(clear))
        .with_state(mailbox)
}

async fn list(State(mailbox): State<Mailbox>) -> Result<Json<Mails>> {
    let mails = mailbox.list().await.map_err(Error::from)?;
    Ok(Json(Mails { data: mails.into_iter().map(Mail::from).collect() }))
}

async fn clear(State(mailbox): State<Mailbox>) -> Result<StatusCode> {
    mailbox.clear().await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
