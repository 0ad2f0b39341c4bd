//! Signing in with address and password.

use askama::Template;
use axum::response::Response;
use rollcall_application::sessions::{self, Admitted, SignIn};
use rollcall_domain::secret::Password;
use serde::Deserialize;

use super::challenge;
use crate::{
    callers::Visitor,
    form_token::FormStart,
    link::{Asked, Then},
    mistakes::Mistakes,
    own_path::OwnPath,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::Answer,
    sections::first_for,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "sessions/sign_in.html")]
pub(super) struct SignInPage {
    t: Texts,
    start: FormStart,
    passkey: Option<FormStart>,
    then: String,
    email: String,
    mistakes: Mistakes,
}

impl Page for SignInPage {
    const LAYOUT: Layout = Layout::Sheet;
    const SCRIPTS: &'static [&'static str] = &["passkeys.js"];

    fn title(&self) -> String {
        self.t.sign_in_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl SignInPage {
    /// The page as it is for somebody who goes on to `then`.
    pub(super) fn of(visitor: &Visitor, then: Option<&OwnPath>, email: &str, mistakes: Mistakes) -> Self {
        Self {
            t: visitor.t,
            start: visitor.forms.begin("/sign-in"),
            passkey: visitor.console.app.webauthn.is_some().then(|| visitor.forms.begin("/sign-in/passkey")),
            then: then.map_or_else(String::new, ToString::to_string),
            email: email.to_owned(),
            mistakes,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    email: String,
    password: String,
    #[serde(default)]
    then: String,
}

pub(super) async fn show(visitor: Visitor, Asked(then): Asked<Then>) -> Response {
    let then = then.path();
    match visitor.actor() {
        Some(actor) => visitor.go_to(then.as_ref().map_or(first_for(&actor.grant()), OwnPath::as_str)),
        None => visitor.page(&SignInPage::of(&visitor, then.as_ref(), "", Mistakes::none())),
    }
}

pub(super) async fn submit(Posted { who: visitor, fields }: Posted<Visitor, Fields>) -> Answer {
    let then = OwnPath::read(&fields.then);
    let mut mistakes = Mistakes::none();
    let email = mistakes.check(visitor.t, "email", fields.email.parse());
    let Some(email) = email else {
        return Ok(visitor.mend(&SignInPage::of(&visitor, then.as_ref(), &fields.email, mistakes)));
    };
    let command = SignIn {
        email,
        password: Password::given(&fields.password),
        organization: None,
        devices: visitor.console.cookies.devices(&visitor.headers),
    };
    match sessions::sign_in(&visitor.console.app, &visitor.origin, command).await {
        Ok(Admitted::SignedIn(signed_in)) => Ok(visitor.enter(&signed_in, then.as_ref())),
        Ok(Admitted::Challenged(asked)) => Ok(challenge(&visitor, &asked, then.as_ref())),
        Err(error) => {
            let mistakes = Mistakes::of_proof(visitor.t, error, "password", "code")?;
            Ok(visitor.mend(&SignInPage::of(&visitor, then.as_ref(), &fields.email, mistakes)))
        }
    }
}
