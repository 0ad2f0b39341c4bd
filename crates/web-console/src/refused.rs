//! When a page does not do what it was asked: where to go first, or a page that says why not, and what to do.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use rollcall_application::{Error, ErrorChain, second_factors};

use crate::{
    form_token::FormStart,
    mistakes::Mistakes,
    notice::Notice,
    page::{Layout, Page},
    parts::{Field, Username},
    posted::is_secret,
    texts::Texts,
    visit::{Standing, Visit},
};

/// Why a page does not do what it was asked. It becomes a page in the language of whoever asked once it is through the layer
/// [`around`](crate::visit::around), so handlers just use `?`.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A use case refused.
    Error(Error),
    /// What was to prove who somebody is does not.
    Unproven(Mistakes),
    /// Nobody is signed in.
    SignInFirst,
    /// They are in no organization.
    NowhereYet,
    /// The form is not of a page that was shown to this session.
    StaleForm,
    /// Somebody is signed in already who was to sign in.
    InAlready,
    /// The link or the form is not as we have made it.
    Misread,
    /// The form is larger than any form is.
    TooLarge,
    /// Nothing is under the address.
    NoSuchPage,
}

/// What handlers of pages give back.
pub(crate) type Answer = Result<Response, Refused>;

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => Self::SignInFirst,
            error => Self::Error(error),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Why something was refused, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explanation {
    pub(crate) status: StatusCode,
    pub(crate) title: String,
    pub(crate) text: String,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    t: Texts,
    explanation: &'a Explanation,
    back: Option<&'a str>,
    /// What names the request, where it is nobody's fault but ours.
    request_id: Option<&'a str>,
    /// For whoever can go nowhere but out, and come in again elsewhere.
    sign_out: Option<FormStart>,
}

impl Page for RefusedPage<'_> {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.explanation.title.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// Asks for a fresh proof, and then does what was asked.
#[derive(Template)]
#[template(path = "elevate.html")]
struct ElevatePage<'a> {
    t: Texts,
    start: FormStart,
    mistakes: Mistakes,
    /// What goes along unseen.
    kept: Vec<&'a (String, String)>,
    /// What must be given once more, as secrets are not put into pages: the fields, and what browsers fill in there.
    secrets: Vec<(&'a str, &'static str)>,
    /// Whose password it is.
    email: &'a str,
    has_second_factor: bool,
    /// Whether the account has a passkey that can be asked for here.
    has_passkey: bool,
    back: Option<&'a str>,
}

