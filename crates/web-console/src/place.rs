//! Where a page of a list begins, as its address says it. Whoever looks may see all of the list, so a place in it needs no tag.

use std::{fmt::Display, str::FromStr};

use time::OffsetDateTime;

use crate::refused::Refused;

/// The moment and the id after which a page begins; none for the first.
///
/// # Errors
/// When it is no such place.
pub(crate) fn read<Id: FromStr>(text: &str) -> Result<Option<(OffsetDateTime, Id)>, Refused> {
    if text.is_empty() {
        return Ok(None);
    }
    let place = text.split_once('.').and_then(|(at, id)| Some((moment(at)?, id.parse().ok()?)));
    place.map(Some).ok_or(Refused::Misread)
}

/// What [`read`] reads.
pub(crate) fn written(at: OffsetDateTime, id: impl Display) -> String {
    format!("{}.{id}", at.unix_timestamp_nanos())
}

/// A moment in nanoseconds since 1970. Nothing happened before year 0, of which the database knows as little.
pub(crate) fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(text.parse().ok()?).ok().filter(|at| at.year() >= 0)
}

/// The address of a list that is asked in these ways; those that ask for nothing are left out.
pub(crate) fn address<'a>(path: &str, asked: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let asked = asked.into_iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
    format!("{path}?{query}")
}
