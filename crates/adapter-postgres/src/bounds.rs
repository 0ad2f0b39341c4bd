//! The bounds of a list where nobody has named one: what comes before and after everything that it may hold.
//!
//! Every statement is prepared, and from the sixth time on PostgreSQL may keep one plan of it for whatever the parameters are. A condition
//! that may be none (`$2::uuid IS NULL OR id < $2`) is then looked at row by row: a page walks all that comes before it. One that is always
//! there (`id < $2`) says where in the index the page begins. So a page without a key, and a filter for a stretch of the list without an end,
//! get one of these.
//!
//! `deep_pages.rs` in the suite holds the statements to it.

use rollcall_application::members::MemberKey;
use rollcall_domain::UserId;
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

/// Before every id that names something: those are of version 7 (RFC 9562, section 5.7), which all zeros are not. So a page may begin
/// behind it (`id > $2`). Where all zeros do name something, as [`NO_ORGANIZATION`](crate::transaction::NO_ORGANIZATION) does, it takes
/// more than the id to begin before that, or `id >= $2`.
pub(crate) const LEAST_ID: Uuid = Uuid::nil();

/// After every id that names something, as none of version 7 has all bits set: a page that goes down may begin behind it (`id < $2`).
pub(crate) const GREATEST_ID: Uuid = Uuid::max();

/// The first moment that RFC 3339 has words for. Nothing is earlier, calls included (migration 0060); PostgreSQL's own `-infinity` has no
/// value in Rust.
pub(crate) const EARLIEST: OffsetDateTime = datetime!(0000-01-01 00:00:00 UTC);

/// The last moment that RFC 3339 has words for, to the microsecond that PostgreSQL keeps. Nothing is later.
pub(crate) const LATEST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999999 UTC);

/// Before whoever came in first.
pub(crate) const BEFORE_MEMBERS: MemberKey =
    MemberKey { joined_at: EARLIEST, user: UserId::from_uuid(LEAST_ID) };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_that_is_made_is_between_the_bounds() {
        for (at, random) in
            [(0, [0; 10]), (0, [u8::MAX; 10]), (u64::MAX >> 16, [0; 10]), (u64::MAX >> 16, [u8::MAX; 10])]
        {
            let id = UserId::from_parts(at, &random).uuid();
            assert!(LEAST_ID < id && id < GREATEST_ID, "{id}");
        }
    }
}
