//! A browser for tests and pictures: headless Chromium, told what to do by what a person sees.
//!
//! [`Browser`] is a chromedriver of one's own; each [`Profile`] that it opens is another person's browser, which shares nothing with the
//! others. Things are found by their names, as they are read out to somebody who cannot see them, and texts by being shown. Whatever is
//! waited for is asked for until it is so, and what a page should not do fails whoever looks at it next: scripts and styles that its
//! policy forbids, errors of scripts, and parts that do not come.
//!
//! It panics instead of giving back errors: it is for tests, and for tools that cannot go on either.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on had better panic")]

mod acting;
mod axe;
mod browser;
mod complaints;
mod fitting;
mod keeping;
mod keyboard;
mod look;
mod net_log;
mod passkeys;
mod profile;
mod programs;
mod seeing;
mod wire;

pub use acting::Part;
pub use axe::{Axe, Rules};
pub use browser::Browser;
pub use keyboard::Focus;
pub use look::Look;
pub use net_log::NetLog;
pub use passkeys::VirtualAuthenticator;
pub use profile::Profile;
pub use programs::{BROWSER, Missing, Programs};
