//! Names in mails are text that strangers have chosen. Mail programs turn whatever looks like an address or a
//! URL into a link, so what would look like one is taken apart (attack 22).

use crate::sheet::NO_BREAK;

/// Joins two characters without being seen, and is part of no host name.
const WORD_JOINER: char = '\u{2060}';

/// The text as it is, but such that no mail program makes a link of it, and without the character that stands for a space of ours.
pub(crate) fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    let mut characters = text.chars().filter(|character| *character != NO_BREAK).peekable();
    while let Some(character) = characters.next() {
        inert.push(character);
        let goes_on = characters.peek().is_some_and(|next| !next.is_whitespace());
        if goes_on && matches!(character, '.' | ':' | '/' | '@' | '。' | '．' | '｡') {
            inert.push(WORD_JOINER);
        }
    }
    inert
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn attack_22_no_link_is_left_and_nothing_else_changes() {
        for link in [
            "https://evil.example",
            "evil.example",
            "eve@evil.example",
            "www.evil.example/x",
            "evil。example",
        ] {
            let inert = inert(link);
            for separator in ["://", ".example", ".evil", "@evil", "。e"] {
                assert!(!inert.contains(separator), "{inert:?}");
            }
            assert_eq!(inert.replace('\u{2060}', ""), link);
        }
        for name in ["Grace Hopper", "Acme, Inc.", "Müller & Söhne", "O'Brien"] {
            assert_eq!(inert(name), name);
        }
    }

    #[test]
    fn attack_22_no_name_holds_what_becomes_a_space() {
        assert_eq!(inert("Grace\u{fdd0}Hopper"), "GraceHopper");
        assert_eq!(inert("evil.\u{fdd0}example"), inert("evil.example"));
    }
}
