//! The second step of signing in. What the password has led to waits in a cookie that no script and no page can read.

use askama::Template;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use rollcall_application::{
    Error,
    second_factors::Presented,
    sessions::{self, Challenge, SecondStep, SecondStepWithPasskey},
};
use rollcall_domain::{second_factors::Method, secret::Secret};
use serde::{Deserialize, Serialize};

use crate::{
    callers::Visitor,
    cookies::Own,
    form_token::FormStart,
    link::{Asked, Then},
    mistakes::Mistakes,
    notice::Notice,
    own_path::OwnPath,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
    visit::{Visit, add_cookie},
};

/// What waits in the cookie.
#[derive(Serialize, Deserialize)]
struct PendingSignIn {
    challenge: String,
    passkey: bool,
}

#[derive(Template)]
#[template(path = "sessions/second_step.html")]
struct SecondStepPage {
    t: Texts,
    start: FormStart,
    passkey: bool,
    then: String,
    mistakes: Mistakes,
}

impl Page for SecondStepPage {
    const LAYOUT: Layout = Layout::Sheet;
    const SCRIPTS: &'static [&'static str] = &["passkeys.js"];

    fn title(&self) -> String {
        self.t.second_step_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[serde(default)]
    code: String,
    #[serde(default)]
    credential: String,
    #[serde(default)]
    then: String,
}

/// Sends somebody who has shown the right password on to the second step.
pub(crate) fn challenge(visit: &Visit, asked: &Challenge, then: Option<&OwnPath>) -> Response {
    const PAGE: &str = "/sign-in/second-factor";
    let mut response = visit.go_to(then.map_or_else(|| PAGE.to_owned(), |then| then.after(PAGE)));
    let waiting = PendingSignIn {
        challenge: asked.token.expose().to_owned(),
        passkey: asked.methods.contains(&Method::Passkey),
    };
    if let Some(value) = Own::Challenge.seal(&visit.console.app, &waiting) {
        add_cookie(&mut response, &Own::Challenge.give(&value, visit.console.cookies.secure()));
    }
    response
}

pub(super) async fn show(visitor: Visitor, Asked(then): Asked<Then>) -> Response {
    let then = then.path();
    match waiting(&visitor) {
        Some(waiting) => visitor.page(&page(&visitor, &waiting, then.as_ref(), Mistakes::none())),
        None => start_over(&visitor),
    }
}

pub(super) async fn submit(Posted { who: visitor, fields }: Posted<Visitor, Fields>) -> Answer {
    let Some(waiting) = waiting(&visitor) else { return Ok(start_over(&visitor)) };
    let then = OwnPath::read(&fields.then);
    let challenge = Secret::new(waiting.challenge.as_str());
    let devices = visitor.console.cookies.devices(&visitor.headers);
    let (app, origin) = (&visitor.console.app, &visitor.origin);
    let stepped = if fields.credential.is_empty() {
        let presented = Presented::typed(&fields.code);
        sessions::second_step(app, origin, SecondStep { challenge, presented, devices }).await
    } else {
        let credential = Secret::new(fields.credential);
        let command = SecondStepWithPasskey { challenge, credential, devices };
        sessions::second_step_with_passkey(app, origin, command).await
    };
    match stepped {
        Ok(signed_in) => Ok(visitor.enter(&signed_in, then.as_ref())),
        Err(Error::InvalidChallenge) => Ok(start_over(&visitor)),
        Err(error) => {
            let mistakes = Mistakes::of_proof(visitor.t, error, "password", "code")?;
            Ok(visitor.mend(&page(&visitor, &waiting, then.as_ref(), mistakes)))
        }
    }
}

/// What a browser is to ask its device for: the challenge is where no script can fetch it, so the API cannot be asked.
pub(super) async fn options(visitor: Visitor) -> Answer {
    let waiting = waiting(&visitor).ok_or(Error::InvalidChallenge)?;
    let challenge = Secret::new(waiting.challenge);
    let asked = sessions::begin_second_step_with_passkey(&visitor.console.app, &challenge).await?;
    let asked: serde_json::Value = serde_json::from_str(asked.expose())
        .map_err(|error| Refused::Error(Error::Internal(Box::new(error))))?;
    Ok(Json(asked).into_response())
}

fn page(
    visitor: &Visitor,
    waiting: &PendingSignIn,
    then: Option<&OwnPath>,
    mistakes: Mistakes,
) -> SecondStepPage {
    SecondStepPage {
        t: visitor.t,
        start: visitor.forms.begin("/sign-in/second-factor"),
        passkey: waiting.passkey,
        then: then.map_or_else(String::new, ToString::to_string),
        mistakes,
    }
}

fn waiting(visit: &Visit) -> Option<PendingSignIn> {
    Own::Challenge.open(&visit.console.app, &visit.headers, visit.console.cookies.secure())
}

fn start_over(visit: &Visit) -> Response {
    let secure = visit.console.cookies.secure();
    let mut response = visit.with_notice(visit.go_to("/sign-in"), Notice::mind(visit.t.second_step_over()));
    if Own::Challenge.read(&visit.headers, secure).is_some() {
        add_cookie(&mut response, &Own::Challenge.take_away(secure));
    }
    response
}
