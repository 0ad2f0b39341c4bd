//! A tab of a browser without scripts: it keeps cookies, follows redirects and sends the forms that pages show.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Method, RequestBuilder};

use crate::{Answer, Caller, PASSWORD, Service};

/// What browsers take when they open a page.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A tab of a browser without scripts.
pub struct Tab {
    caller: Caller,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
    given: Mutex<Vec<String>>,
    language: &'static str,
}

impl Tab {
    /// A tab of a browser that has never been there.
    pub fn open(service: &Service) -> Self {
        Self::behind(service.anonymous(), &service.base())
    }

    /// A tab of a browser that knows the service by the name of what stands in front of it.
    pub fn behind(caller: Caller, origin: &str) -> Self {
        let (cookies, given) = (Mutex::default(), Mutex::default());
        Self { caller, base: origin.to_owned(), cookies, given, language: "en" }
    }

    /// A tab of a browser that likes a language best.
    pub fn open_in(service: &Service, language: &'static str) -> Self {
        Self { language, ..Self::open(service) }
    }

    /// A tab in which somebody has signed in.
    pub async fn signed_in(service: &Service, email: &str) -> Self {
        let tab = Self::open(service);
        tab.send("/sign-in", "/sign-in", &[("email", email), ("password", PASSWORD)]).await.expect(303);
        tab
    }

    /// A tab of a browser that has a session already.
    pub fn with_session(service: &Service, token: &str) -> Self {
        let tab = Self::open(service);
        tab.cookies.lock().unwrap().insert("rollcall_session".to_owned(), token.to_owned());
        tab
    }

    /// A cookie that the browser holds, by how its name ends.
    pub fn cookie(&self, end: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|(name, _)| name.ends_with(end)).map(|(_, value)| value.clone())
    }

    /// All cookies that the browser was told to keep or to forget so far, each as its line in an answer.
    pub fn given(&self) -> Vec<String> {
        self.given.lock().unwrap().clone()
    }

    /// Puts a cookie into the browser, in place of the one whose name ends so.
    pub fn set_cookie(&self, end: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        let held = cookies.iter_mut().find(|(name, _)| name.ends_with(end));
        *held.expect("a cookie").1 = value.to_owned();
    }

    /// A request with the browser's cookies, for whatever the methods below have no words for.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self
            .caller
            .request(method, path)
            .header("Accept-Language", self.language)
            .header("Accept", ACCEPT);
        if cookies.is_empty() { request } else { request.header("Cookie", cookies.join("; ")) }
    }

    /// Sends a request, and keeps the cookies that the answer gives.
    pub async fn answer(&self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        let mut cookies = self.cookies.lock().unwrap();
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            self.given.lock().unwrap().push(line.to_owned());
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Opens a page. Redirects are not followed.
    pub async fn get(&self, path: &str) -> Answer {
        self.answer(self.request(Method::GET, path)).await
    }

    /// Opens a page, wherever that leads.
    pub async fn follow(&self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            if answer.status != 303 {
                return answer;
            }
            answer = self.get(answer.header("location")).await;
        }
        panic!("{path} leads in circles");
    }

    /// A form sent by hand from a page of our own: with nothing but these fields.
    pub async fn post(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, action).header("Origin", &self.base);
        self.answer(request.form(fields)).await
    }

    /// Opens a page and sends its form to `action`, with what the page has put into it and these fields.
    pub async fn send(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.follow(page).await;
        self.fill(&shown, action, fields).await
    }

    /// Sends the form to `action` of a page that was shown, with what the page has put into it and these fields.
    pub async fn fill(&self, shown: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        let hidden = hidden_fields(&shown.text, action);
        let mut all: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        all.extend(fields);
        self.post(action, &all).await
    }
}

/// The fields of a form that a page has filled in without showing them.
///
/// # Panics
/// When the page has no such form.
pub fn hidden_fields(page: &str, action: &str) -> Vec<(String, String)> {
    let form = page.split_once(&format!("action=\"{action}\""));
    let (_, form) = form.unwrap_or_else(|| panic!("no form to {action}: {page}"));
    let form = form.split("</form>").next().unwrap();
    let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap());
    let attribute = |input: &str, name: &str| {
        let value = input.split_once(&format!("{name}=\""))?.1.split('"').next()?;
        Some(unescaped(value))
    };
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    hidden
        .map(|input| (attribute(input, "name").unwrap(), attribute(input, "value").unwrap_or_default()))
        .collect()
}

fn unescaped(text: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (written, meant)| text.replace(written, meant))
}
