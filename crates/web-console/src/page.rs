//! The frame around every page.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use rollcall_application::ErrorChain;

use crate::{
    assets,
    cookies::Own,
    form_token::FormStart,
    mistakes::Mistakes,
    notice::Notice,
    sections::{self, Section},
    texts::Texts,
    visit::{Visit, add_cookie},
};

/// Nothing but what is our own, no script or style within a page, and forms that go nowhere but to us (ASVS 3.4.3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types rollcall";

/// What is within the frame. Its template holds no sentence: they are all in [`texts`](crate::texts).
pub(crate) trait Page: Template {
    /// What it looks like around it.
    const LAYOUT: Layout;
    /// The scripts that it loads, by the names of their assets. It works without them as far as it can.
    const SCRIPTS: &'static [&'static str] = &[];

    /// What the browser's window is called.
    fn title(&self) -> String;

    /// What is wrong with the form on it; none for a page without a form that can be filled in wrong. The title says that there is
    /// something, and what is wrong with the whole stands at the top: both are the frame's to say, so that no page can forget them.
    fn mistakes(&self) -> Option<&Mistakes>;
}

/// What is around a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A narrow sheet: one thing to do.
    Sheet,
    /// A wide sheet: something to read.
    Document,
    /// The console's navigation, for whoever is signed in; for others a narrow sheet.
    Console,
}

#[derive(Template)]
#[template(path = "frame.html")]
struct Frame<'a> {
    t: Texts,
    title: String,
    style: &'static str,
    icon: &'static str,
    scripts: Vec<&'static str>,
    /// The class of the body.
    look: &'static str,
    navigation: Option<Navigation<'a>>,
    notice: Option<&'a Notice>,
    /// What is wrong with the whole of the form.
    mistake: Option<&'a str>,
    /// Written by the page's own template, which has escaped it.
    content: String,
}

struct Navigation<'a> {
    person: &'a str,
    organization: Option<&'a str>,
    entries: Vec<(&'static Section, bool)>,
    sign_out: FormStart,
}

impl Visit {
    /// Answers with a page.
    pub(crate) fn page<P: Page>(&self, page: &P) -> Response {
        self.page_with(StatusCode::OK, page)
    }

    /// Answers with a page that says what was done, if that is what has led here, and leads on if not: a link to the page, in whose mail
    /// ever, tells nobody that something has happened.
    pub(crate) fn page_of_what_was_done<P: Page>(&self, page: &P) -> Response {
        match self.notice.as_ref().and_then(|notice| notice.page.as_deref()) {
            Some(path) if path == self.path => self.page(page),
            Some(_) | None => self.go_to("/"),
        }
    }

    /// Answers a form that has mistakes with its page.
    pub(crate) fn mend<P: Page>(&self, page: &P) -> Response {
        let mistakes = page.mistakes();
        let status = mistakes.map_or(StatusCode::UNPROCESSABLE_ENTITY, Mistakes::status);
        let mut response = self.page_with(status, page);
        if let Some(seconds) = mistakes.and_then(Mistakes::retry_after) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// Answers with a page and a status.
    pub(crate) fn page_with<P: Page>(&self, status: StatusCode, page: &P) -> Response {
        match self.framed(page) {
            Ok(html) => {
                let mut response = (status, Html(html)).into_response();
                response
                    .headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
                response
                    .headers_mut()
                    .insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
                if self.notice.is_some() {
                    add_cookie(&mut response, &Own::Notice.take_away(self.console.cookies.secure()));
                }
                response
            }
            Err(error) => {
                tracing::error!(error = %ErrorChain(&error), "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// Answers with a part of a page, for a script that has shown the page and puts it in its place. What the page says first is left
    /// to the page.
    pub(crate) fn part<T: Template>(&self, part: &T) -> Response {
        match part.render() {
            Ok(html) => ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(error = %ErrorChain(&error), "a part of a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn framed<P: Page>(&self, page: &P) -> askama::Result<String> {
        let navigation = match P::LAYOUT {
            Layout::Console => self.navigation(),
            Layout::Sheet | Layout::Document => None,
        };
        let frame = Frame {
            t: self.t,
            title: match page.mistakes().is_some_and(Mistakes::any) {
                true => self.t.title_with_mistakes(page.title()),
                false => page.title(),
            },
            style: assets::path("console.css"),
            icon: assets::path("icon.svg"),
            scripts: P::SCRIPTS.iter().map(|name| assets::path(name)).collect(),
            look: match (P::LAYOUT, &navigation) {
                (Layout::Document, _) => "document",
                (Layout::Console, Some(_)) => "console",
                (Layout::Sheet, _) | (Layout::Console, None) => "sheet",
            },
            navigation,
            notice: self.notice.as_ref().filter(|notice| notice.page.is_none()),
            mistake: page.mistakes().and_then(Mistakes::whole),
            content: page.render()?,
        };
        frame.render()
    }

    fn navigation(&self) -> Option<Navigation<'_>> {
        let actor = self.actor()?;
        Some(Navigation {
            person: actor.user.name.as_str(),
            organization: actor.place.as_ref().map(|(organization, _)| organization.name.as_str()),
            entries: sections::open_to(&actor.grant())
                .map(|section| (section, section.holds(&self.path)))
                .collect(),
            sign_out: self.forms.begin_as("row", "/sign-out"),
        })
    }
}
