//! What people say in the middle of a number.

use crate::source::Source;

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
    let first = source.word(at);
    let initial = first.as_bytes().first().map(u8::to_ascii_lowercase).filter(u8::is_ascii_lowercase);
    // A number, or a mask: no phrase begins with it.
    initial?;
    let said = |phrase: &&str| {
        if phrase.as_bytes().first() != initial.as_ref() {
            return None;
        }
        let rest = phrase.get(..first.len()).filter(|begin| begin.eq_ignore_ascii_case(first))?;
        let mut words = phrase[rest.len()..].split(' ');
        let fits = words.next() == Some("");
        let mut next = at + 1;
        (fits
            && words.all(|word| {
                next += 1;
                source.word(next - 1).eq_ignore_ascii_case(word)
            }))
        .then(|| next - at)
    };
    let find = |phrases: &[&str]| phrases.iter().find_map(said);
    find(CORRECTS).map(|length| (length, true)).or_else(|| find(NOTHING).map(|length| (length, false)))
}

/// How many words follow `hold`, `hang` and `let` that belong to it: `on`, `me see`, `on a second`.
pub(crate) fn waiting(source: &Source<'_>, at: usize) -> usize {
    const WORDS: &[&str] =
        &["on", "me", "see", "think", "check", "look", "it", "up", "us", "a", "second", "sec", "get", "find"];
    // `hang on, one one two` goes on with a digit.
    let one = |at: usize| source.is(at, &["one"]) && source.is(at + 1, &["second", "sec"]);
    (at..at + 5).take_while(|at| source.is(*at, WORDS) || one(*at)).count()
}
