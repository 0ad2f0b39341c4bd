//! What somebody presents as a second factor.

use rollcall_domain::second_factors::{Method, RecoveryCode, SecondFactorCode, TotpCode};

/// What somebody presents as a second factor. A text that cannot be a code is a wrong one.
#[derive(Debug, Clone)]
pub enum Presented {
    /// A code of an authenticator app.
    Totp(Option<TotpCode>),
    /// A recovery code.
    RecoveryCode(Option<RecoveryCode>),
}

impl Presented {
    /// A code of which its form tells what it is.
    pub fn typed(text: &str) -> Self {
        match SecondFactorCode::typed(text) {
            Some(SecondFactorCode::Totp(code)) => Self::Totp(Some(code)),
            Some(SecondFactorCode::Recovery(code)) => Self::RecoveryCode(Some(code)),
            None => Self::Totp(None),
        }
    }

    /// A code of an authenticator app.
    pub fn totp(text: &str) -> Self {
        match SecondFactorCode::typed(text) {
            Some(SecondFactorCode::Totp(code)) => Self::Totp(Some(code)),
            Some(SecondFactorCode::Recovery(_)) | None => Self::Totp(None),
        }
    }

    /// A recovery code.
    pub fn recovery_code(text: &str) -> Self {
        match SecondFactorCode::typed(text) {
            Some(SecondFactorCode::Recovery(code)) => Self::RecoveryCode(Some(code)),
            Some(SecondFactorCode::Totp(_)) | None => Self::RecoveryCode(None),
        }
    }

    /// What it is.
    pub fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Totp,
            Self::RecoveryCode(_) => Method::RecoveryCode,
        }
    }
}
