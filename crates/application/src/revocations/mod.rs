//! What is not good any more, for services beside Rollcall that remember what they were told.

mod feed;
mod follow;
mod ports;

pub use feed::{Feed, forget};
pub use follow::{FeedMessage, Follower, follow};
pub use ports::{FeedPosition, InvalidPosition, PlacedRevocation, Revocations};
