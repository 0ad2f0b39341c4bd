//! Forms that were sent: read strictly, taken only from our own pages, and with a fresh proof of who sends them if one comes along.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode;
use rollcall_application::{
    Actor, Error,
    second_factors::Presented,
    sessions::{self, Elevate},
};
use rollcall_domain::secret::{Password, Secret};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{Console, callers::Comes, form_token, mistakes::Mistakes, refused::Refused, visit::Visit};

const KIND: &str = "application/x-www-form-urlencoded";

/// The fields in which somebody proves once more who they are: any form can bring them along.
pub(crate) const PROOFS: [&str; 3] = [PASSWORD, CODE, CREDENTIAL];
const PASSWORD: &str = "proof_password";
const CODE: &str = "proof_code";
const CREDENTIAL: &str = "proof_credential";

/// A form, and who sent it.
pub(crate) struct Posted<Who, Fields> {
    pub(crate) who: Who,
    pub(crate) fields: Fields,
}

impl<Who: Comes, Fields: DeserializeOwned + Send> FromRequest<Console> for Posted<Who, Fields> {
    type Rejection = Refused;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Refused> {
        let visit: Option<&Arc<Visit>> = request.extensions().get();
        let mut visit =
            visit.cloned().ok_or_else(|| Error::Internal("a form outside of the frame".into()))?;
        if !is_form(request.headers()) {
            return Err(Refused::Misread);
        }
        // Whoever is not signed in any more has another form token; what they need to hear is that.
        Who::of(visit.clone()).await?;
        let body = Bytes::from_request(request, console).await.map_err(unread)?;
        let Read { token, proofs, fields } = read(&body).ok_or(Refused::Misread)?;
        if !token.is_some_and(|token| visit.forms.is_good(&visit.path, &token)) {
            // Whoever has signed in in another window meanwhile has what they want.
            return Err(match (visit.actor(), visit.path.starts_with("/sign-in")) {
                (Some(_), true) => Refused::InAlready,
                _ => Refused::StaleForm,
            });
        }
        visit.keep_posted(fields.clone());
        if let (Some(proof), Some(actor)) = (proof(proofs), visit.actor()) {
            if let Err(error) = prove(console, actor, proof).await {
                let mistakes = Mistakes::of_proof(visit.t, error, PASSWORD, CODE)?;
                return Err(Refused::Unproven(mistakes));
            }
            visit = Arc::new(visit.afresh().await?);
        }
        let fields = serde_html_form::from_str(&written(&fields)).map_err(|_| Refused::Misread)?;
        Ok(Self { who: Who::of(visit).await?, fields })
    }
}

/// Whether a request's body is what the forms of pages send.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).is_some_and(|kind| kind.trim().eq_ignore_ascii_case(KIND))
}

/// Why the body of a form could not be read.
pub(crate) fn unread(rejection: BytesRejection) -> Refused {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::TooLarge,
        _ => Refused::Misread,
    }
}

struct Read {
    token: Option<String>,
    proofs: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

/// The fields of a form; none if one is there twice, or what is in them is no text.
fn read(body: &[u8]) -> Option<Read> {
    // Reading the fields would put something else in its place, and so change what was typed. What is between fields is no part of a
    // character, so the whole is text if every field is.
    percent_decode(body).decode_utf8().ok()?;
    let mut names = BTreeSet::new();
    let mut read = Read { token: None, proofs: Vec::new(), fields: Vec::new() };
    for (name, value) in form_urlencoded::parse(body) {
        // What can be chosen more than once says so by its name.
        if !names.insert(name.clone()) && !name.ends_with("[]") {
            return None;
        }
        // Lines of a text are ended as elsewhere (HTML has them ended by CR and LF).
        let value = value.replace("\r\n", "\n");
        if name == form_token::FIELD {
            read.token = Some(value);
        } else if PROOFS.contains(&name.as_ref()) {
            read.proofs.push((name.into_owned(), value));
        } else {
            read.fields.push((name.into_owned(), value));
        }
    }
    Some(read)
}

/// The fields of a form that brings no token of its own.
pub(crate) fn fields_of<Fields: DeserializeOwned>(body: &[u8]) -> Result<Fields, Refused> {
    let Read { fields, .. } = read(body).ok_or(Refused::Misread)?;
    serde_html_form::from_str(&written(&fields)).map_err(|_| Refused::Misread)
}

/// What a form holds that is nothing but a button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

fn written(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

enum Proof {
    Known(Elevate),
    Passkey(Secret),
}

/// The first proof that was filled in.
fn proof(proofs: Vec<(String, String)>) -> Option<Proof> {
    let (name, value) = proofs.into_iter().find(|(_, value)| !value.is_empty())?;
    Some(match name.as_str() {
        CREDENTIAL => Proof::Passkey(Secret::new(value)),
        CODE => Proof::Known(Elevate::SecondFactor(Presented::typed(&value))),
        _ => Proof::Known(Elevate::Password(Password::given(&value))),
    })
}

async fn prove(console: &Console, actor: &Actor, proof: Proof) -> Result<(), Error> {
    match proof {
        Proof::Known(proof) => sessions::elevate(&console.app, actor, proof).await,
        Proof::Passkey(credential) => sessions::elevate_with_passkey(&console.app, actor, &credential).await,
    }?;
    Ok(())
}

/// Whether what is in a field is never shown again, nor put into a page that its owner does not see.
pub(crate) fn is_secret(field: &str) -> bool {
    ["password", "code", "secret", "credential"].iter().any(|end| field.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_17_a_field_that_is_there_twice_or_is_no_text_spoils_the_form() {
        let read = |body: &str| super::read(body.as_bytes()).map(|read| read.fields.len());
        assert_eq!(read("a=1&b=2&form_token=x&proof_password=y"), Some(2));
        assert_eq!(read("a=1&a=2"), None);
        assert_eq!(read("form_token=1&form_token=2"), None);
        assert_eq!(read("scopes[]=1&scopes[]=2"), Some(2));
        assert_eq!(read("name=%C3%A4&b=\u{e4}"), Some(2));
        for no_text in ["name=%FF", "name=%C3&b=%A4", "%ED%A0%80=1"] {
            assert_eq!(read(no_text), None, "{no_text}");
        }
        assert!(super::read(b"name=\xff").is_none());
    }

    #[test]
    fn secrets_are_told_by_their_fields() {
        for field in
            ["password", "new_password", "code", "recovery_code", "proof_credential", "webhook_secret"]
        {
            assert!(is_secret(field), "{field}");
        }
        for field in ["email", "name", "role", "code_name"] {
            assert!(!is_secret(field), "{field}");
        }
    }
}
