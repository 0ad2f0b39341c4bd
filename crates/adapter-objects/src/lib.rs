//! The only room that knows files and object stores: where the segments of recordings lie.
//!
//! A segment is an object of its own, written once and whole: `<organization>/<recording>/<segment>`, all three of them random ids that
//! Rollcall has made itself. So a file system will do as well as any store that speaks S3, and nothing is needed of
//! either but to put, get, list and delete: no multipart uploads, which would hold at least 5 MiB in memory and leave parts behind that
//! no listing shows.

mod errors;
mod files;
mod place;
mod store;

pub use place::{InvalidPlace, Place, S3Access};
pub use store::ObjectsAt;
