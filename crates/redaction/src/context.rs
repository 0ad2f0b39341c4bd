//! What is said about a number, before it and after it.

use crate::{source::Source, tokens::Gap, vocabulary::Class};

/// What a number is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing.
    Nothing,
    /// A telephone's.
    Phone,
    /// A card's.
    Card,
    /// Something that has a number is spoken of, but the number is not said to be its.
    Near,
    /// Something else's.
    Other,
}

/// How many words are looked at before a number.
const BEFORE: usize = 14;

/// What is said before the token at `at`, back to `floor`.
pub(crate) fn before(source: &Source<'_>, floor: usize, at: usize) -> Said {
    let mut near = false;
    let mut card = false;
    // Whether there was nothing but `is`, `it's` and the like since.
    let mut linked = true;
    let mut sentences = 0;
    let mut words = 0;
    let mut place = at;
    while place > floor && words < BEFORE {
        if source.tokens[place].gap.has(Gap::STOP | Gap::SEGMENT | Gap::LINE) {
            sentences += 1;
        }
        place -= 1;
        let token = &source.tokens[place];
        words += usize::from(!matches!(token.class, Class::Filler | Class::Joiner));
        match token.class {
            Class::Masked => break,
            Class::Area if matches!(source.class(place + 1), Class::Code) => return Said::Phone,
            Class::PhoneCue if contradicted(source, place) => {}
            Class::PhoneCue if near && sentences > 1 => return Said::Near,
            Class::PhoneCue => return Said::Phone,
            Class::Number => match owner(source, floor, place) {
                Owner::Phone if near => return Said::Near,
                Owner::Phone => return Said::Phone,
                Owner::Card => return Said::Card,
                Owner::Thing => return Said::Other,
                Owner::Nobody if source.is(place + 1, &["of"]) => return Said::Other,
                Owner::Nobody if !near && !card => return if linked { Said::Phone } else { Said::Nothing },
                Owner::Nobody | Owner::Unknown => linked = false,
            },
            Class::CardCue => {
                let qualified = qualified(source, floor, place);
                if qualified {
                    return Said::Other;
                }
                card = true;
                linked = false;
            }
            Class::Code if place > floor && source.class(place - 1) == Class::Area => return Said::Phone,
            Class::Contrary if source.is(place, &["id"]) && source.is(place.wrapping_sub(1), &["caller"]) => {
                return Said::Phone;
            }
            // It is where the confirmation goes to.
            Class::Contrary | Class::Code if !card && sent(source, floor, place, at) => return Said::Phone,
            Class::Contrary | Class::Code => return if card { Said::Card } else { Said::Other },
            Class::Thing if sent(source, floor, place, at) => return Said::Phone,
            // What a customer says is not a customer's number.
            Class::Thing if source.is(place, PEOPLE) && source.is(place + 1, &["said", "says", "gave"]) => {
                linked = false
            }
            Class::Thing if let Some((number, on)) = numbered(source, floor, place) => {
                return match owner(source, floor, number) {
                    Owner::Phone => Said::Phone,
                    Owner::Nobody if on => Said::Nothing,
                    Owner::Card => Said::Card,
                    Owner::Nobody | Owner::Thing | Owner::Unknown => Said::Other,
                };
            }
            // What is on file.
            Class::Thing
                if source.is(place, &["file", "record"]) && source.is(place.wrapping_sub(1), &["on"]) => {}
            Class::Thing if linked && sentences <= 1 => return Said::Other,
            Class::Thing => {
                near |= sentences == 0;
                linked = false;
            }
            // What is too long for an extension is not said to be something else by the word, nor by `x`.
            Class::Extension => {}
            Class::Letter if token.value == b'x' && place + 1 == at => {}
            Class::Link | Class::Filler | Class::Correction | Class::Connector | Class::Determiner => {}
            Class::Function
                if source.is(place, &["the", "of", "i", "a", "have", "my", "you", "from", "on", "here"]) => {}
            _ => linked = false,
        }
    }
    if card {
        Said::Card
    } else if near {
        Said::Near
    } else {
        Said::Nothing
    }
}

/// The `number` in `number on my account`, and whether it is on it, not for it.
fn numbered(source: &Source<'_>, floor: usize, thing: usize) -> Option<(usize, bool)> {
    let mut place = thing.checked_sub(1)?;
    while place > floor
        && source.is(place, &["the", "my", "your", "this", "that", "our", "an", "a", "his", "her", "their"])
    {
        place -= 1;
    }
    let joins =
        place > floor && source.is(place, &["on", "for", "in", "with", "under", "to", "associated", "of"]);
    (joins && source.class(place - 1) == Class::Number)
        .then(|| (place - 1, source.is(place, &["on", "in", "with", "under"])))
}

/// Those who have numbers in somebody's files, and telephones.
const PEOPLE: &[&str] = &[
    "customer",
    "member",
    "patient",
    "employee",
    "student",
    "user",
    "candidate",
    "applicant",
    "vendor",
    "supplier",
];

