//! Second factors: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.
//!
//! ```
//! use rollcall_domain::second_factors::{SecondFactorCode, TotpSeed};
//! use time::OffsetDateTime;
//!
//! let seed = TotpSeed::from_bytes(*b"12345678901234567890");
//! let at = OffsetDateTime::from_unix_timestamp(59).expect("a moment");
//! let Some(SecondFactorCode::Totp(code)) = SecondFactorCode::typed("287 082") else { panic!("no code") };
//! assert_eq!(seed.accepted(&code, at, None), Some(1));
//! // What was accepted once is not accepted again.
//! assert_eq!(seed.accepted(&code, at, Some(1)), None);
//! ```

use std::fmt;

use time::{Duration, OffsetDateTime};
use totp_rs::{Builder, Totp};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{EmailAddress, id::ALPHABET, secret::Secret};

/// The seconds that a code of an authenticator app is shown for (RFC 6238 section 4.1).
const STEP_SECONDS: u64 = 30;
/// Bytes of a seed: as many as the hash has (RFC 4226 section 4, R6).
pub const SEED_BYTES: usize = 20;
/// How many recovery codes there are at a time.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code, of five bits each. 125 bits need no slow hash (ASVS 6.5.2: 112).
pub const RECOVERY_CODE_CHARACTERS: usize = 25;
/// Characters between two hyphens of a recovery code as it is shown.
const GROUP: usize = 5;

/// How long somebody who has shown the right password has for the second step.
pub const CHALLENGE_LIFETIME: Duration = Duration::minutes(5);
/// The most wrong codes that one challenge takes.
pub const MOST_WRONG_CODES: u16 = 5;
/// How long a seed that was shown waits for its first code.
pub const ENROLMENT_LIFETIME: Duration = Duration::minutes(15);

/// What somebody shows besides the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Totp, Self::RecoveryCode, Self::Passkey];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
        }
    }
}

/// The number of a period of thirty seconds since 1970.
pub type Step = u64;

/// What an authenticator app makes its codes of: 160 bits, HMAC-SHA-1, six digits, thirty seconds, which is what every app can do.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSeed([u8; SEED_BYTES]);

/// Six digits, as an authenticator app shows them.
#[derive(Debug, Clone)]
pub struct TotpCode(Secret);

