//! Email addresses and the one rule by which two of them are the same.

use std::{fmt, str::FromStr};

use crate::text::{is_unseen, normalized};

/// The longest address (RFC 5321 section 4.5.3.1.3, less the angle brackets), in bytes.
const MAX_BYTES: usize = 254;
/// The longest part before the `@` (RFC 5321 section 4.5.3.1.1), in bytes.
const MAX_LOCAL_BYTES: usize = 64;

/// An email address: kept as it was typed, compared by its [key](Self::key).
///
/// Two addresses are the same when their keys are: normalization form C, the domain in lower-case ASCII
/// (IDNA, UTS 46), the part before the `@` without regard to case. No other folding: dots and `+tags`
/// count, because only the mail system behind the domain knows what they mean.
///
/// ```
/// use rollcall_domain::EmailAddress;
/// let typed: EmailAddress = "Zoë@Bücher.example".parse()?;
/// assert_eq!(typed.as_str(), "Zoë@Bücher.example");
/// assert_eq!(typed, "ZOË@xn--bcher-kva.example".parse()?);
/// assert_ne!(typed, "zoe@bücher.example".parse()?);
/// # Ok::<(), rollcall_domain::InvalidEmailAddress>(())
/// ```
#[derive(Debug, Clone)]
pub struct EmailAddress {
    typed: String,
    key: String,
}

/// The text is not an address that mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmailAddress {
    /// It has not the form `local@domain.tld`: the local part a dot-atom (RFC 5322 section 3.2.3), the domain of two labels or more.
    #[error("must be an email address like name@example.com")]
    Form,
    /// It is longer than addresses may be (RFC 5321 section 4.5.3.1), as it was typed or as it is compared.
    #[error("must be at most 254 bytes long, at most 64 of them before the @")]
    TooLong,
    /// It holds a character that cannot be seen.
    #[error("must not contain control, bidirectional or zero-width characters")]
    Unseen,
}

impl EmailAddress {
    /// The most bytes of a text that is looked at as an address, with the spaces around it.
    pub const LONGEST_TYPED: usize = 2 * MAX_BYTES;

    /// The address as it was typed, in normalization form C.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// What is compared and indexed: equal for two spellings of one address.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address with its domain in ASCII, as mail systems want it. The part before the `@` stays as it was typed: one that is not ASCII
    /// takes a mail system that knows SMTPUTF8 (RFC 6531).
    pub fn to_ascii_domain(&self) -> String {
        // Both parts exist: the parser put exactly one `@` into each form.
        let local = self.typed.rsplit_once('@').map_or("", |(local, _)| local);
        let domain = self.key.rsplit_once('@').map_or("", |(_, domain)| domain);
        format!("{local}@{domain}")
    }

    /// The address with most of its letters hidden, for showing to somebody who may not know it.
    ///
    /// ```
    /// # use rollcall_domain::EmailAddress;
    /// let address: EmailAddress = "grace.hopper@navy.example".parse()?;
    /// assert_eq!(address.masked(), "g•••r@n•••y.example");
    /// # Ok::<(), rollcall_domain::InvalidEmailAddress>(())
    /// ```
    pub fn masked(&self) -> String {
        fn hide(part: &str) -> String {
            // The last letter of a short part would leave too little to guess.
            let last = part.chars().last().filter(|_| part.chars().count() > 3);
            part.chars().take(1).chain("•••".chars()).chain(last).collect()
        }
        let (local, domain) = self.typed.rsplit_once('@').unwrap_or(("", &self.typed));
        match domain.rsplit_once('.') {
            Some((name, top)) => format!("{}@{}.{top}", hide(local), hide(name)),
            None => format!("{}@{}", hide(local), hide(domain)),
        }
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, InvalidEmailAddress> {
        if text.chars().any(is_unseen) {
            return Err(InvalidEmailAddress::Unseen);
        }
        // Looked at before any work is done on it: an address has no right to be long.
        if text.len() > Self::LONGEST_TYPED {
            return Err(InvalidEmailAddress::TooLong);
        }
        let typed = normalized(text.trim());
        let (local, domain) = typed.split_once('@').ok_or(InvalidEmailAddress::Form)?;
        if !is_dot_atom(local) {
            return Err(InvalidEmailAddress::Form);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmailAddress::Form)?;
        if !is_host_name(&domain) {
            return Err(InvalidEmailAddress::Form);
        }
        // Letter by letter: a whole word would lower its last sigma in another way. Lower-casing can undo the
        // normalization (for example of U+0130), so it is done again.
        let lowered: String = local.chars().flat_map(char::to_lowercase).collect();
        let folded = normalized(&lowered);
        let key = format!("{folded}@{domain}");
        if typed.len().max(key.len()) > MAX_BYTES || local.len().max(folded.len()) > MAX_LOCAL_BYTES {
            return Err(InvalidEmailAddress::TooLong);
        }
        Ok(Self { typed, key })
    }
}

/// RFC 5322 section 3.2.3 `dot-atom`, with RFC 6531 section 3.3 letters beyond ASCII. Quoted local parts
/// are refused: they are hardly used, and every system reads them differently.
fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.chars().all(|character| {
                character.is_ascii_alphanumeric()
                    || "!#$%&'*+-/=?^_`{|}~".contains(character)
                    || (!character.is_ascii() && !character.is_whitespace())
            })
    })
}

