//! Sessions: signing in and out, and going to work in another organization.

mod attempt;
mod authenticate;
mod challenge;
mod elevate;
mod enter;
mod list;
mod open;
mod ports;
mod prove;
mod revoke;
mod second_step;
mod sign_in;
mod sign_out;
mod switch;

pub(crate) use attempt::{Counted, Device, Lock, device_token};
pub(crate) use authenticate::{admit, find, is_good};
pub use authenticate::{authenticate, require_enrolled};
pub use challenge::Challenge;
pub use elevate::{Command as Elevate, elevate};
pub use list::list;
pub use open::{NewSession, SignedIn};
pub(crate) use open::{Proof, open};
pub use ports::{Live, OwnSession, Sessions, SessionsView};
pub(crate) use prove::{begin_anew, prove_again};
pub use revoke::{Revoke, revoke};
pub use second_step::{Command as SecondStep, second_step};
pub use sign_in::{Admitted, Command as SignIn, sign_in};
pub use sign_out::sign_out;
pub use switch::{Command as Switch, switch};
