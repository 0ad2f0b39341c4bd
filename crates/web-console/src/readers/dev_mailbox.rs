//! The mailbox of the development profile.

use askama::Template;
use rollcall_application::{Error, mail::DevMail};

use crate::{
    callers::Visitor,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "readers/dev_mailbox.html")]
struct MailboxPage {
    t: Texts,
    mails: Vec<Listed>,
}

impl Page for MailboxPage {
    const LAYOUT: Layout = Layout::Document;

    fn title(&self) -> String {
        self.t.mailbox_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

struct Listed {
    mail: DevMail,
    sent_at: Moment,
}

pub(crate) async fn show(visitor: Visitor) -> Answer {
    let mails = match &visitor.console.mailbox {
        Some(mailbox) => mailbox.list().await.map_err(Error::from)?,
        None => Vec::new(),
    };
    let mails = mails.into_iter().map(|mail| Listed { sent_at: visitor.times.show(mail.sent_at), mail });
    Ok(visitor.page(&MailboxPage { t: visitor.t, mails: mails.collect() }))
}
