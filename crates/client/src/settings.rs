//! Where Rollcall is, and how long to go by what it said.

use std::time::Duration;

use rollcall_domain::{
    secret::Secret,
    tokens::{LONGEST, TokenIssuer},
};
use time::OffsetDateTime;

/// Where Rollcall is, and how long to go by what it said.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Rollcall's public URL: `http://` or `https://` and a host, without a path and without a slash at the end. Access tokens must name it as
    /// who has made them.
    pub url: String,
    /// The credential of services: `ROLLCALL__SERVICE__TOKEN` there.
    pub service_token: Secret,
    /// Whom access tokens are for: `ROLLCALL__TOKENS__AUDIENCE` there; the public URL if that is not set.
    pub audience: String,
    /// How long an answer about a token is remembered, while the feed tells of what ends: 30 seconds if nobody says, and never longer than five
    /// minutes.
    pub remembered_for: Duration,
    /// How long what is remembered is believed after the feed has last told that nothing is missing, which it does four times a second: 750
    /// milliseconds if nobody says.
    pub believed_for: Duration,
    /// The longest that one question to Rollcall may take, repeats included: two seconds if nobody says. An access token may take two questions,
    /// one of them about keys.
    pub patience: Duration,
    /// What time it is, by which access tokens have run out and events have happened: the system's if nobody says.
    pub now: fn() -> OffsetDateTime,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The URL is none, or has a path.
    #[error("the URL of Rollcall must be http:// or https:// and a host: {0}")]
    Url(String),
    /// There is no way to speak to it: the HTTP client cannot be made.
    #[error("there is no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// There is no runtime to work in the background.
    #[error("Rollcall is connected to from within a tokio runtime")]
    NoRuntime,
}

impl Settings {
    /// The usual ones, with the URL as the audience. Slashes at the end of the URL are left out; whether it is one is looked at by
    /// [`Rollcall::connect`](crate::Rollcall::connect).
    pub fn new(url: &str, service_token: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self {
            audience: url.clone(),
            url,
            service_token: Secret::new(service_token),
            remembered_for: Duration::from_secs(30),
            believed_for: Duration::from_millis(750),
            patience: Duration::from_secs(2),
            now: system_time,
        }
    }

    /// Who makes the access tokens that are taken.
    pub(crate) fn issuer(&self) -> TokenIssuer {
        TokenIssuer { name: self.url.clone(), audience: self.audience.clone(), lifetime: LONGEST }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a service beside Rollcall has the system's time, unless it says otherwise"
)]
fn system_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
