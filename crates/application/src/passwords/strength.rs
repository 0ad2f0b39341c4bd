//! Which passwords may not be chosen: those that are guessed first.

use rollcall_domain::secret::Password;
use zxcvbn::{Score, zxcvbn};

use crate::Error;

/// The characters that are looked at: enough to see that a password is good, and few enough for every text to be looked at
/// quickly. All of it is hashed.
const CHARACTERS: usize = 64;

/// Fewer guesses than 10⁸ find it, in the order in which guessers try them.
const ENOUGH: Score = Score::Three;

/// Long passwords that many have chosen, in lower case and without anything but letters and digits. zxcvbn knows tens of thousands
/// of words and of short ones; these are what people make of them when a form asks for more.
const COMMON: &str = include_str!("common.txt");

/// The fewest characters there must be beside one's own words.
const BESIDE_OWN_WORDS: usize = 8;

/// Words of somebody's own: no good passwords for them.
#[derive(Debug, Clone)]
pub struct OwnWords(Vec<String>);

impl OwnWords {
    /// The words in these texts: addresses, names of people and of organizations.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words = vec!["rollcall".to_owned()];
        for text in texts {
            words.push(text.to_owned());
            let parts = text.split(|sign: char| !sign.is_alphanumeric());
            words.extend(parts.filter(|part| part.chars().count() > 2).map(str::to_owned));
        }
        for word in &mut words {
            *word = word.to_lowercase();
        }
        // The longest first, so that no part of one is taken out before the whole.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self(words)
    }

    /// Whether a text is little but these words.
    fn make_up(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let rest = self.0.iter().fold(text.clone(), |rest, word| rest.replace(word, " "));
        rest != text && rest.chars().filter(|sign| !sign.is_whitespace()).count() < BESIDE_OWN_WORDS
    }
}

/// Makes sure that a password is not one of those that are guessed first: not a common or breached one, not a row of keys or a
/// repetition, not made of its owner's own words. There are no rules of composition (NIST SP 800-63B-4 section 3.1.1.2,
/// ASVS 6.2.4, 6.2.5, 6.2.11, 6.2.12).
///
/// # Errors
/// [`Error::Invalid`], which names `field` and says why.
pub(super) fn check(field: &str, password: &Password, own: &OwnWords) -> Result<(), Error> {
    let text = String::from_utf8_lossy(password.expose());
    let looked_at: String = text.chars().take(CHARACTERS).collect();
    let words: Vec<&str> = own.0.iter().map(String::as_str).collect();
    let found = zxcvbn(&looked_at, &words);
    let why = if is_common(&text) {
        "it is one that many have chosen".to_owned()
    } else if own.make_up(&text) {
        "it is made of your own name, address or organization".to_owned()
    } else if found.score() >= ENOUGH {
        return Ok(());
    } else {
        match found.feedback().and_then(|feedback| feedback.warning()) {
            Some(warning) => warning.to_string().trim_end_matches('.').to_lowercase(),
            None => "it is made of common words, or of your own".to_owned(),
        }
    };
    Err(Error::invalid(
        field,
        format!(
            "is guessed too easily: {why}. Several words that have nothing to do with each other are better"
        ),
    ))
}

/// Whether the whole of it is a common password, whatever case and signs it is dressed in.
fn is_common(text: &str) -> bool {
    let bare: String = text.to_lowercase().chars().filter(|sign| sign.is_alphanumeric()).collect();
    COMMON.lines().any(|common| common == bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(password: &str) -> Option<String> {
        let own = OwnWords::of(["grace.hopper@navy.example", "Grace Hopper", "Acme Rockets"]);
        match check("password", &Password::given(password), &own) {
            Ok(()) => None,
            Err(Error::Invalid(errors)) => Some(errors[0].message.clone()),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn asvs_6_2_4_and_6_2_12_common_passwords_repetitions_and_rows_of_keys_are_refused() {
        for password in [
            "passwordpassword",
            "Password1234567",
            "p@ssw0rdp@ssw0rd",
            "aaaaaaaaaaaaaaa",
            "123456789012345",
            "qwertyuiopasdfghjkl",
            "abcdefghijklmnop",
            "iloveyouiloveyou",
            "summer2026summer2026",
            "0123456789abcdef",
        ] {
            let reason = reason(password).unwrap_or_else(|| panic!("{password} may be chosen"));
            assert!(reason.starts_with("is guessed too easily: "), "{reason}");
        }
        assert!(reason("passwordpassword").is_some_and(|reason| reason.contains("repeats")));
    }

    #[test]
    fn nist_3_1_1_2_the_whole_value_is_compared_with_common_ones() {
        for password in
            ["thisismypassword", "This is my password!", "1q2w3e4r5t6y7u8i9o", "The quick brown fox"]
        {
            assert!(reason(password).is_some_and(|reason| reason.contains("many have chosen")), "{password}");
        }
        // What only begins or ends with one may be good.
        assert_eq!(reason("this is my password for violet tractors"), None);
        assert!(
            COMMON.lines().all(|line| line.chars().all(|sign| sign.is_lowercase() || sign.is_ascii_digit()))
        );
    }

    #[test]
    fn asvs_6_2_11_one_s_own_words_are_refused_and_it_is_said_so() {
        for password in [
            "grace.hopper@navy.example",
            "Acme Rockets Acme",
            "gracehoppergrace",
            "rollcallrollcall",
            "Grace Hopper Acme",
            "GRACE-hopper-2026",
        ] {
            let reason = reason(password).unwrap_or_else(|| panic!("{password} may be chosen"));
            assert!(reason.contains("your own name"), "{reason}");
        }
        assert_eq!(reason("Grace likes violet tractors"), None);
    }

    #[test]
    fn asvs_6_2_5_any_kind_of_characters_will_do() {
        for password in [
            "correct horse battery staple",
            "zwölf boxkämpfer jagen",
            "длинная хорошая фраза",
            "tractor-violet-sandwich",
        ] {
            assert_eq!(reason(password), None, "{password}");
        }
    }

    #[test]
    fn a_long_good_password_is_good_whatever_it_ends_with() {
        let password = format!("correct horse battery staple {}", "a".repeat(900));
        assert_eq!(reason(&password), None);
    }
}
