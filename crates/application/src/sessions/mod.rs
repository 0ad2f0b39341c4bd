//! Sessions: signing in and out, and going to work in another organization.

mod authenticate;
mod challenge;
mod elevate;
mod elevate_with_passkey;
mod enter;
mod list;
mod open;
mod ports;
mod prove;
mod revoke;
mod second_step;
mod second_step_with_passkey;
mod sign_in;
mod sign_in_with_passkey;
mod sign_out;
mod switch;
mod throttle;

pub(crate) use authenticate::{admit, find_afresh, is_good, is_kept_out, let_in, note_use};
pub use authenticate::{authenticate, authenticate_unnoted, require_enrolled};
pub use challenge::Challenge;
pub use elevate::{Command as Elevate, elevate};
pub use elevate_with_passkey::{begin_elevation_with_passkey, elevate_with_passkey};
pub use list::list;
pub use open::{NewSession, SignedIn};
pub(crate) use open::{Proof, open};
pub use ports::{LiveSessions, OwnSession, Sessions, SessionsView};
pub(crate) use prove::{begin_anew, prove_again};
pub use revoke::{Revoke, revoke};
pub use second_step::{Command as SecondStep, second_step};
pub use second_step_with_passkey::{
    Command as SecondStepWithPasskey, begin_second_step_with_passkey, second_step_with_passkey,
};
pub use sign_in::{Admitted, Command as SignIn, sign_in};
pub use sign_in_with_passkey::{
    Command as SignInWithPasskey, begin_sign_in_with_passkey, sign_in_with_passkey,
};
pub use sign_out::sign_out;
pub use switch::{Command as Switch, switch};
pub(crate) use throttle::{Counted, Device, Throttle, device_token};
