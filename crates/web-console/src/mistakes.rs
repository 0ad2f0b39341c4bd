//! What is wrong with a form, beside the fields that it is wrong with.

use std::fmt::Display;

use http::StatusCode;
use rollcall_application::Error;

use crate::{
    refused::{Explanation, Refused},
    texts::Texts,
};

/// What is wrong with a form that can be mended and sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mistakes {
    whole: Option<String>,
    fields: Vec<(String, String)>,
    /// The status to answer with, if the error was more than a value that cannot be accepted.
    status: Option<StatusCode>,
    /// In how many seconds the form may be sent again, where waiting is what it takes.
    retry_after: Option<u64>,
}

impl Mistakes {
    /// None.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Something is wrong with the whole.
    pub(crate) fn whole_of(text: impl Into<String>) -> Self {
        Self { whole: Some(text.into()), ..Self::default() }
    }

    /// What an error says about the form.
    ///
    /// # Errors
    /// The error, if it is about something else, so that sending the form again is no use.
    pub(crate) fn of(t: Texts, error: Error) -> Result<Self, Refused> {
        match error {
            Error::Invalid(fields) if !fields.is_empty() => {
                let fields = fields.into_iter().map(|field| (field.field, t.field_problem(&field.message)));
                Ok(Self { fields: fields.collect(), ..Self::default() })
            }
            error if t.is_mendable(&error) => {
                let Explanation { status, text, .. } = t.explain(&error);
                Ok(Self { status: Some(status), retry_after: error.retry_after(), ..Self::whole_of(text) })
            }
            error => Err(error.into()),
        }
    }

    /// The same; a wrong password or code is said beside the field of this name that it was typed into.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(crate) fn of_proof(t: Texts, error: Error, password: &str, code: &str) -> Result<Self, Refused> {
        let field = match &error {
            Error::InvalidCredentials | Error::WrongPassword => password,
            Error::InvalidMfaCode => code,
            _ => return Self::of(t, error),
        };
        let mut mistakes = Self::none();
        mistakes.add(field, t.explain(&error).text);
        Ok(mistakes)
    }

    /// Keeps what is wrong with a value, and gives back what is right.
    pub(crate) fn check<T, E: Display>(&mut self, t: Texts, field: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                self.fields.push((field.to_owned(), t.field_problem(&problem.to_string())));
                None
            }
        }
    }

    /// Says something of a field.
    pub(crate) fn add(&mut self, field: &str, problem: impl Into<String>) {
        self.fields.push((field.to_owned(), problem.into()));
    }

    /// What is wrong with the whole.
    pub(crate) fn whole(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// What is wrong with a field.
    pub(crate) fn at(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, problem)| problem.as_str())
    }

    /// The first field that something is wrong with.
    pub(crate) fn first(&self) -> Option<&str> {
        self.fields.first().map(|(name, _)| name.as_str())
    }

    /// The status to answer with: 422 unless the error has another.
    pub(crate) fn status(&self) -> StatusCode {
        self.status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// In how many seconds the form may be sent again, where waiting is what it takes.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// Whether there is anything.
    pub(crate) fn any(&self) -> bool {
        self.whole.is_some() || !self.fields.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_texts::Language;

    #[test]
    fn a_session_that_has_ended_meanwhile_is_no_mistake_in_a_form() {
        let t = Texts::of(Language::English);
        assert!(matches!(Mistakes::of(t, Error::Unauthenticated), Err(Refused::SignInFirst)));
        assert!(matches!(Mistakes::of(t, Error::LastOwner), Err(Refused::Error(Error::LastOwner))));
    }

    #[test]
    fn a_wrong_code_is_said_beside_its_field() {
        let t = Texts::of(Language::English);
        let of = |error| Mistakes::of_proof(t, error, "password", "code").expect("mistakes");
        assert_eq!(of(Error::InvalidMfaCode).first(), Some("code"));
        assert_eq!(of(Error::WrongPassword).first(), Some("password"));
        assert_eq!(of(Error::Busy).first(), None);
    }

    #[test]
    fn a_form_that_can_be_sent_again_is_answered_with_what_the_error_means_and_the_wait() {
        let t = Texts::of(Language::English);
        for (error, status, wait) in [
            (Error::Busy, StatusCode::SERVICE_UNAVAILABLE, Some(2)),
            (Error::AlreadyMember, StatusCode::CONFLICT, None),
            (Error::PasskeyRefused, StatusCode::UNPROCESSABLE_ENTITY, None),
            (Error::invalid("name", "must not be empty"), StatusCode::UNPROCESSABLE_ENTITY, None),
        ] {
            let mistakes = Mistakes::of(t, error).expect("mistakes");
            assert_eq!((mistakes.status(), mistakes.retry_after()), (status, wait), "{mistakes:?}");
        }
    }
}
