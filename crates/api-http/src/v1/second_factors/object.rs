use rollcall_application::second_factors::Overview;
use rollcall_domain::second_factors::RecoveryCode;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::passkeys::PasskeyObject;

/// What second factors one's account has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactors)]
pub(crate) struct SecondFactorsObject {
    totp: TotpObject,
    /// How many recovery codes have not been used.
    #[schema(example = 10)]
    recovery_codes_left: u32,
    /// The passkeys, the oldest first.
    passkeys: Vec<PasskeyObject>,
}

/// The authenticator app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Totp)]
struct TotpObject {
    /// Whether its codes are asked for.
    enabled: bool,
    /// Since when; null when it is off.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = Option<String>)]
    confirmed_at: Option<OffsetDateTime>,
}

impl From<&Overview> for SecondFactorsObject {
    fn from(overview: &Overview) -> Self {
        let confirmed_at = overview.totp_confirmed_at;
        Self {
            totp: TotpObject { enabled: confirmed_at.is_some(), confirmed_at },
            recovery_codes_left: overview.recovery_codes_left,
            passkeys: overview.passkeys.iter().map(PasskeyObject::from).collect(),
        }
    }
}

/// New recovery codes, shown at this moment only. Each of them stands in for the second factor once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodesAnswer {
    #[schema(example = json!(["7k3m9-p0q1r-s2t3v-4w5x6-y7z8a"]))]
    recovery_codes: Vec<String>,
}

impl From<Vec<RecoveryCode>> for RecoveryCodesAnswer {
    fn from(codes: Vec<RecoveryCode>) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.grouped().expose().to_owned()).collect() }
    }
}
