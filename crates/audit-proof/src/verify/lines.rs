//! What a single line says, and whether it holds by itself.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    marker::PhantomData,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::leaf::Leaf;
use crate::{
    Commitment, Hash, SALT_BYTES, Salt, VERSION,
    export::{Begin, FORMAT_VERSION},
};

/// What a line comes to.
#[derive(Debug)]
pub(super) enum Item {
    Event {
        index: u64,
        /// As the file has it, or of the leaf where the file has none.
        hash: Option<Hash>,
        fault: Option<Fault>,
        erased: u64,
    },
    Checkpoint(String),
    End {
        events: u64,
    },
    Nothing,
    Malformed(String),
}

/// What is wrong with an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Missing,
    Altered(&'static str),
    Personal(String),
}

/// A string, where it stands unless it has to be unescaped.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Any line: what lines of its type have not is not there.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    index: Option<u64>,
    #[serde(default, borrow)]
    hash: Option<Text<'a>>,
    #[serde(default, borrow)]
    leaf: Option<&'a RawValue>,
    #[serde(default, borrow)]
    personal: Personal<'a>,
    note: Option<String>,
    events: Option<u64>,
}

/// What stands beside a leaf, by field.
type Personal<'a> = Fields<'a, Option<Opened<'a>>>;

/// An object in which no name stands twice: readers differ in which of the two values they show.
pub(super) struct Fields<'a, V>(BTreeMap<Text<'a>, V>);

impl<V> Default for Fields<'_, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Fields<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<'a, V>(PhantomData<Fields<'a, V>>);

        impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for Read<'a, V> {
            type Value = Fields<'a, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = BTreeMap::new();
                while let Some(name) = map.next_key::<Text<'a>>()? {
                    match fields.entry(name) {
                        Entry::Vacant(place) => drop(place.insert(map.next_value()?)),
                        Entry::Occupied(place) => {
                            let twice = format!("{:?} stands twice in it", place.key().0);
                            return Err(M::Error::custom(twice));
                        }
                    }
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Read(PhantomData))
    }
}

#[derive(Deserialize)]
struct Opened<'a> {
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    salt: Text<'a>,
}

/// What comes before everything else.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    format_version: u64,
}

/// Reads a line of the log `log`.
pub(super) fn read(line: &[u8], log: &str) -> Item {
    let Ok(line) = std::str::from_utf8(line) else { return Item::Malformed("it is no UTF-8".to_owned()) };
    if let Some(item) = as_written(line, log) {
        return item;
    }
    if line.trim_ascii().is_empty() {
        return Item::Nothing;
    }
    let line: Line<'_> = match serde_json::from_str(line) {
        Ok(line) => line,
        // Only the last line can be without its end.
        Err(_) if !line.ends_with('\n') => return Item::Nothing,
        Err(error) => return Item::Malformed(error.to_string()),
    };
    match line.kind.0.as_ref() {
        "event" => event(&line, log),
        "checkpoint" => match line.note {
            Some(note) => Item::Checkpoint(note),
            None => Item::Malformed("a checkpoint without `note`".to_owned()),
        },
        "end" => match line.events {
            Some(events) => Item::End { events },
            None => Item::Malformed("an end without `events`".to_owned()),
        },
        "begin" => Item::Malformed("a second beginning".to_owned()),
        _ => Item::Nothing,
    }
}

