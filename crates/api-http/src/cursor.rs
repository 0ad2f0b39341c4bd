//! Cursors: opaque, unforgeable, and good only in the list they were given for (attack 11).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_application::Asks;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::Api,
    problem::{Code, Problem, Result},
};

const PURPOSE: &str = "cursor/v1";

/// The list that a cursor is for: which one, with which filters, for whom and where.
pub(crate) struct List<'a> {
    api: &'a Api,
    context: String,
}

impl<'a> List<'a> {
    /// A list that somebody asks for; `filter` is whatever else decides what is in it.
    pub(crate) fn new(api: &'a Api, who: &impl Asks, name: &str, filter: &impl Serialize) -> Self {
        let organization = who.organization().map(|id| id.to_string());
        let (_, id, _) = who.for_audit().parts();
        let context = serde_json::json!([name, organization, id, filter]).to_string();
        Self { api, context }
    }

    /// A list of the platform's own staff.
    pub(crate) fn of_operator(api: &'a Api, name: &str) -> Self {
        Self { api, context: serde_json::json!([name]).to_string() }
    }

    /// The key behind a cursor.
    pub(crate) fn read<K: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<K>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|signed| {
            let payload = self.api.app.keyring.verify(PURPOSE, self.context.as_bytes(), &signed)?;
            serde_json::from_slice(payload).ok()
        });
        key.map(Some).ok_or_else(|| Problem::plain(Code::InvalidCursor))
    }

    /// The cursor for a key.
    pub(crate) fn write<K: Serialize>(&self, key: Option<K>) -> Option<String> {
        let payload = serde_json::to_vec(&key?).ok()?;
        Some(URL_SAFE_NO_PAD.encode(self.api.app.keyring.sign(PURPOSE, self.context.as_bytes(), &payload)))
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
