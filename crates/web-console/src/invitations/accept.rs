//! The page behind the link in an invitation. Looking at it uses nothing up.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use http::StatusCode;
use rollcall_application::{
    Error,
    invitations::{self, Accept, NewAccount},
    ports::FoundInvitation,
    second_factors::Presented,
    sessions::{self, Admitted, SecondStep, SignIn, SignedIn},
};
use rollcall_domain::{
    audit::Origin,
    secret::{Password, Secret},
};
use serde::Deserialize;

use crate::{
    Console,
    failure::{failure, mendable, misread},
    link::Link,
    page::page,
    welcome::welcome,
};

#[derive(Template)]
#[template(path = "accept_invitation.html")]
struct AcceptInvitationPage<'a> {
    token: &'a str,
    organization: &'a str,
    role: &'a str,
    email: &'a str,
    inviter: Option<&'a str>,
    account_exists: bool,
    name: &'a str,
    problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submitted {
    token: String,
    #[serde(default)]
    name: String,
    password: String,
    /// A code of the account's second factor, if it has one.
    #[serde(default)]
    code: String,
}

pub(crate) async fn show(
    State(console): State<Console>,
    link: Result<Query<Link>, QueryRejection>,
) -> Response {
    let Ok(Query(link)) = link else { return misread() };
    match invitations::preview(&console.app, &Secret::new(link.token.clone())).await {
        Ok(found) => form(StatusCode::OK, &found, &link.token, "", None),
        Err(error) => failure(&error),
    }
}

pub(crate) async fn submit(
    State(console): State<Console>,
    Extension(origin): Extension<Origin>,
    submitted: Result<Form<Submitted>, FormRejection>,
) -> Response {
    let Ok(Form(submitted)) = submitted else { return misread() };
    let token = Secret::new(submitted.token.clone());
    let found = match invitations::preview(&console.app, &token).await {
        Ok(found) => found,
        Err(error) => return failure(&error),
    };
    let accepted = if found.account_exists {
        accept_with_account(&console, &origin, &found, &submitted).await
    } else {
        accept_as_newcomer(&console, &origin, &submitted).await
    };
    match accepted {
        Ok(signed_in) => welcome(&console, &signed_in),
        Err(error) => match mendable(&error) {
            Some(problem) => form(
                StatusCode::UNPROCESSABLE_ENTITY,
                &found,
                &submitted.token,
                &submitted.name,
                Some(problem),
            ),
            None => failure(&error),
        },
    }
}

fn form(
    status: StatusCode,
    found: &FoundInvitation,
    token: &str,
    name: &str,
    problem: Option<String>,
) -> Response {
    let form = AcceptInvitationPage {
        token,
        organization: found.organization_name.as_str(),
        role: found.invitation.role.display_name(),
        email: found.invitation.email.as_str(),
        inviter: found.inviter_name.as_deref(),
        account_exists: found.account_exists,
        name,
        problem,
    };
    page(status, &form)
}

async fn accept_as_newcomer(
    console: &Console,
    origin: &Origin,
    submitted: &Submitted,
) -> Result<SignedIn, Error> {
    let name = submitted.name.parse().map_err(|problem| Error::invalid("name", problem))?;
    let password =
        Password::chosen(&submitted.password).map_err(|problem| Error::invalid("password", problem))?;
    let new_account = Some(NewAccount { name, password });
    let command = Accept { token: Secret::new(submitted.token.clone()), new_account };
    invitations::accept(&console.app, None, origin, command).await
}

/// Signs in to the invited address's account, accepts in that session, and leaves with the new one alone.
async fn accept_with_account(
    console: &Console,
    origin: &Origin,
    found: &FoundInvitation,
    submitted: &Submitted,
) -> Result<SignedIn, Error> {
    let app = &console.app;
    let command = SignIn {
        email: found.invitation.email.clone(),
        password: Password::given(&submitted.password),
        organization: None,
        // The network and what the browser calls itself tell the device here.
        devices: Vec::new(),
    };
    let signed_in = match sessions::sign_in(app, origin, command).await? {
        Admitted::SignedIn(signed_in) => *signed_in,
        Admitted::Challenged(_) if submitted.code.trim().is_empty() => {
            return Err(Error::invalid("code", "is needed: your account has a second factor"));
        }
        Admitted::Challenged(challenge) => {
            let presented = Presented::typed(&submitted.code);
            let command = SecondStep { challenge: challenge.token, presented, devices: Vec::new() };
            sessions::second_step(app, origin, command).await?
        }
    };
    let actor = sessions::authenticate(app, &signed_in.token, origin.clone()).await?;
    let command = Accept { token: Secret::new(submitted.token.clone()), new_account: None };
    let accepted = invitations::accept(app, Some(&actor), origin, command).await;
    // What has been accepted is accepted, even if the session that it took is still open for a while.
    if let Err(error) = sessions::sign_out(app, &actor).await {
        tracing::warn!(%error, "a session that was only needed to accept an invitation is still open");
    }
    accepted
}
