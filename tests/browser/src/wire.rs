//! Orders to chromedriver: the few calls of W3C WebDriver that are needed, over HTTP.
//!
//! Crates that speak WebDriver were looked at. fantoccini 0.22 and thirtyfour 0.38 have no call for accessible names, the browser's log or
//! virtual authenticators, which is most of what is needed here; they would be asked through their escape hatches, and bring
//! dependencies that nothing else here has.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// A WebDriver session, or the driver itself when no session is named.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    client: Client,
    base: String,
}

/// What the driver says instead of doing as it is told.
#[derive(Debug)]
pub(crate) struct Refused {
    /// WebDriver's word for it (section 6.6).
    pub(crate) error: String,
    message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What follows the first line is the driver's own stack.
        write!(formatter, "{}: {}", self.error, self.message.lines().next().unwrap_or_default())
    }
}

impl Wire {
    pub(crate) fn to(base: String) -> Self {
        // The client could speak TLS, and wants to know by whose cryptography; whoever comes first decides.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The driver gives up before that, and says on what.
        let client = Client::builder().timeout(Duration::from_secs(120)).no_proxy().build().unwrap();
        Self { client, base }
    }

    pub(crate) fn session(&self, id: &str) -> Self {
        Self { base: format!("{}/session/{id}", self.base), ..self.clone() }
    }

    /// The same with a connection of its own, for another runtime.
    pub(crate) fn anew(&self) -> Self {
        Self::to(self.base.clone())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, Refused> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Refused> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Refused> {
        self.send(Method::DELETE, path, None).await
    }

    /// A command of the DevTools protocol, for what WebDriver has no word for.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value, Refused> {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Refused> {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let lost =
            |error: reqwest::Error| Refused { error: "no answer".to_owned(), message: format!("{error:?}") };
        let mut answer: Value = request.send().await.map_err(lost)?.json().await.map_err(lost)?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => {
                let message = value["message"].as_str().unwrap_or_default().to_owned();
                Err(Refused { error: error.to_owned(), message })
            }
            None => Ok(value),
        }
    }
}
