//! Parts of pages that are alike everywhere. Templates write them out: `{{ Field::new("email", t.email()).kind("email") }}`.

use std::borrow::Cow;

use askama::{Template, filters::HtmlSafe};

use crate::mistakes::Mistakes;

/// A labelled field, with a hint and what is wrong with it beside it.
#[derive(Debug, Template)]
#[template(path = "parts/field.html")]
pub(crate) struct Field {
    name: &'static str,
    label: String,
    kind: &'static str,
    value: String,
    autocomplete: &'static str,
    hint: Option<String>,
    mistake: Option<String>,
    required: bool,
    focused: bool,
    /// Whether it is the first field that something is wrong with, if there is one.
    first_wrong: Option<bool>,
    rows: u8,
    most: u16,
    least: u16,
}

impl Field {
    /// A field for a line of text that must be filled in.
    pub(crate) fn new(name: &'static str, label: impl AsRef<str>) -> Self {
        Self {
            name,
            label: label.as_ref().to_owned(),
            kind: "text",
            value: String::new(),
            autocomplete: "off",
            hint: None,
            mistake: None,
            required: true,
            focused: false,
            first_wrong: None,
            rows: 0,
            most: 0,
            least: 0,
        }
    }

    /// The kind of `<input>`: `email`, `password`, `search`. A password is never filled in by us.
    pub(crate) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    /// A field of several lines.
    pub(crate) fn lines(self, rows: u8) -> Self {
        Self { rows, ..self }
    }

    /// What browsers fill in by themselves (HTML, section 4.10.18.7).
    pub(crate) fn fill(self, autocomplete: &'static str) -> Self {
        Self { autocomplete, ..self }
    }

    /// What is in it.
    pub(crate) fn value(self, value: impl AsRef<str>) -> Self {
        Self { value: value.as_ref().to_owned(), ..self }
    }

    /// What helps to fill it in.
    pub(crate) fn hint(self, hint: impl AsRef<str>) -> Self {
        Self { hint: Some(hint.as_ref().to_owned()), ..self }
    }

    /// What is wrong with it.
    pub(crate) fn mistakes(self, mistakes: &Mistakes) -> Self {
        let mistake = mistakes.at(self.name).map(str::to_owned);
        Self { mistake, first_wrong: mistakes.first().map(|first| first == self.name), ..self }
    }

    /// The most characters that it takes.
    pub(crate) fn most(self, most: u16) -> Self {
        Self { most, ..self }
    }

    /// The fewest characters that do.
    pub(crate) fn least(self, least: u16) -> Self {
        Self { least, ..self }
    }

    /// It can be left empty.
    pub(crate) fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The page begins there: the first field of a page that is one form. One that has mistakes begins with the first of them.
    pub(crate) fn focused(self) -> Self {
        Self { focused: true, ..self }
    }

    fn begins(&self) -> bool {
        self.first_wrong.unwrap_or(self.focused)
    }
}

// A template of its own, which escapes.
impl HtmlSafe for Field {}

/// Whose password the fields after it are for: nobody sees it, and it is not sent, but programs that keep passwords read it (HTML,
/// section 4.10.18.7).
#[derive(Debug, Template)]
#[template(
    source = r#"<input class="unseen" type="text" value="{{ account }}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">"#,
    ext = "html"
)]
pub(crate) struct Username {
    account: String,
}

impl Username {
    /// The account with this address.
    pub(crate) fn of(email: impl AsRef<str>) -> Self {
        Self { account: email.as_ref().to_owned() }
    }
}

// A template of its own, which escapes.
impl HtmlSafe for Username {}

/// A labelled choice of one.
#[derive(Debug, Template)]
#[template(path = "parts/choice.html")]
pub(crate) struct Choice {
    name: &'static str,
    label: Cow<'static, str>,
    options: Vec<(String, String)>,
    chosen: String,
    mistake: Option<String>,
}

impl Choice {
    /// A choice of nothing yet.
    pub(crate) fn new(name: &'static str, label: impl Into<Cow<'static, str>>) -> Self {
        Self { name, label: label.into(), options: Vec::new(), chosen: String::new(), mistake: None }
    }

    /// What can be chosen: values, and what they are called.
    pub(crate) fn options<'a>(self, options: impl IntoIterator<Item = (&'a str, impl Into<String>)>) -> Self {
        let options = options.into_iter().map(|(value, text)| (value.to_owned(), text.into()));
        Self { options: options.collect(), ..self }
    }

    /// What is chosen.
    pub(crate) fn chosen(self, value: impl AsRef<str>) -> Self {
        Self { chosen: value.as_ref().to_owned(), ..self }
    }

    /// What is wrong with it.
    pub(crate) fn mistakes(self, mistakes: &Mistakes) -> Self {
        let mistake = mistakes.at(self.name).map(str::to_owned);
        Self { mistake, ..self }
    }
}

// A template of its own, which escapes.
impl HtmlSafe for Choice {}
