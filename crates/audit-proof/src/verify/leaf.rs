//! Reading a leaf. The names in each of its objects must be in the order of the canonical form, so that none stands twice: readers differ
//! in which of two values they show.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

use super::lines::{Fields, Text};

/// A leaf: what it says of itself, and its commitments. The rest is checked for order, and dropped.
pub(super) struct Leaf<'a> {
    pub(super) log: Text<'a>,
    pub(super) personal: Fields<'a, Text<'a>>,
    pub(super) v: u64,
}

impl<'de: 'a, 'a> Deserialize<'de> for Leaf<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<'a>(PhantomData<Leaf<'a>>);

        impl<'de: 'a, 'a> Visitor<'de> for Read<'a> {
            type Value = Leaf<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a leaf")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let (mut log, mut personal, mut v) = (None, None, None);
                let mut names = Names(None);
                while let Some(name) = names.read(&mut map)? {
                    match name {
                        "log" => log = Some(map.next_value()?),
                        "personal" => personal = Some(map.next_value()?),
                        "v" => v = Some(map.next_value()?),
                        _ => {
                            map.next_value::<Ordered>()?;
                        }
                    }
                }
                Ok(Leaf {
                    log: log.ok_or_else(|| M::Error::missing_field("log"))?,
                    personal: personal.ok_or_else(|| M::Error::missing_field("personal"))?,
                    v: v.ok_or_else(|| M::Error::missing_field("v"))?,
                })
            }
        }

        deserializer.deserialize_map(Read(PhantomData))
    }
}

/// The name that was read last in an object.
struct Names<'a>(Option<Text<'a>>);

impl<'a> Names<'a> {
    /// The next name, if it comes after the one before.
    fn read<'de: 'a, M: MapAccess<'de>>(&mut self, map: &mut M) -> Result<Option<&str>, M::Error> {
        let Some(name) = map.next_key::<Text<'a>>()? else { return Ok(None) };
        if self.0.as_ref().is_some_and(|before| *before >= name) {
            return Err(M::Error::custom(format!("{:?} stands in it twice, or not in its place", name.0)));
        }
        let name: &str = &self.0.insert(name).0;
        Ok(Some(name))
    }
}

/// Any value in whose objects the names are in order.
struct Ordered;

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Ordered {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut values: S) -> Result<Self, S::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self, M::Error> {
        let mut names = Names(None);
        while names.read(&mut map)?.is_some() {
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}
