//! What else the platform wants to know about a call.

use serde_json::{Map, Value};

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
}

impl Metadata {
    /// The most bytes that it is written in.
    pub const LARGEST: usize = 16 * 1024;
    /// The most objects and lists inside of one another, itself among them.
    pub const DEEPEST: usize = 5;

    /// The metadata that a value is.
    ///
    /// # Errors
    /// [`InvalidMetadata`].
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

    /// Its fields, by name.
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
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
    fn its_size_and_depth_are_bounded() {
        let of_length = |length: usize| json!({"a": "x".repeat(length - r#"{"a":""}"#.len())});
        assert!(Metadata::new(of_length(Metadata::LARGEST)).is_ok());
        assert_eq!(Metadata::new(of_length(Metadata::LARGEST + 1)), Err(InvalidMetadata::TooLarge));
        let of_depth = |depth: usize| (1..depth).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(Metadata::new(of_depth(Metadata::DEEPEST)).is_ok());
        assert_eq!(Metadata::new(of_depth(Metadata::DEEPEST + 1)), Err(InvalidMetadata::TooDeep));
        assert_eq!(Metadata::new(json!({"a": [[[[[]]]]]})), Err(InvalidMetadata::TooDeep));
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