impl Page for ElevatePage<'_> {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["passkeys.js"];

    fn title(&self) -> String {
        self.t.elevate_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl Visit {
    /// The page for a refusal.
    pub(crate) async fn refuse(&self, refused: &Refused) -> Response {
        let t = self.t;
        match refused {
            Refused::Error(Error::ElevationRequired) => self.ask_for_proof(Mistakes::none()).await,
            Refused::Unproven(mistakes) => self.ask_for_proof(mistakes.clone()).await,
            // To whoever invites, it is another thing than to whoever is invited.
            Refused::Error(Error::InvitationGone) if self.section().is_some() => self.explain(&Explanation {
                status: StatusCode::GONE,
                title: t.invitation_closed_title().to_owned(),
                text: t.invitation_closed().to_owned(),
            }),
            // Whoever is not signed in here is told, as they would be asked to sign in first.
            Refused::Error(Error::MfaRequired) if self.actor().is_some() => self.go_to(ENROL),
            Refused::Error(error) => {
                if let Error::Unavailable(source) = error {
                    tracing::warn!(error = %ErrorChain(source.as_ref()), "a dependency is unavailable");
                }
                if let Error::Internal(source) = error {
                    tracing::error!(error = %ErrorChain(source.as_ref()), "internal error");
                }
                let mut response = self.explain(&t.explain(error));
                if let Some(seconds) = error.retry_after() {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
                response
            }
            Refused::SignInFirst => match self.here() {
                Some(here) => self.go_to(here.after("/sign-in")),
                None => self.with_notice(self.go_to("/sign-in"), Notice::mind(t.signed_out_meanwhile())),
            },
            Refused::NoSuchPage => self.no_such_page(),
            Refused::TooLarge => self.explain(&Explanation {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                title: t.too_large_title().to_owned(),
                text: t.too_large().to_owned(),
            }),
            Refused::NowhereYet => self.go_to("/organizations"),
            Refused::InAlready => self.go_to("/sign-in"),
            Refused::StaleForm => self.explain(&Explanation {
                status: StatusCode::FORBIDDEN,
                title: t.stale_form_title().to_owned(),
                text: t.stale_form().to_owned(),
            }),
            Refused::Misread => self.explain(&Explanation {
                status: StatusCode::BAD_REQUEST,
                title: t.misread_title().to_owned(),
                text: match BEHIND_LINKS.contains(&self.path.as_str()) {
                    true => t.misread_link().to_owned(),
                    false => t.misread().to_owned(),
                },
            }),
        }
    }

    /// The page that says why something was refused.
    pub(crate) fn explain(&self, explanation: &Explanation) -> Response {
        self.page_with(
            explanation.status,
            &RefusedPage {
                t: self.t,
                explanation,
                // Not to where the same would be refused again.
                back: self.section().filter(|section| *section != self.path && self.is_open(section)),
                request_id: self
                    .origin
                    .request_id
                    .as_deref()
                    .filter(|_| explanation.status.is_server_error()),
                sign_out: matches!(self.standing(), Standing::Suspended)
                    .then(|| self.forms.begin("/sign-out")),
            },
        )
    }

    /// Whether whoever is signed in has a passkey, and it can be asked for under this address.
    async fn has_passkey(&self) -> bool {
        let app = &self.console.app;
        match self.actor() {
            Some(actor) if app.webauthn.is_some() && actor.user.mfa_enabled => {
                let factors = second_factors::show(app, actor).await;
                // Who cannot be told is not offered it: the password does as well.
                factors.is_ok_and(|factors| !factors.passkeys.is_empty())
            }
            Some(_) | None => false,
        }
    }

    fn no_such_page(&self) -> Response {
        self.explain(&Explanation {
            status: StatusCode::NOT_FOUND,
            title: self.t.nothing_there_title().to_owned(),
            text: self.t.nothing_there().to_owned(),
        })
    }

    async fn ask_for_proof(&self, mistakes: Mistakes) -> Response {
        let (secrets, kept): (Vec<_>, Vec<_>) = self.posted().iter().partition(|(name, _)| is_secret(name));
        let page = ElevatePage {
            t: self.t,
            start: self.forms.begin(&self.path),
            mistakes,
            kept,
            secrets: secrets.into_iter().map(|(name, _)| (name.as_str(), filled_with(name))).collect(),
            email: self.actor().map_or("", |actor| actor.user.email.as_str()),
            has_second_factor: self.actor().is_some_and(|actor| actor.user.mfa_enabled),
            has_passkey: self.has_passkey().await,
            back: self.section(),
        };
        match page.mistakes.any() {
            true => self.mend(&page),
            false => self.page_with(StatusCode::FORBIDDEN, &page),
        }
    }
}

/// What browsers fill into a field with a secret by themselves (HTML, section 4.10.18.7).
fn filled_with(secret: &str) -> &'static str {
    match secret {
        "new_password" => "new-password",
        "password" | "current_password" => "current-password",
        "code" => "one-time-code",
        _ => "off",
    }
}

/// The pages that links lead to which are mailed or passed on.
const BEHIND_LINKS: [&str; 5] =
    ["/signup/complete", "/invitations/accept", "/invitations/open", "/password/reset", "/me/email/confirm"];

/// Where whoever has to set up a second factor first is sent.
pub(crate) const ENROL: &str = "/account/second-factor";
