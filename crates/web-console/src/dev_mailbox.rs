//! The mailbox of the development profile.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use rollcall_application::{Error, mail::DevMail};
use time::{format_description::BorrowedFormatItem, macros::format_description};

use crate::{Console, failure::failure, page::page};

/// How times stand in the list: `2026-01-09 03:04:05 UTC`.
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");

#[derive(Template)]
#[template(path = "dev_mailbox.html")]
struct Mailbox {
    mails: Vec<Listed>,
}

struct Listed {
    mail: DevMail,
    sent_at: String,
}

pub(crate) async fn show(State(console): State<Console>) -> Response {
    let mails = match &console.mailbox {
        Some(mailbox) => mailbox.list().await,
        None => Ok(Vec::new()),
    };
    match mails {
        Ok(mails) => {
            let listed = mails.into_iter().map(|mail| Listed {
                sent_at: mail.sent_at.format(MOMENT).unwrap_or_else(|_| mail.sent_at.to_string()),
                mail,
            });
            page(StatusCode::OK, &Mailbox { mails: listed.collect() })
        }
        Err(error) => failure(&Error::from(error)),
    }
}
