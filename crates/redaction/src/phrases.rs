//! What people say in the middle of a number.

use crate::numbers::Source;

/// Words that mean nothing within a number, or that what was said before is corrected: how many they are, and which of
/// the two.
pub(crate) fn phrase(source: &Source<'_>, at: usize) -> Option<(usize, bool)> {
    const NOTHING: &[&str] = &[
        "you know",
        "i think",
        "i believe",
        "i guess",
        "let's see",
        "thank you",
        "one second",
        "one sec",
        "one moment",
        "just a second",
        "just a sec",
        "a second",
        "bear with me",
        "of course",
        "what is it",
        "what was it",
        "the rest is",
        "after that",
        "number",
        "the number is",
        "area code",
        "give me a second",
        "give me a sec",
        "is it",
        "how does it go",
    ];
    const CORRECTS: &[&str] = &[
        "i mean",
        "make that",
        "i'm sorry",
        "my mistake",
        "my bad",
        "that's not",
        "i meant",
        "that should be",
    ];
    let said = |phrase: &str| {
        let mut words = phrase.split(' ').enumerate();
        words
            .all(|(place, word)| source.word(at + place).eq_ignore_ascii_case(word))
            .then(|| phrase.split(' ').count())
    };
    let find = |phrases: &[&str]| phrases.iter().find_map(|phrase| said(phrase));
    find(CORRECTS).map(|length| (length, true)).or_else(|| find(NOTHING).map(|length| (length, false)))
}

/// How many words follow `hold`, `hang` and `let` that belong to it: `on`, `me see`, `on a second`.
pub(crate) fn waiting(source: &Source<'_>, at: usize) -> usize {
    const WORDS: &[&str] = &[
        "on", "me", "see", "think", "check", "look", "it", "up", "us", "a", "one", "second", "sec", "get",
        "find",
    ];
    (at..at + 5).take_while(|at| source.is(*at, WORDS)).count()
}