impl TotpSeed {
    /// The seed with these bytes.
    pub const fn from_bytes(bytes: [u8; SEED_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes. Whoever calls this answers for where they go.
    pub const fn expose(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// The seed as it is typed into an app that reads no pictures: base32 (RFC 4648 section 6).
    pub fn base32(&self) -> Secret {
        Secret::new(self.totp(None).secret().to_base32())
    }

    /// What an app reads out of a picture: an `otpauth://totp/` URI (Key URI Format), in which the seed stands in clear.
    pub fn otpauth_uri(&self, issuer: &TotpIssuer, account: &EmailAddress) -> Secret {
        let totp = self.totp(Some((issuer, account)));
        // Fails for names with colons only, which neither of them has.
        Secret::new(totp.to_url().unwrap_or_default())
    }

    /// The code of a step: six digits (RFC 6238 section 4.2).
    pub fn code(&self, step: Step) -> Secret {
        Secret::new(self.totp(None).generate(step.saturating_mul(STEP_SECONDS)).to_string())
    }

    /// The step that a code belongs to, if it may be accepted at `now`: it is of this step or of the one before, and later than
    /// `last_step`, the one that was accepted last (RFC 6238 section 5.2). None for any other.
    pub fn accepted(&self, code: &TotpCode, now: OffsetDateTime, last_step: Option<Step>) -> Option<Step> {
        let current = step_at(now);
        let totp = self.totp(None);
        let is_of = |step: Step| totp.check(code.0.expose(), step.saturating_mul(STEP_SECONDS)).is_some();
        [Some(current), current.checked_sub(1)]
            .into_iter()
            .flatten()
            .filter(|step| last_step.is_none_or(|last| *step > last))
            .find(|step| is_of(*step))
    }

    fn totp(&self, named: Option<(&TotpIssuer, &EmailAddress)>) -> Totp {
        let builder = Builder::new().with_secret(self.0).with_skew(0).with_step_duration(STEP_SECONDS);
        let builder = match named {
            Some((issuer, account)) => {
                builder.with_issuer(Some(issuer.as_str())).with_account_name(account.as_str())
            }
            None => builder,
        };
        // Compliant: 160 bits, six digits, thirty seconds.
        builder.build_noncompliant()
    }
}

impl fmt::Debug for TotpSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[seed]")
    }
}

/// The step at a moment. There is none before 1970 but the first.
pub fn step_at(now: OffsetDateTime) -> Step {
    u64::try_from(now.unix_timestamp()).unwrap_or(0) / STEP_SECONDS
}

/// What authenticator apps call this service: 1 to 64 characters, without colons, which part it from the account in URIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpIssuer(String);

/// The text is no name for authenticator apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 64 characters, and no colon among them")]
pub struct InvalidTotpIssuer;

impl TotpIssuer {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for TotpIssuer {
    type Err = InvalidTotpIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidTotpIssuer> {
        let fits = (1..=64).contains(&text.chars().count());
        let plain = !text.contains(':') && !text.chars().any(char::is_control) && text.trim() == text;
        if fits && plain { Ok(Self(text.to_owned())) } else { Err(InvalidTotpIssuer) }
    }
}

/// A code for whoever has lost everything else. It works once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCode(Secret);

impl RecoveryCode {
    /// The code that five bits of each byte make.
    pub fn of(random: &[u8; RECOVERY_CODE_CHARACTERS]) -> Self {
        Self(Secret::new(
            random.map(|byte| ALPHABET[usize::from(byte & 31)] as char).iter().collect::<String>(),
        ))
    }

    /// The one form in which it is compared: lower case, without hyphens.
    pub fn canonical(&self) -> &Secret {
        &self.0
    }

    /// As it is shown: in groups of five.
    pub fn grouped(&self) -> Secret {
        let groups: Vec<&str> = (0..RECOVERY_CODE_CHARACTERS)
            .step_by(GROUP)
            .map(|start| &self.0.expose()[start..start + GROUP])
            .collect();
        Secret::new(groups.join("-"))
    }
}

/// A code that somebody has typed; its form tells what it is.
#[derive(Debug, Clone)]
pub enum SecondFactorCode {
    /// Of an authenticator app.
    Totp(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl SecondFactorCode {
    /// The code in a text, if it has the form of one: six digits, or [`RECOVERY_CODE_CHARACTERS`] of [`ALPHABET`]. Spaces and hyphens
    /// do not matter, nor does case, and letters that look like digits are taken for those.
    pub fn typed(text: &str) -> Option<Self> {
        let mut signs: String = text
            .chars()
            .filter(|sign| !matches!(sign, ' ' | '-'))
            .take(RECOVERY_CODE_CHARACTERS + 1)
            .collect();
        signs.make_ascii_lowercase();
        if signs.len() == 6 && signs.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Totp(TotpCode(Secret::new(signs))));
        }
        let bare = signs.chars().map(|sign| match sign {
            'o' => '0',
            'i' | 'l' => '1',
            sign => sign,
        });
        let bare = Secret::new(bare.collect::<String>());
        signs.zeroize();
        let text = bare.expose();
        let is_one =
            text.len() == RECOVERY_CODE_CHARACTERS && text.bytes().all(|byte| ALPHABET.contains(&byte));
        is_one.then_some(Self::Recovery(RecoveryCode(bare)))
    }

    /// What it is.
    pub fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Totp,
            Self::Recovery(_) => Method::RecoveryCode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: TotpSeed = TotpSeed::from_bytes(*b"12345678901234567890");

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).expect("a moment")
    }

