//! Bodies: JSON, of a bounded size, with nothing in it that is not known.

use std::{
    fmt,
    marker::PhantomData,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
};
use http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use rollcall_application::{Error, FieldError};
use rollcall_domain::availability::{InvalidSkills, Skills};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::{
    api::Api,
    problem::{Code, Problem},
};

const JSON: &str = "application/json";

/// A request's body, read from JSON. Whatever is wrong with it is told by field.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !is_of_kind(request.headers(), JSON) {
            return Err(Problem::plain(Code::UnsupportedMediaType));
        }
        let bytes = read(request, api).await?;
        parse(&bytes).map(Self).map_err(|error| match error {
            ParseError::Malformed(text) => {
                Problem::new(Code::MalformedJson, format!("The body is not JSON: {text}."))
            }
            ParseError::Invalid(field) => Problem::invalid(vec![field]),
        })
    }
}

/// The body of a request that may do without: nothing at all is as good as an object without fields.
pub(crate) struct JsonOrNothing<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Api> for JsonOrNothing<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(Request::from_parts(parts.clone(), body), api).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        let Json(value) = Json::from_request(Request::from_parts(parts, bytes.into()), api).await?;
        Ok(Self(value))
    }
}

/// The body of a request that needs none: nothing, or an object without fields. A field that somebody hopes would do
/// something is refused.
pub(crate) struct NoFields;

impl FromRequest<Api> for NoFields {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}

        let JsonOrNothing(Nothing {}) = JsonOrNothing::from_request(request, api).await?;
        Ok(Self)
    }
}

/// An object out of a body that has been read, with the same errors as [`Json`].
pub(crate) fn from_raw<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Error> {
    parse(raw.get().as_bytes()).map_err(|error| match error {
        ParseError::Malformed(text) => Error::invalid("body", text),
        ParseError::Invalid(field) => Error::Invalid(vec![field]),
    })
}

enum ParseError {
    /// It is not JSON. The text tells where, and quotes nothing of it.
    Malformed(String),
    /// It is JSON, but not what is wanted.
    Invalid(FieldError),
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ParseError> {
    // Knowing where something is wrong takes keeping the name of every field, so it is read again only once something is.
    if let Ok(Object(value)) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if !error.is_data() {
            return ParseError::Malformed(error.to_string());
        }
        // Fields are looked at one after the other, so nobody has seen yet how the text ends.
        if let Err(problem) = check(bytes) {
            return ParseError::Malformed(problem);
        }
        let (field, message) = describe(&path, &error.to_string());
        ParseError::Invalid(FieldError::new(field, message))
    })?;
    deserializer.end().map_err(|error| ParseError::Malformed(error.to_string()))?;
    Ok(value)
}

/// Whether a text is JSON (RFC 8259), whatever else may be wrong with it. If it is not, says where, and quotes nothing of it.
fn check(bytes: &[u8]) -> Result<(), String> {
    // In its own right: how the strings that are passed over are encoded, nobody looks at.
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|error| error.to_string())
}

/// A value that was written as an object. Left to itself, serde takes a list of its fields' values as well.
#[derive(Debug, Clone)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyObjects<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyObjects<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OnlyObjects(PhantomData))
    }
}

/// A value that may be left out, but is not null: what is always there cannot be taken away.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The field and what is wrong with it. serde tells of unknown, missing and repeated fields at the object that
/// holds them, so their names are taken from the text.
pub(crate) fn describe(path: &str, text: &str) -> (String, String) {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let named = |kind: &str| {
        let name = text.strip_prefix(kind)?.strip_prefix(" `")?.split('`').next()?;
        // When the path tells the name already, there is nothing to add.
        let known = path == name || path.ends_with(&format!(".{name}"));
        Some(match path {
            "." => name.to_owned(),
            path if known => path.to_owned(),
            path => format!("{path}.{name}"),
        })
    };
    if let Some(field) = named("unknown field") {
        return (field, "is not known here".to_owned());
    }
    if let Some(field) = named("missing field") {
        return (field, "is missing".to_owned());
    }
    if let Some(field) = named("duplicate field") {
        return (field, "is given twice".to_owned());
    }
    let field = if path == "." { "body".to_owned() } else { path.to_owned() };
    // What stands before it may be the client's own words.
    let message = match text.rsplit_once("expected ") {
        Some((_, expected)) => format!("must be {}", in_words(expected)),
        None if OF_NUMBERS.contains(&text) => {
            "must be a whole number, not negative, and not too large".to_owned()
        }
        None => text.chars().take(LONGEST).collect(),
    };
    (field, message)
}

/// The most characters of what serde says, where it may repeat a client's words.
const LONGEST: usize = 200;

/// What the standard library says of texts that are no numbers, as they stand in query strings.
const OF_NUMBERS: [&str; 3] = [
    "invalid digit found in string",
    "number too large to fit in target type",
    "cannot parse integer from empty string",
];

/// What serde expects, in the words of JSON and not of Rust.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative, and not too large",
        "i8" | "i16" | "i32" | "i64" => "a whole number, and not too large",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other => other,
    }
}

/// Whether the body is of a media type, whatever its parameters.
pub(crate) fn is_of_kind(headers: &HeaderMap, kind: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(kind)
}

