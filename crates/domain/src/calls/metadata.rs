//! What else the platform wants to know about a call.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// A JSON object whose meaning is the platform's own: at most 16 KiB as it is written, at most five objects and lists deep, and
/// without the character U+0000, which databases do not take.
///
/// ```
/// use rollcall_domain::calls::Metadata;
/// use serde_json::json;
///
/// assert!(Metadata::new(json!({"campaign": {"id": 7, "tags": ["spring"]}})).is_ok());
/// assert!(Metadata::new(json!(["spring"])).is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(Map<String, Value>);

/// The value is no metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMetadata {
    /// It is no object.
    #[error("must be an object")]
    NoObject,
    /// It is too large.
    #[error("must be at most {} bytes long as JSON", Metadata::LARGEST)]
    TooLarge,
    /// Too much of it is inside of something else.
    #[error("must be at most {} objects and lists deep", Metadata::DEEPEST)]
    TooDeep,
    /// A text or a name in it holds U+0000.
    #[error("must not hold the character U+0000")]
    Nul,
    /// An object in it has two fields of the same name, of which only one could be kept.
    #[error("is given twice")]
    Twice,
    /// A whole number in it has more digits than could be kept.
    #[error("must be a whole number of at most 64 bits, or a text")]
    LongNumber,
    /// It is not JSON.
    #[error("must be JSON")]
    NoJson,
}

/// What is wrong with metadata, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct MetadataFault {
    /// The way to the value that cannot be accepted, like `.campaign.tags[0]`; empty for all of it.
    pub path: String,
    /// What is wrong with it.
    pub problem: InvalidMetadata,
}

impl Metadata {
    /// The most bytes that it is written in.
    pub const LARGEST: usize = 16 * 1024;
    /// The most objects and lists inside of one another, itself among them.
    pub const DEEPEST: usize = 5;

    /// The metadata that a value is.
    ///
    /// # Errors
    /// [`InvalidMetadata`], but none of [`Twice`](InvalidMetadata::Twice), [`LongNumber`](InvalidMetadata::LongNumber) and
    /// [`NoJson`](InvalidMetadata::NoJson): a value does not show any more what was lost on the way to it. [`read`](Self::read) sees that.
    pub fn new(value: Value) -> Result<Self, InvalidMetadata> {
        check(&value, Self::DEEPEST)?;
        if value.to_string().len() > Self::LARGEST {
            return Err(InvalidMetadata::TooLarge);
        }
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(InvalidMetadata::NoObject)
            }
        }
    }

    /// The metadata that a JSON text is, if nothing of what it says would be lost: names that come twice, and whole numbers that are too
    /// long.
    ///
    /// # Errors
    /// [`MetadataFault`], of the first thing that is wrong; also for a text of more than 128 KiB, however little it would be without white
    /// space.
    pub fn read(text: &str) -> Result<Self, MetadataFault> {
        let all = |problem| MetadataFault { path: String::new(), problem };
        if text.len() > 8 * Self::LARGEST {
            // However it is spaced, and however its characters are escaped.
            return Err(all(InvalidMetadata::TooLarge));
        }
        let value = faithful(text, Self::DEEPEST, "")?;
        Self::new(value).map_err(all)
    }

    /// Its fields, by name.
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// The fields of an object as they are written, also those that come twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(All).map(Fields)
    }
}

/// The value that a JSON text is, with nothing of it lost, as long as it holds no more than so many levels.
fn faithful(text: &str, levels: usize, path: &str) -> Result<Value, MetadataFault> {
    let fault = |problem| MetadataFault { path: path.to_owned(), problem };
    let no_json = |_| fault(InvalidMetadata::NoJson);
    let too_deep = || MetadataFault { path: String::new(), problem: InvalidMetadata::TooDeep };
    let inside = || levels.checked_sub(1).ok_or_else(too_deep);
    let text = text.trim_ascii();
    match text.as_bytes().first() {
        Some(b'{') => {
            let levels = inside()?;
            let Fields(fields) = serde_json::from_str(text).map_err(no_json)?;
            let mut object = Map::new();
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                let value = faithful(value.get(), levels, &path)?;
                if object.insert(name, value).is_some() {
                    return Err(MetadataFault { path, problem: InvalidMetadata::Twice });
                }
            }
            Ok(Value::Object(object))
        }
        Some(b'[') => {
            let levels = inside()?;
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(no_json)?;
            let item =
                |(at, item): (usize, &RawValue)| faithful(item.get(), levels, &format!("{path}[{at}]"));
            items.into_iter().enumerate().map(item).collect::<Result<_, _>>().map(Value::Array)
        }
        Some(b'-' | b'0'..=b'9') => {
            let whole = !text.contains(['.', 'e', 'E']);
            if whole && text.parse::<i64>().is_err() && text.parse::<u64>().is_err() {
                return Err(fault(InvalidMetadata::LongNumber));
            }
            serde_json::from_str(text).map_err(no_json)
        }
        _ => serde_json::from_str(text).map_err(no_json),
    }
}

