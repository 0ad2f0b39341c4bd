//! The page behind a link to an invitation that was passed on. Whoever is not signed in with the invited address can do nothing here but
//! find out where to go: the link proves nothing.

use askama::Template;
use rollcall_application::invitations::{self, PassedOn};
use serde::Deserialize;

use crate::{
    accounts::welcome,
    callers::{Enrollee, Visitor},
    form_token::FormStart,
    link::Asked,
    mistakes::Mistakes,
    page::{Layout, Page},
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
};

pub(super) const PATH: &str = "/invitations/open";

#[derive(Template)]
#[template(path = "invitations/passed_on.html")]
struct PassedOnPage<'a> {
    t: Texts,
    of: &'a str,
    organization: &'a str,
    role: &'static str,
    inviter: Option<&'a str>,
    /// Whom it is for, so that whoever it is knows.
    email: String,
    reader: Reader<'a>,
}

/// Who reads the page.
enum Reader<'a> {
    /// Nobody is signed in: where they do that.
    Nobody { sign_in: String },
    /// Whoever it is for.
    SignedIn { name: &'a str, start: FormStart },
    /// Somebody else.
    Other { text: String, switch: FormStart, then: String },
}

impl Page for PassedOnPage<'_> {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.join_title(self.organization)
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// What the link brings along.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    of: String,
}

/// What the form behind it sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    of: String,
}

pub(super) async fn show(visitor: Visitor, Asked(Link { of }): Asked<Link>) -> Answer {
    if of.is_empty() {
        return Err(Refused::Misread);
    }
    let t = visitor.t;
    let PassedOn { organization_name, inviter_name, invitation, .. } =
        invitations::passed_on(&visitor.console.app, &of).await?;
    let here = visitor.here();
    let reader = match visitor.actor() {
        None => Reader::Nobody {
            sign_in: here.map_or_else(|| "/sign-in".to_owned(), |here| here.after("/sign-in")),
        },
        Some(actor) if actor.user.email == invitation.email => {
            Reader::SignedIn { name: actor.user.name.as_str(), start: visitor.forms.begin(PATH) }
        }
        Some(actor) => Reader::Other {
            text: t.join_other(invitation.email.masked(), actor.user.email.masked()),
            switch: visitor.forms.begin("/sign-out"),
            then: here.map_or_else(String::new, |here| here.to_string()),
        },
    };
    Ok(visitor.page(&PassedOnPage {
        t,
        of: &of,
        organization: organization_name.as_str(),
        role: t.role(invitation.role),
        inviter: inviter_name.as_deref(),
        email: invitation.email.masked(),
        reader,
    }))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Enrollee, Fields>) -> Answer {
    let app = &caller.console.app;
    let signed_in = invitations::accept_passed_on(app, &caller.actor, &caller.origin, &fields.of).await?;
    Ok(welcome(&caller, &signed_in).await)
}
