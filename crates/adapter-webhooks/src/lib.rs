//! The only room that speaks to webhooks.
//!
//! Whoever sets one up decides where this machine sends something to, so it leads nowhere that only this machine can reach
//! (attack 33): a name is looked up once, the addresses it stands for are looked at, and one of those is connected to and no
//! other; what is answered is not read beyond its status, and nobody is sent on to elsewhere.

mod connection;
mod signature;
mod webhooks;

pub use webhooks::{AtMost, NoTls, Webhooks};
