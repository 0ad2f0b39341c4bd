//! An authenticator app.

use rollcall_application::ports::Clock;
use rollcall_domain::second_factors::{TotpSeed, step_at};
use time::Duration;

use crate::ManualClock;

/// An authenticator app, whose clock is the service's.
#[derive(Debug, Clone)]
pub struct Authenticator {
    seed: TotpSeed,
    clock: ManualClock,
}

impl Authenticator {
    /// How long a code is shown.
    pub const STEP: Duration = Duration::seconds(30);

    /// An app that was given a seed, in base32 (RFC 4648 section 6).
    pub fn of(secret: &str, clock: &ManualClock) -> Self {
        let mut bits = 0_u64;
        let (mut held, mut seed) = (0, Vec::new());
        for sign in secret.bytes() {
            let value =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|letter| *letter == sign).unwrap();
            bits = bits << 5 | value as u64;
            held += 5;
            if held >= 8 {
                held -= 8;
                seed.push((bits >> held & 0xff) as u8);
            }
        }
        Self { seed: TotpSeed::from_bytes(seed.try_into().unwrap()), clock: clock.clone() }
    }

    /// The code of this moment.
    pub fn code(&self) -> String {
        self.code_of(0)
    }

    /// The code of so many steps later.
    pub fn code_of(&self, steps: i64) -> String {
        let step = step_at(self.clock.now()).checked_add_signed(steps).unwrap();
        self.seed.code(step).expose().to_owned()
    }

    /// A code that is not accepted at this moment.
    pub fn wrong_code(&self) -> String {
        let accepted = [self.code(), self.code_of(-1)];
        ["000000", "111111", "222222"]
            .into_iter()
            .find(|code| !accepted.contains(&(*code).to_owned()))
            .unwrap()
            .to_owned()
    }
}
