//! Second factors: authenticator apps and recovery codes.

mod begin_totp;
mod check;
mod codes;
mod confirm_totp;
mod disable_totp;
mod ports;
mod presented;
mod renew_recovery_codes;
mod show;

pub use begin_totp::{Enrolment, begin_totp};
pub(crate) use check::{check, methods_of, settle, told};
pub(crate) use codes::give_recovery_codes;
pub use confirm_totp::confirm_totp;
pub use disable_totp::disable_totp;
pub use ports::{NewChallenge, SecondFactors, SecondFactorsView, StoredTotp, TotpStage};
pub use presented::Presented;
pub use renew_recovery_codes::renew_recovery_codes;
pub use show::{Overview, show};
