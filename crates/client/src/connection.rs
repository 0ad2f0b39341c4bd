//! Asking Rollcall: with patience that ends, a few repeats, and a circuit around them.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use rollcall_domain::ErrorChain;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{Error, Settings, chance, circuit::Circuit, settings::InvalidSettings};

/// How often a question is repeated.
const REPEATS: u32 = 2;
/// The pause before the first repeat.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(1);
/// How long a connection is kept on which nothing comes. Rollcall closes it after ten seconds, and a request that meets that fails.
const IDLE: Duration = Duration::from_secs(5);

/// The way to Rollcall. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Connection {
    client: Client,
    circuit: Arc<Circuit>,
    pub(crate) settings: Arc<Settings>,
}

impl Connection {
    pub(crate) fn new(settings: Settings) -> Result<Self, InvalidSettings> {
        let is_url = ["http://", "https://"].iter().any(|scheme| {
            settings.url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
        });
        if !is_url {
            return Err(InvalidSettings::Url(settings.url));
        }
        // Whoever comes first decides by whose cryptography the process speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().connect_timeout(CONNECT).pool_idle_timeout(IDLE);
        let client = client.redirect(Policy::none()).build()?;
        Ok(Self { client, circuit: Arc::default(), settings: Arc::new(settings) })
    }

    /// A request that is not sent yet, with the credential of services.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client
            .get(format!("{}{path}", self.settings.url))
            .bearer_auth(self.settings.service_token.expose())
    }

    /// The same for what is sent along.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.settings.url))
    }

    /// Asks, and reads the answer. Only for what may be asked twice.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is no answer in time, or none that makes sense.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, Error> {
        self.circuit.admit().map_err(unavailable)?;
        let admitted = Admitted(&self.circuit);
        let deadline = Instant::now() + self.settings.patience;
        let (mut pause, mut reason) = (PAUSE, "no answer in time".to_owned());
        for repeat in 0..=REPEATS {
            match timeout_at(deadline, attempt(request())).await {
                Ok(Ok(answer)) => {
                    admitted.answered();
                    return Ok(answer);
                }
                // Asking again would be told the same, and here and now there may be too many questions already.
                Ok(Err(Unanswered::Status(status))) if status.is_client_error() => {
                    reason = Unanswered::Status(status).to_string();
                    break;
                }
                Ok(Err(error)) => reason = ErrorChain(&error).to_string(),
                Err(_) => break,
            }
            if repeat < REPEATS {
                sleep(chance::some_of(pause)).await;
                pause *= 2;
            }
        }
        admitted.failed();
        tracing::warn!(reason, "Rollcall does not answer");
        Err(unavailable(Duration::ZERO))
    }

    /// Notes that Rollcall is there.
    pub(crate) fn is_there(&self) {
        self.circuit.answered();
    }
}

/// Whoever was admitted by the circuit. One who goes before there was an answer says so.
struct Admitted<'a>(&'a Circuit);

impl Admitted<'_> {
    fn answered(self) {
        self.0.answered();
        std::mem::forget(self);
    }

    fn failed(self) {
        self.0.failed();
        std::mem::forget(self);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.given_up();
    }
}

async fn attempt<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Unanswered> {
    let response = succeeded(request.send().await?)?;
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

/// The response, if it tells of a success.
pub(crate) fn succeeded(response: Response) -> Result<Response, Unanswered> {
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(Unanswered::Status(status)),
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("the answer did not come")]
    Http(#[from] reqwest::Error),
    #[error("the status was {0}")]
    Status(StatusCode),
    #[error("the answer makes no sense")]
    Nonsense(#[from] serde_json::Error),
}

fn unavailable(wait: Duration) -> Error {
    Error::Unavailable { retry_after: wait.as_secs() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_16_2_5_the_log_says_why_there_is_no_answer_and_repeats_none() {
        let error = serde_json::from_str::<u8>("\"grace@navy.example\"").expect_err("no number");
        let told = ErrorChain(&Unanswered::from(error)).to_string();
        assert_eq!(
            told,
            "the answer makes no sense: JSON of another kind than expected, at line 1 column 20"
        );
    }
}
