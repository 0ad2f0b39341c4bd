//! Somebody who speaks to the service.

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// Somebody who speaks to the service: nobody in particular, or with a session.
#[derive(Debug, Clone)]
pub struct Caller {
    client: Client,
    base: String,
    token: Option<String>,
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's text.
    pub text: String,
    /// The body, if it is JSON; otherwise null.
    pub body: Value,
}

impl Caller {
    /// Nobody in particular, at the service at `base`.
    pub fn anonymous(base: &str) -> Self {
        // The client could speak TLS, and wants to know by whose cryptography; whoever comes first decides.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(std::time::Duration::from_secs(60))
            // Sooner than the service closes connections on which nothing comes: one that is closed at the moment at which it is used
            // again fails a request.
            .pool_idle_timeout(std::time::Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none());
        Self { client: client.build().unwrap(), base: base.to_owned(), token: None }
    }

    /// The same service, with another session's token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The token of the session.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a caller with a session")
    }

    /// A request that is not sent yet, for whatever the methods below have no words for.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    /// DELETE with a JSON body.
    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::DELETE, path).json(&body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }
}

impl Answer {
    /// Sends a request.
    pub async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.expect("an answer")
    }

    /// Sends a request to a service that may go away.
    pub async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Self { status, headers, text, body })
    }

    /// The same, once it is certain that it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The same, once it is certain that it is this problem.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
        assert_eq!(answer.body["code"], code, "{}", answer.text);
        assert_eq!(answer.body["status"], status, "{}", answer.text);
        assert_eq!(answer.body["type"], format!("/problems/{code}"), "{}", answer.text);
        assert_eq!(answer.body["request_id"], answer.header("x-request-id"), "{}", answer.text);
        answer
    }

    /// The same, once it is certain that it names this field as the wrong one.
    #[track_caller]
    pub fn invalid(self, field: &str) -> Self {
        let answer = self.problem(422, "invalid_request");
        let fields: Vec<&str> =
            answer.list("errors").iter().filter_map(|error| error["field"].as_str()).collect();
        assert!(fields.contains(&field), "{field} is not named: {}", answer.text);
        answer
    }

    /// How many answers have this status.
    pub fn count(answers: &[Self], status: u16) -> usize {
        answers.iter().filter(|answer| answer.status == status).count()
    }

    /// A header's value, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A text in the body.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> &str {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text at {pointer}: {}", self.text))
    }

    /// A list in the body.
    #[track_caller]
    pub fn list(&self, field: &str) -> &Vec<Value> {
        self.body[field].as_array().unwrap_or_else(|| panic!("no list {field}: {}", self.text))
    }

    /// The body without what differs from one request to the next.
    pub fn without_request_id(&self) -> String {
        let mut body = self.body.clone();
        if let Some(body) = body.as_object_mut() {
            body.remove("request_id");
        }
        body.to_string()
    }
}
