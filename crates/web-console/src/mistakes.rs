//! What is wrong with a form, beside the fields that it is wrong with.

use std::fmt::Display;

use rollcall_application::Error;

use crate::{refused::Refused, texts::Texts};

/// What is wrong with a form that can be mended and sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mistakes {
    whole: Option<String>,
    fields: Vec<(String, String)>,
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
                Ok(Self { whole: None, fields: fields.collect() })
            }
            error if t.is_mendable(&error) => Ok(Self::whole_of(t.explain(&error).text)),
            error => Err(Refused::Error(error)),
        }
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

    /// Whether there is anything.
    pub(crate) fn any(&self) -> bool {
        self.whole.is_some() || !self.fields.is_empty()
    }
}