    fn totp(text: &str) -> TotpCode {
        match SecondFactorCode::typed(text) {
            Some(SecondFactorCode::Totp(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rfc_6238_appendix_b_the_vectors_hold() {
        // The RFC shows eight digits; the last six of them are what six digits are.
        for (seconds, digits) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = step_at(at(seconds));
            assert_eq!(SEED.code(step).expose(), &digits[2..], "{seconds}");
            assert_eq!(SEED.accepted(&totp(&digits[2..]), at(seconds), None), Some(step));
        }
    }

    #[test]
    fn asvs_6_5_5_a_code_is_good_in_its_step_and_the_next_one() {
        let code = totp(SEED.code(100).expose());
        for (seconds, expected) in
            [(2_999, None), (3_000, Some(100)), (3_029, Some(100)), (3_059, Some(100)), (3_060, None)]
        {
            assert_eq!(SEED.accepted(&code, at(seconds), None), expected, "{seconds}");
        }
    }

    #[test]
    fn asvs_6_5_1_a_step_that_was_accepted_is_over_and_so_are_those_before_it() {
        let (before, current) = (totp(SEED.code(99).expose()), totp(SEED.code(100).expose()));
        assert_eq!(SEED.accepted(&before, at(3_000), Some(98)), Some(99));
        assert_eq!(SEED.accepted(&current, at(3_000), Some(99)), Some(100));
        assert_eq!(SEED.accepted(&current, at(3_000), Some(100)), None);
        assert_eq!(SEED.accepted(&before, at(3_000), Some(100)), None);
        assert_eq!(SEED.accepted(&current, at(3_000), Some(101)), None);
    }

    #[test]
    fn asvs_16_2_5_seeds_and_codes_cannot_be_printed() {
        let code = RecoveryCode::of(&[7; 25]);
        assert_eq!(format!("{SEED:?}"), "[seed]");
        assert_eq!(format!("{:?}", SecondFactorCode::typed("287082")), "Some(Totp(TotpCode([secret])))");
        assert_eq!(format!("{code:?}"), "RecoveryCode([secret])");
    }

    #[test]
    fn apps_get_the_seed_with_the_names_of_the_service_and_the_account() {
        let issuer: TotpIssuer = "Acme Rollcall".parse().expect("a name");
        let account = "grace@navy.example".parse().expect("an address");
        assert_eq!(SEED.base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = SEED.otpauth_uri(&issuer, &account);
        assert!(uri.expose().starts_with("otpauth://totp/Acme%20Rollcall:grace"), "{}", uri.expose());
        assert!(uri.expose().contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{}", uri.expose());
        assert!(uri.expose().contains("issuer=Acme%20Rollcall"), "{}", uri.expose());
        for text in ["", "a:b", " x", "a\nb", &"x".repeat(65)] {
            assert!(text.parse::<TotpIssuer>().is_err(), "{text}");
        }
    }

    #[test]
    fn asvs_6_5_2_a_recovery_code_has_125_bits_and_forgives_how_it_is_typed() {
        let mut random = [0; 25];
        for (place, byte) in random.iter_mut().enumerate() {
            *byte = place as u8 | 0xe0;
        }
        let code = RecoveryCode::of(&random);
        let shown = code.grouped();
        assert_eq!(shown.expose(), "01234-56789-abcde-fghjk-mnpqr");
        for typed in [
            shown.expose(),
            "O1234 56789 ABCDE FGHJK MNPQR",
            "0l23456789abcdefghjkmnpqr",
            "oi234-56789abcdefghjkmnpqr",
        ] {
            match SecondFactorCode::typed(typed) {
                Some(SecondFactorCode::Recovery(typed)) => assert_eq!(typed, code),
                other => panic!("{typed}: {other:?}"),
            }
        }
        for other in [
            "",
            "12345",
            "1234567",
            "12345a",
            "01234-56789-abcde-fghjk-mnpqu",
            "01234-56789-abcde-fghjk-mnpqrs",
            "１２３４５６",
        ] {
            assert!(SecondFactorCode::typed(other).is_none(), "{other}");
        }
    }
}