/// Reads an event as Rollcall writes it down, each byte once. None for one that was written otherwise, which may be as good, and for
/// one with which anything is wrong: [`read`] says what.
fn as_written(line: &str, log: &str) -> Option<Item> {
    let rest = line.strip_prefix(r#"{"type":"event","index":"#)?;
    let (digits, rest) = rest.split_at_checked(rest.find(',')?)?;
    let index: u64 = digits.parse().ok().filter(|index: &u64| index.to_string() == digits)?;
    // 32 bytes in base64.
    let (stated, rest) = rest.strip_prefix(r#","hash":""#)?.split_at_checked(44)?;
    let stated = hash(stated)?;
    let (leaf, text, rest): (Leaf<'_>, _, _) = value(rest.strip_prefix(r#"","leaf":"#)?)?;
    let (personal, _, rest) = value(rest.strip_prefix(r#","personal":"#)?)?;
    let holds = matches!(rest, "}" | "}\n") && Hash::of_leaf(text.as_bytes()) == stated;
    let erased = holds.then(|| beside(&leaf, &personal, log).ok())??;
    Some(Item::Event { index, hash: Some(stated), fault: None, erased })
}

/// The value that a text begins with, how that is written, and the rest.
fn value<'a, T: Deserialize<'a>>(text: &'a str) -> Option<(T, &'a str, &'a str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    let (written, rest) = text.split_at_checked(values.byte_offset())?;
    (!written.starts_with([' ', '\t', '\r', '\n'])).then_some((value, written, rest))
}

fn event(line: &Line<'_>, log: &str) -> Item {
    let Some(index) = line.index else { return Item::Malformed("an event without `index`".to_owned()) };
    let stated = match line.hash.as_ref().map(|text| hash(&text.0)) {
        Some(None) => return Item::Malformed("`hash` is no hash".to_owned()),
        Some(Some(hash)) => Some(hash),
        None => None,
    };
    let Some(leaf) = line.leaf.map(RawValue::get) else {
        return Item::Event { index, hash: stated, fault: Some(Fault::Missing), erased: 0 };
    };
    let computed = Hash::of_leaf(leaf.as_bytes());
    let altered = stated.is_some_and(|stated| stated != computed);
    let (fault, erased) = if altered {
        (Some(Fault::Altered("its leaf has not the hash that stands beside it")), 0)
    } else {
        let read = serde_json::from_str(leaf)
            .map_err(|_| Fault::Altered("its leaf is no event, or not as one is written"));
        match read.and_then(|leaf| beside(&leaf, &line.personal, log)) {
            Ok(erased) => (None, erased),
            Err(fault) => (Some(fault), 0),
        }
    };
    Item::Event { index, hash: Some(stated.unwrap_or(computed)), fault, erased }
}

/// Looks at what a leaf says of itself, and at what stands beside it; tells how many fields were erased.
fn beside(leaf: &Leaf<'_>, personal: &Personal<'_>, log: &str) -> Result<u64, Fault> {
    if leaf.log.0 != log {
        return Err(Fault::Altered("it is an event of another log"));
    }
    if leaf.v != u64::from(VERSION) {
        return Err(Fault::Altered("its leaf is of a version that is not known"));
    }
    if let Some(field) = personal.0.keys().find(|field| !leaf.personal.0.contains_key(*field)) {
        return Err(Fault::Personal(field.0.to_string()));
    }
    let mut erased = 0;
    for (field, promise) in &leaf.personal.0 {
        match personal.0.get(field).and_then(Option::as_ref) {
            None => erased += 1,
            Some(opened) => {
                let made = salt(&opened.salt.0).map(|salt| Commitment::to(&field.0, &opened.value.0, &salt));
                if made.is_none_or(|made| made.as_str() != promise.0) {
                    return Err(Fault::Personal(field.0.to_string()));
                }
            }
        }
    }
    Ok(erased)
}

/// Reads the first line.
pub(super) fn begin(line: &[u8]) -> Result<Begin, String> {
    let kind: Kind<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if kind.kind.0 != "begin" {
        return Err("it is not the beginning of an export".to_owned());
    }
    if kind.format_version != u64::from(FORMAT_VERSION) {
        return Err(format!("it is of version {}, which is not known", kind.format_version));
    }
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

/// A hash in base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    let mut bytes = [0; 33];
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    Hash::try_from(bytes.get(..length)?).ok()
}

fn salt(text: &str) -> Option<Salt> {
    let mut salt = [0; SALT_BYTES];
    let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 2 * SALT_BYTES || !text.bytes().all(digits) {
        return None;
    }
    for (byte, digits) in salt.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(salt)
}