/// Checks a value that may hold so many levels: no deeper than that does this go.
fn check(value: &Value, levels: usize) -> Result<(), InvalidMetadata> {
    let text = |text: &str| if text.contains('\0') { Err(InvalidMetadata::Nul) } else { Ok(()) };
    let inside = || levels.checked_sub(1).ok_or(InvalidMetadata::TooDeep);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(string) => text(string),
        Value::Array(items) => {
            let levels = inside()?;
            items.iter().try_for_each(|item| check(item, levels))
        }
        Value::Object(fields) => {
            let levels = inside()?;
            fields.iter().try_for_each(|(name, value)| text(name).and_then(|()| check(value, levels)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_size_and_depth_of_metadata_are_bounded() {
        let of_length = |length: usize| json!({"a": "x".repeat(length - r#"{"a":""}"#.len())});
        assert!(Metadata::new(of_length(Metadata::LARGEST)).is_ok());
        assert_eq!(Metadata::new(of_length(Metadata::LARGEST + 1)), Err(InvalidMetadata::TooLarge));
        let of_depth = |depth: usize| (1..depth).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(Metadata::new(of_depth(Metadata::DEEPEST)).is_ok());
        assert_eq!(Metadata::new(of_depth(Metadata::DEEPEST + 1)), Err(InvalidMetadata::TooDeep));
        assert_eq!(Metadata::new(json!({"a": [[[[[]]]]]})), Err(InvalidMetadata::TooDeep));
    }

    #[test]
    fn nothing_of_what_is_written_is_lost() {
        let read = |text: &str| Metadata::read(text).map(Metadata::into_value);
        let kept = json!({"a": [1, -7, 0.25, 1e300, 18_446_744_073_709_551_615_u64], "b": {"c": null, "d": [true, "x"]}});
        assert_eq!(read(&kept.to_string()), Ok(kept.clone()));
        assert_eq!(read(&format!(" {} ", serde_json::to_string_pretty(&kept).expect("JSON"))), Ok(kept));
        let long = "123456789012345678901234567890";
        for (text, path, problem) in [
            (r#"{"a":1,"a":1}"#.to_owned(), ".a", InvalidMetadata::Twice),
            (r#"{"b":[{},{"c":1,"d":2,"\u0063":3}]}"#.to_owned(), ".b[1].c", InvalidMetadata::Twice),
            (format!(r#"{{"a":{long}}}"#), ".a", InvalidMetadata::LongNumber),
            (format!(r#"{{"a":{{"b":[0,-{long}]}}}}"#), ".a.b[1]", InvalidMetadata::LongNumber),
            (r#"{"a":18446744073709551616}"#.to_owned(), ".a", InvalidMetadata::LongNumber),
            (r#"{"a":[[[[[]]]]]}"#.to_owned(), "", InvalidMetadata::TooDeep),
            (format!(r#"{{"a":"{}"}}"#, "x".repeat(Metadata::LARGEST)), "", InvalidMetadata::TooLarge),
            ("[]".to_owned(), "", InvalidMetadata::NoObject),
            ("{".to_owned(), "", InvalidMetadata::NoJson),
            (String::new(), "", InvalidMetadata::NoJson),
        ] {
            assert_eq!(read(&text), Err(MetadataFault { path: path.to_owned(), problem }), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_or_holds_nul_is_refused() {
        for value in [json!(null), json!(1), json!("a"), json!([]), json!(true)] {
            assert_eq!(Metadata::new(value), Err(InvalidMetadata::NoObject));
        }
        for value in [json!({"a": "\0"}), json!({"\0": 1}), json!({"a": [{"b": "x\0"}]})] {
            assert_eq!(Metadata::new(value), Err(InvalidMetadata::Nul));
        }
        assert_eq!(Metadata::default().into_value(), json!({}));
    }
}