/// Collects what is wrong with the values of a body, so that all of it is told at once.
#[derive(Default)]
pub(crate) struct Fields(Vec<FieldError>);

impl Fields {
    /// The value of a field, if its text is one.
    pub(crate) fn parse<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        self.check(field, text.parse())
    }

    /// The value of a field that may be left out. Left out or wrong, it is none.
    pub(crate) fn parse_if_given<T>(&mut self, field: &str, text: Option<&str>) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        text.and_then(|text| self.parse(field, text))
    }

    /// The value of a field, if it is one.
    pub(crate) fn check<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|problem| self.0.push(FieldError::new(field, problem))).ok()
    }

    /// The moment that a field says, to the microsecond, which is how moments are kept.
    pub(crate) fn moment(&mut self, field: &str, text: &str) -> Option<OffsetDateTime> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok().and_then(|moment| {
            let moment = moment.checked_to_offset(UtcOffset::UTC)?;
            // Far enough to the east, the first year begins in one that cannot be written any more.
            let moment = (moment.year() >= 0).then_some(moment)?;
            moment.replace_nanosecond(moment.microsecond() * 1_000).ok()
        });
        self.check(field, moment.ok_or("must be a time like 2027-01-02T03:04:05Z (RFC 3339)"))
    }

    /// The skills with these names; an invalid one is reported by its index.
    pub(crate) fn skills(&mut self, names: Vec<String>) -> Option<Skills> {
        let field = |wrong: &InvalidSkills| match wrong {
            InvalidSkills::TooMany => "skills".to_owned(),
            InvalidSkills::One { at, .. } => format!("skills[{at}]"),
        };
        Skills::new(names).map_err(|wrong| self.0.push(FieldError::new(field(&wrong), wrong))).ok()
    }

    /// A value that tells itself which field is wrong, if one is.
    pub(crate) fn take<T>(&mut self, value: Result<T, FieldError>) -> Option<T> {
        value.map_err(|problem| self.0.push(problem)).ok()
    }

    /// All that is wrong, if anything is.
    pub(crate) fn result(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }

    /// All that is wrong, for when something certainly is.
    pub(crate) fn into_error(self) -> Error {
        Error::Invalid(self.0)
    }
}

/// Why a body is not read at all, as an extension of its request: something is wrong with the request, but whether whoever sends it may
/// hear that is only known to whatever stands before the body.
#[derive(Clone)]
pub(crate) struct Unreadable(Arc<Mutex<Option<Problem>>>);

impl Unreadable {
    pub(crate) fn because(problem: Problem) -> Self {
        Self(Arc::new(Mutex::new(Some(problem))))
    }

    /// Whether somebody has wanted to read it: whatever stands before the body has let the request pass.
    pub(crate) fn was_asked_for(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn take(&self) -> Problem {
        let problem = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A handler reads its body once.
        problem.unwrap_or_else(|| Problem::plain(Code::BadRequest))
    }
}

/// The whole body, unless it is larger than it may be, or does not come to its end in half of the time that answering
/// may take.
pub(crate) async fn read(request: Request, api: &Api) -> Result<bytes::Bytes, Problem> {
    if let Some(unreadable) = request.extensions().get::<Unreadable>() {
        return Err(unreadable.take());
    }
    let limit = api.settings.body_limit_at(request.uri().path());
    let too_large =
        || Problem::new(Code::BodyTooLarge, format!("The body must be at most {limit} bytes long."));
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(api.settings.timeout / 2, to_bytes(request.into_body(), limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let limit_hit =
                std::error::Error::source(&error).is_some_and(|source| source.is::<LengthLimitError>());
            Err(if limit_hit {
                too_large()
            } else {
                Problem::new(Code::BadRequest, "The body could not be read to its end.")
            })
        }
        Err(_) => Err(Problem::plain(Code::RequestTimeout)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(rename = "number")]
        _number: u8,
    }

    #[test]
    fn what_is_no_json_is_told_so_whatever_else_is_wrong_with_it() {
        for wrong in [r#"{"number": "x""#, r#"{"other": 1"#, "[1", r#"{"number": -1"#, r#"{"number": null"#] {
            let ends = ["", ",", "}}", "}x", ", 'y': 1}", ", \"y\": 01}", ", \"y\": \"\u{1}\"}", "} {}"];
            for end in ends {
                let text = format!("{wrong}{end}");
                let parsed = parse::<Body>(text.as_bytes());
                assert!(matches!(parsed, Err(ParseError::Malformed(_))), "{text}");
            }
            let text = [wrong.as_bytes(), b", \"y\": \"\xff\"}"].concat();
            assert!(matches!(parse::<Body>(&text), Err(ParseError::Malformed(_))), "{wrong}");
        }
        for (text, field) in [
            (r#"{"number": "x"}"#, "number"),
            (r#"{"other": 1}"#, "other"),
            ("[1]", "body"),
            (r#"{"number": {"deep": [[[[]]]]}}"#, "number"),
            ("{}", "number"),
        ] {
            let parsed = parse::<Body>(text.as_bytes());
            assert!(matches!(parsed, Err(ParseError::Invalid(told)) if told.field == field), "{text}");
        }
        assert!(parse::<Body>(br#"{"number": 1}"#).is_ok());
    }
}
