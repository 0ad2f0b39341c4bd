//! Cursors: opaque, unforgeable, and good only in the list they were given for (attack 11).

use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header;
use rollcall_application::{Asks, Error};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::Api,
    etag::JSON,
    problem::{Code, Problem, Result},
};

const PURPOSE: &str = "cursor/v1";
/// Room for what most entries are as JSON, in bytes.
const MOST_ENTRIES: usize = 512;

/// The list that a cursor is for: which one, with which filters, for whom and where.
pub(crate) struct List<'a> {
    api: &'a Api,
    /// None if it could not be written: then no cursor is good, and there is none.
    context: Option<String>,
}

impl<'a> List<'a> {
    /// A list that somebody asks for; `filter` is whatever else decides what is in it.
    pub(crate) fn new(api: &'a Api, who: &impl Asks, name: &str, filter: &impl Serialize) -> Self {
        let (_, id, _) = who.for_audit().parts();
        let context = serde_json::to_string(&(name, who.organization(), id, filter)).ok();
        Self { api, context }
    }

    /// A list of the platform's own staff.
    pub(crate) fn of_operator(api: &'a Api, name: &str) -> Self {
        Self { api, context: serde_json::to_string(&[name]).ok() }
    }

    /// The key behind a cursor.
    pub(crate) fn read<K: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<K>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|signed| {
            let context = self.context.as_deref()?;
            let payload = self.api.app.keyring.verify(PURPOSE, context.as_bytes(), &signed)?;
            serde_json::from_slice(payload).ok()
        });
        key.map(Some).ok_or_else(|| Problem::plain(Code::InvalidCursor))
    }

    /// The cursor for a key.
    pub(crate) fn write<K: Serialize>(&self, key: Option<K>) -> Option<String> {
        let payload = serde_json::to_vec(&key?).ok()?;
        let context = self.context.as_deref()?;
        Some(URL_SAFE_NO_PAD.encode(self.api.app.keyring.sign(PURPOSE, context.as_bytes(), &payload)))
    }
}

/// A moment in a key, exactly: in nanoseconds since 1970.
pub(crate) mod moment {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use time::OffsetDateTime;

    pub(crate) fn serialize<S: Serializer>(at: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
        at.unix_timestamp_nanos().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OffsetDateTime, D::Error> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageOf<T> {
    /// The entries.
    pub(crate) data: Vec<T>,
    /// What to ask the next page with; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

impl<T: Serialize> IntoResponse for PageOf<T> {
    fn into_response(self) -> Response {
        // With room for all of it: what grows as it is written is copied each time.
        let mut content = Vec::with_capacity((self.data.len() + 1) * MOST_ENTRIES);
        match serde_json::to_writer(&mut content, &self) {
            Ok(()) => ([(header::CONTENT_TYPE, JSON)], content).into_response(),
            Err(error) => Problem::from(Error::Internal(Box::new(error))).into_response(),
        }
    }
}

/// Which page of a list is wanted, where nothing else can be asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many entries the page holds: 1 to 200, 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 50)]
    pub(crate) limit: Limit,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// How many entries a page holds: 1 to 200, 50 if nothing is said.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Limit(pub(crate) u16);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<String> for Limit {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, &'static str> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (1..=200).contains(limit));
        limit.map(Self).ok_or("must be between 1 and 200")
    }
}
