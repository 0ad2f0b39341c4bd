//! What is not good any more, for services beside Rollcall that remember what they were told.

mod feed;
mod follow;
mod ports;

pub use feed::{Feed, forget};
pub use follow::{Follower, Told, follow};
pub use ports::{InvalidPosition, Noted, Position, Revocations};
