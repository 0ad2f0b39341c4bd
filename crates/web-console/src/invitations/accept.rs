//! The page behind the link in an invitation. Looking at it uses nothing up.
//!
//! It knows three readers: somebody who is new, somebody who has an account and is not signed in, and somebody who is signed in; be it
//! in the right account, or in another.

use askama::Template;
use axum::response::Response;
use rollcall_application::{
    Error, ErrorChain,
    invitations::{self, Accept, NewAccount},
    ports::FoundInvitation,
    second_factors::Presented,
    sessions::{self, Admitted, SecondStep, SignIn, SignedIn},
};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;

use crate::{
    accounts::{settle_in, welcome},
    callers::{Enrollee, Visitor},
    form_token::FormStart,
    link::{Asked, Link, PostedByLink},
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::{Field, Username},
    posted::Posted,
    refused::Answer,
    texts::Texts,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "invitations/accept.html")]
struct AcceptInvitationPage<'a> {
    t: Texts,
    token: &'a str,
    organization: &'a str,
    role: &'static str,
    email: &'a str,
    inviter: Option<&'a str>,
    reader: Reader<'a>,
    name: &'a str,
    mistakes: Mistakes,
}

/// Who reads the page.
enum Reader<'a> {
    Newcomer,
    WithAccount,
    SignedIn { name: &'a str, start: FormStart },
    Other { text: String, switch: FormStart, then: String },
}

impl Page for AcceptInvitationPage<'_> {
    const LAYOUT: Layout = Layout::Sheet;
    const SCRIPTS: &'static [&'static str] = &["time_zone.js"];

    fn title(&self) -> String {
        self.t.join_title(self.organization)
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    token: String,
    #[serde(default)]
    name: String,
    password: String,
    /// A code of the account's second factor, if it has one.
    #[serde(default)]
    code: String,
    /// That of the device, if a script could look.
    #[serde(default)]
    time_zone: String,
}

/// What somebody sends who is signed in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Here {
    token: String,
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Answer {
    let token = link.token()?;
    let found = invitations::preview(&visitor.console.app, &Secret::new(token)).await?;
    Ok(page(&visitor, &found, token, "", Mistakes::none()))
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let token = Secret::new(fields.token.as_str());
    let found = invitations::preview(&visitor.console.app, &token).await?;
    let accepted = if found.account_exists {
        with_account(&visitor, &found, &fields).await
    } else {
        as_newcomer(&visitor, &fields).await
    };
    let mistakes = match accepted {
        Ok(signed_in) => return Ok(welcome(&visitor, &signed_in).await),
        Err(Kept::Mistakes(mistakes)) => mistakes,
        // Which address it is is beyond doubt here.
        Err(Kept::By(Error::InvalidCredentials)) => {
            Mistakes::of_proof(visitor.t, Error::WrongPassword, "password", "code")?
        }
        Err(Kept::By(error)) => Mistakes::of_proof(visitor.t, error, "password", "code")?,
    };
    Ok(page(&visitor, &found, &fields.token, &fields.name, mistakes))
}

/// Somebody accepts in the session that they are in.
pub(super) async fn submit_here(Posted { who: caller, fields }: Posted<Enrollee, Here>) -> Answer {
    let command = Accept { token: Secret::new(fields.token), new_account: None };
    let app = &caller.console.app;
    let signed_in = invitations::accept(app, Some(&caller.actor), &caller.origin, command).await?;
    Ok(welcome(&caller, &signed_in).await)
}

/// What keeps somebody from accepting.
enum Kept {
    Mistakes(Mistakes),
    By(Error),
}

impl From<Error> for Kept {
    fn from(error: Error) -> Self {
        Self::By(error)
    }
}

async fn as_newcomer(visit: &Visit, fields: &Fields) -> Result<SignedIn, Kept> {
    let mut mistakes = Mistakes::none();
    let name = mistakes.check(visit.t, "name", fields.name.parse());
    let password = mistakes.check(visit.t, "password", Password::chosen(&fields.password));
    let (Some(name), Some(password)) = (name, password) else { return Err(Kept::Mistakes(mistakes)) };
    let new_account = Some(NewAccount { name, password });
    let command = Accept { token: Secret::new(fields.token.as_str()), new_account };
    let signed_in = invitations::accept(&visit.console.app, None, &visit.origin, command).await?;
    settle_in(visit, &signed_in, &fields.time_zone).await;
    Ok(signed_in)
}

/// Signs in to the invited address's account, accepts in that session, and leaves with the new one alone.
async fn with_account(visit: &Visit, found: &FoundInvitation, fields: &Fields) -> Result<SignedIn, Kept> {
    let (app, origin) = (&visit.console.app, &visit.origin);
    let command = SignIn {
        email: found.invitation.email.clone(),
        password: Password::given(&fields.password),
        organization: None,
        devices: visit.console.cookies.devices(&visit.headers),
    };
    let signed_in = match sessions::sign_in(app, origin, command).await? {
        Admitted::SignedIn(signed_in) => *signed_in,
        Admitted::Challenged(_) if fields.code.trim().is_empty() => {
            let mut mistakes = Mistakes::none();
            mistakes.add("code", visit.t.join_code_needed());
            return Err(Kept::Mistakes(mistakes));
        }
        Admitted::Challenged(challenge) => {
            let presented = Presented::typed(&fields.code);
            let devices = visit.console.cookies.devices(&visit.headers);
            let command = SecondStep { challenge: challenge.token, presented, devices };
            sessions::second_step(app, origin, command).await?
        }
    };
    let actor = sessions::authenticate(app, &signed_in.token, origin.clone()).await?;
    let command = Accept { token: Secret::new(fields.token.as_str()), new_account: None };
    let accepted = invitations::accept(app, Some(&actor), origin, command).await;
    // What has been accepted is accepted, even if the session that it took is still open for a while.
    if let Err(error) = sessions::sign_out(app, &actor).await {
        tracing::warn!(
            error = %ErrorChain(&error),
            "a session that was only needed to accept an invitation is still open"
        );
    }
    Ok(accepted?)
}

fn page(visit: &Visit, found: &FoundInvitation, token: &str, name: &str, mistakes: Mistakes) -> Response {
    let t = visit.t;
    let reader = match visit.actor() {
        Some(actor) if actor.user.email == found.invitation.email => Reader::SignedIn {
            name: actor.user.name.as_str(),
            start: visit.forms.begin("/invitations/accept/here"),
        },
        Some(actor) => Reader::Other {
            text: t.join_other(found.invitation.email.masked(), actor.user.email.masked()),
            switch: visit.forms.begin("/sign-out"),
            then: visit.here().map_or_else(String::new, |here| here.to_string()),
        },
        None if found.account_exists => Reader::WithAccount,
        None => Reader::Newcomer,
    };
    let page = AcceptInvitationPage {
        t,
        token,
        organization: found.organization_name.as_str(),
        role: t.role(found.invitation.role),
        email: found.invitation.email.as_str(),
        inviter: found.inviter_name.as_deref(),
        reader,
        name,
        mistakes,
    };
    if page.mistakes.any() { visit.mend(&page) } else { visit.page(&page) }
}