/// At least two labels, the last one not a number: no addresses of machines, no `localhost`.
fn is_host_name(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let top = labels.next().unwrap_or_default();
    labels.next().is_some()
        && !top.bytes().all(|byte| byte.is_ascii_digit())
        && domain.split('.').all(|label| !label.is_empty())
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for EmailAddress {}

impl std::hash::Hash for EmailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Result<String, InvalidEmailAddress> {
        text.parse::<EmailAddress>().map(|address| address.key().to_owned())
    }

    #[test]
    fn attack_16_spellings_of_one_address_have_one_key() {
        for (one, other) in [
            ("User@Example.COM", "user@example.com"),
            ("zoe\u{308}@example.com", "zoë@example.com"),
            ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
            ("a@ｅｘａｍｐｌｅ.com", "a@example.com"),
            (" a@example.com ", "a@example.com"),
            // U+212A KELVIN SIGN is the letter K by canonical equivalence.
            ("\u{212a}elvin@example.com", "kelvin@example.com"),
        ] {
            assert_eq!(key(one), key(other), "{one} and {other}");
        }
    }

    #[test]
    fn attack_16_lookalikes_are_other_addresses() {
        for (one, other) in [
            ("ｕser@example.com", "user@example.com"),
            ("ﬁ@example.com", "fi@example.com"),
            ("\u{131}@example.com", "i@example.com"),
            ("\u{130}@example.com", "i@example.com"),
            ("аdmin@example.com", "admin@example.com"),
            ("a.b@example.com", "ab@example.com"),
            ("a+b@example.com", "a@example.com"),
        ] {
            assert_ne!(key(one), key(other), "{one} and {other}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        use InvalidEmailAddress::{Form, TooLong, Unseen};
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}.com", ["b".repeat(60).as_str(); 5].join("."));
        for (text, expected) in [
            ("", Form),
            ("a", Form),
            ("@example.com", Form),
            ("a@", Form),
            ("a@b", Form),
            ("a@@example.com", Form),
            ("a@b@example.com", Form),
            ("a b@example.com", Form),
            (".a@example.com", Form),
            ("a..b@example.com", Form),
            ("\"a\"@example.com", Form),
            ("a@127.0.0.1", Form),
            ("a@[127.0.0.1]", Form),
            ("a@-example.com", Form),
            ("a@example..com", Form),
            ("a@example.com.", Form),
            ("<a@example.com>", Form),
            ("a,b@example.com", Form),
            ("a\r\nBcc: x@example.com", Unseen),
            ("a\0@example.com", Unseen),
            ("a\u{200b}@example.com", Unseen),
            ("a\u{202e}@example.com", Unseen),
            (&long_local, TooLong),
        ] {
            assert_eq!(key(text), Err(expected), "{text}");
        }
        assert!(key(&long).is_err());
        assert_eq!(key(&"a".repeat(10_000)), Err(TooLong));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keys_are_stable(text in "\\PC{0,40}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                let again: EmailAddress = address.key().parse().expect("a key is an address");
                prop_assert_eq!(again.key(), address.key());
            }
        }
    }
}