/// Whether something is sent to the number at `at`, as messages are: `text the confirmation to …`.
fn sent(source: &Source<'_>, floor: usize, thing: usize, at: usize) -> bool {
    const SENDING: &[&str] = &["text", "texted", "texting", "sms", "fax", "faxed", "whatsapp", "messaged"];
    let ends = |place: usize| source.tokens[place].gap.has(Gap::STOP | Gap::SEGMENT | Gap::LINE);
    at > thing + 1
        && source.is(at - 1, &["to"])
        && !(thing..=at).any(ends)
        && (floor.max(thing.saturating_sub(5))..thing)
            .rev()
            .take_while(|place| !ends(place + 1))
            .any(|place| source.is(place, SENDING))
}

/// Whether it is a telephone's, but not its number: `phone model`, `phone bill`; or the call is about something.
fn contradicted(source: &Source<'_>, place: usize) -> bool {
    matches!(source.class(place + 1), Class::Contrary | Class::Thing)
        || source.is(place + 1, &["costs", "cost", "volume", "case", "charger"])
}

/// Whether it is a card that nothing is paid with.
fn qualified(source: &Source<'_>, floor: usize, card: usize) -> bool {
    const OTHERS: &[&str] =
        &["library", "insurance", "loyalty", "membership", "rewards", "id", "sim", "member", "business"];
    card > floor && source.is(card - 1, OTHERS)
}

/// Whose number is spoken of.
enum Owner {
    Phone,
    Card,
    Thing,
    /// `my number`.
    Nobody,
    /// `widget number`.
    Unknown,
}

fn owner(source: &Source<'_>, floor: usize, number: usize) -> Owner {
    if number <= floor {
        return Owner::Nobody;
    }
    let before = number - 1;
    if source.tokens[number].gap.has(Gap::STOP | Gap::COMMA | Gap::SEGMENT) {
        return Owner::Nobody;
    }
    match source.class(before) {
        Class::PhoneCue => Owner::Phone,
        Class::CardCue if qualified(source, floor, before) => Owner::Thing,
        Class::CardCue => Owner::Card,
        // `call reference number`, `customer number`; `long number`, `sixteen digit number`.
        Class::Contrary | Class::Thing | Class::Code => Owner::Thing,
        // `the order was number …`.
        Class::Link
            if before > floor && matches!(source.class(before - 1), Class::Contrary | Class::Thing) =>
        {
            Owner::Thing
        }
        Class::Link | Class::Determiner | Class::Filler | Class::Connector => Owner::Nobody,
        Class::Function => Owner::Nobody,
        _ if source.word(before).ends_with("'s") || source.word(before).ends_with("’s") => Owner::Nobody,
        _ if source.is(
            before,
            &[
                "best",
                "good",
                "new",
                "old",
                "correct",
                "right",
                "current",
                "main",
                "direct",
                "other",
                "same",
                "different",
                "second",
                "first",
                "alternate",
                "emergency",
                "backup",
                "personal",
                "private",
                "business",
                "daytime",
                "evening",
                "primary",
                "preferred",
                "work",
                "home",
                "office",
                "house",
                "free",
                "toll",
                "better",
                "secondary",
                "temporary",
                "local",
                "international",
                "us",
                "uk",
                "day",
                "night",
                "after",
                "support",
                "service",
            ],
        ) =>
        {
            Owner::Phone
        }
        _ => Owner::Unknown,
    }
}

/// What is said after the token before `at`.
pub(crate) fn after(source: &Source<'_>, at: usize) -> Said {
    let Some(token) = source.tokens.get(at) else { return Said::Nothing };
    if token.gap.has(Gap::UNIT_AFTER) {
        return Said::Other;
    }
    if token.gap.has(Gap::STOP | Gap::SEGMENT | Gap::LINE) {
        return Said::Nothing;
    }
    match token.class {
        Class::Quantity if !source.is(at, &["am", "pm", "times", "ad", "calls", "lines", "patients"]) => {
            return Said::Other;
        }
        Class::Million | Class::Thousand => return Said::Other,
        Class::Other | Class::Spelling | Class::Mixed if street(source, at) => return Said::Other,
        _ => {}
    }
    // `… is my order number`, `… that's my cell`.
    if !(source.is(at, &["is", "was", "that's", "as", "for", "being"]) || source.class(at) == Class::Filler) {
        return Said::Nothing;
    }
    for place in at + 1..at + 6 {
        if source.tokens.get(place).is_none_or(|token| token.gap.has(Gap::STOP | Gap::SEGMENT)) {
            break;
        }
        match source.class(place) {
            Class::Contrary => return Said::Other,
            Class::Thing if source.class(place + 1) == Class::Number || source.is(place + 1, &["id"]) => {
                return Said::Other;
            }
            Class::PhoneCue => return Said::Phone,
            Class::CardCue => return Said::Card,
            Class::Link | Class::Function | Class::Determiner | Class::Filler | Class::Thing => {}
            _ => break,
        }
    }
    Said::Nothing
}

/// Whether a street's name begins at a token.
fn street(source: &Source<'_>, at: usize) -> bool {
    (at + 1..at + 3).any(|place| {
        source.is(
            place,
            &[
                "street",
                "st",
                "avenue",
                "ave",
                "road",
                "rd",
                "lane",
                "drive",
                "dr",
                "boulevard",
                "blvd",
                "court",
                "way",
            ],
        )
    })
}
