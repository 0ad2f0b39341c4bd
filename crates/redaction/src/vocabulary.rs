//! The words that mean something to this crate, and what they mean: English ones, and German digits with what tells whose a number is.

use std::sync::LazyLock;

use crate::characters::{accent, unseen};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A word that means nothing here.
    Other,
    /// Digits as they are written.
    Digits,
    /// Letters and digits in one: `22H2`, `5th`.
    Mixed,
    /// A digit as a word; its value.
    Unit,
    /// `ten` to `nineteen`; its value.
    Teen,
    /// `twenty` to `ninety`; its value.
    Tens,
    /// `hundred`.
    Hundred,
    /// `thousand`.
    Thousand,
    /// `million` and more.
    Million,
    /// `double`, `triple`, `quadruple`; how many.
    Multiplier,
    /// `oh`, `o`: a zero among digits, and otherwise none.
    Oh,
    /// A word that sounds like a digit: `to`, `for`.
    Homophone,
    /// A single letter.
    Letter,
    /// A word of the spelling alphabet.
    Spelling,
    /// `at` or a lone `@`.
    At,
    /// `dot`, `point`, `period`, `Punkt`.
    Dot,
    /// `dash`, `hyphen`, `underscore`, `space`: what stands within addresses and numbers.
    Joiner,
    /// `plus`.
    Plus,
    /// A sound between words, or an acknowledgement.
    Filler,
    /// The beginning of a correction: `no`, `sorry`, `wait`.
    Correction,
    /// `then`, `and`, `followed`, `by`: goes on with a number.
    Connector,
    /// `extension`, `ext`.
    Extension,
    /// What a count is a count of: `dollars`, `percent`, `years`.
    Quantity,
    /// `that`, `this`, `another`: after it, `one` is no digit.
    Determiner,
    /// Speaks of a telephone.
    PhoneCue,
    /// Speaks of a payment card.
    CardCue,
    /// Speaks of mail.
    EmailCue,
    /// `number`.
    Number,
    /// Something else that has a number, which is never a telephone's: `tracking`.
    Contrary,
    /// Something that may have a number, and may only be spoken of: `order`.
    Thing,
    /// `area`, `country`, `dialing`: before `code`, speaks of a telephone.
    Area,
    /// `code`.
    Code,
    /// `is`, `it's`, `says`: stands between the name of a number and the number.
    Link,
    /// A word that is no name: it is not taken for the local part of an address.
    Function,
    /// Something that is masked already, or an address that is found already.
    Masked,
    /// The end of the text.
    End,
}

const WORDS: &[(Class, &str)] = &[
    (Class::Hundred, "hundred hundreds"),
    (Class::Thousand, "thousand"),
    (Class::Million, "million millions billion billions trillion thousands"),
    (Class::Oh, "oh o"),
    (
        Class::Spelling,
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november \
      oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu",
    ),
    (Class::At, "at ät klammeraffe"),
    (Class::Dot, "dot point period punkt"),
    (Class::Joiner, "dash hyphen underscore space slash bindestrich unterstrich"),
    (Class::Plus, "plus"),
    (
        Class::Filler,
        "uh um er erm hm hmm mm mmm mhm mmhm huh ah eh ehm uhm okay ok yes yeah yep yup right sure well got gotcha \
      great perfect alright thanks uhhuh please like so go ahead alright cool good fine excellent lovely \
      ja genau äh ähm öhm gut bitte danke richtig jawohl",
    ),
    (
        Class::Correction,
        "no nope sorry wait scratch strike actually correction rather oops mean not pardon excuse start \
      starting again hang hold let wrong mistake apologies",
    ),
    (Class::Connector, "then and followed by next dann und"),
    (Class::Extension, "extension ext extn"),
    (
        Class::Quantity,
        "dollars dollar bucks cents euros euro pounds quid yen rupees usd eur gbp percent miles kilometers \
      years year months weeks days hours minutes seconds people persons users customers units items rows bytes views hits \
      records degrees feet foot ft inches inch meters metres kg lbs kilos square times calls pixels gallons liters tons \
      copies votes steps shares points words pages lines avenue street road lane boulevard ave blvd drive mustang honda \
      am pm o'clock bc ad followers subscribers visitors employees members patients residents cases orders",
    ),
    (Class::Determiner, "that this another which each every last first any some no"),
    (
        Class::PhoneCue,
        "phone phones telephone cell cellphone mobile landline call calling called dial dialing dialling text \
      texting texted sms whatsapp reach reached ring phoned rang callback fax hotline contact voicemail tel ph switchboard \
      telefono teléfono telefon téléphone telefone numéro número numero nummer telefonnummer telefonnr handynummer mobilnummer \
      mobilfunknummer mobiltelefon rufnummer rückruf rückrufnummer festnetz festnetznummer faxnummer telefax natel",
    ),
    (Class::CardCue, "card visa mastercard amex discover debit credit maestro kreditkarte kartennummer"),
    (Class::EmailCue, "email emails emailed mail gmail mailbox mailed emailing"),
    (Class::Number, "number numbers num nr digits"),
    (
        Class::Contrary,
        "tracking confirmation reference ref serial zip zipcode postal postcode version build isbn imei sku upc \
      vin ssn social routing invoice ticket barcode passcode password pin id lot model dea npi mrn hash uuid timestamp unix \
      epoch dob born birth population lottery lotto combination odometer meter verification otp auth authorization iban swift \
      registration ein hex ip mac commit docket medicare medicaid loyalty flyer membership license licence warranty \
      coordinates latitude longitude elevation counting countdown count testing bytes library insurance npi asin ean gtin \
      batch hashtag security username login nhs abn acn tfn bsb aadhaar aadhar gstin nino siret siren citation imsi iccid duns       cusip isin ndc kundennummer kundennr bestellnummer \
      vertragsnummer rechnungsnummer steuernummer vorgangsnummer mitgliedsnummer kontonummer auftragsnummer artikelnummer seriennummer \
      sendungsnummer referenznummer personalnummer ticketnummer buchungsnummer policennummer fallnummer aktenzeichen postleitzahl plz \
      bankleitzahl geburtsdatum zählernummer zählerstand ausweisnummer",
    ),
    (
        Class::Thing,
        "order account case claim policy member customer employee booking reservation flight gate room suite \
      apartment apt unit floor exit highway route bus page chapter passport prescription rx group check cheque transaction \
      item product part box locker score channel department section seat row step error port user student patient badge \
      permit plate file record purchase po shipment package parcel delivery receipt statement bill loan mortgage contract \
      quote dosage glucose pressure temperature weight size building sizes rooms channels lines year psalm verse article \
      form iso rfc hours catalog catalogue asset device equipment vehicle train terminal platform bank sort work-order       incident complaint vendor supplier inmate candidate applicant subscription enrollment enrolment raffle voucher coupon       certificate tag",
    ),
    (Class::Area, "area country dialing city"),
    (Class::Code, "code codes"),
    (Class::Link, "is was are it its it's says reads said would be equals being will ist sind lautet"),
    (
        Class::Function,
        "the a i me you he she we they him her them us my your his our their who what where when why how if or \
      but of in on out up down off over under with from into onto about for to have has had do does did can could should \
      may might must shall look looks looking looked see saw seen visit visiting find finds found online website site web \
      shop shopping store buy get gets getting give gave use using used go goes going went come comes came check available \
      located learn read watch listen register log logged sign signed apply pay pays paid order ordered book chat meet met \
      live lives living work works worked working job jobs here there back more details detail information today tomorrow now \
      always never just only also still all both than as because send sending sent write writing wrote reply forward cc bcc \
      an bei mir mich ich mein meine ihr ihre der das \
      him himself one's want wanted need know think guess believe say saying told tell ask asked thank thanks bye hello hi \
      hey money stuff things everyone anybody somebody nobody else too very really maybe perhaps do don didn doesn isn \
      wasn won't can't not this's these those let's lets spell spelled address addresses under file update updated \
      change changed add added put verify confirm listed registered hosted posted user's try tried shows showing",
    ),
];

const UNITS: &[(&str, u8)] = &[
    ("zero", 0),
    ("nought", 0),
    ("naught", 0),
    ("zeros", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("fife", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("niner", 9),
    ("ones", 1),
    ("zeroes", 0),
    ("null", 0),
    ("eins", 1),
    ("zwei", 2),
    ("zwo", 2),
    ("drei", 3),
    ("vier", 4),
    ("fünf", 5),
    ("sechs", 6),
    ("sieben", 7),
    ("acht", 8),
    ("neun", 9),
];
const TEENS: &[(&str, u8)] = &[
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
];
const TENS: &[(&str, u8)] = &[
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fourty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];
const MULTIPLIERS: &[(&str, u8)] =
    &[("double", 2), ("twice", 2), ("triple", 3), ("treble", 3), ("quadruple", 4), ("quad", 4)];
const HOMOPHONES: &[(&str, u8)] = &[("to", 2), ("too", 2), ("for", 4), ("won", 1), ("ate", 8)];

const SLOTS: usize = 4096;
const LONGEST: usize = 16;

/// An open hash table of the vocabulary. Keys are words of at most 16 bytes, as one number. Slots say which entry, from one on:
/// so they stay small enough to be at hand for every word.
struct Table {
    slots: [u16; SLOTS],
    entries: Vec<(u128, Class, u8)>,
}

static TABLE: LazyLock<Box<Table>> = LazyLock::new(|| {
    let mut table = Box::new(Table { slots: [0; SLOTS], entries: Vec::new() });
    let values = [
        (Class::Unit, UNITS),
        (Class::Teen, TEENS),
        (Class::Tens, TENS),
        (Class::Multiplier, MULTIPLIERS),
        (Class::Homophone, HOMOPHONES),
    ];
    for (class, words) in values {
        for (word, value) in words {
            table.insert(word, class, *value);
        }
    }
    for (class, words) in WORDS {
        for word in words.split_whitespace() {
            table.insert(word, *class, 0);
        }
    }
    for letter in b'a'..=b'z' {
        table.insert(char::from(letter).encode_utf8(&mut [0; 4]), Class::Letter, letter);
    }
    table
});

impl Table {
    /// What is said first about a word holds.
    fn insert(&mut self, word: &str, class: Class, value: u8) {
        let Some(key) = key(word.as_bytes()) else { return };
        let mut slot = slot(key);
        while let Some(entry) = self.entry(slot) {
            if entry.0 == key {
                return;
            }
            slot = (slot + 1) % SLOTS;
        }
        self.entries.push((key, class, value));
        self.slots[slot] = self.entries.len() as u16;
    }

    fn entry(&self, slot: usize) -> Option<(u128, Class, u8)> {
        usize::from(self.slots[slot]).checked_sub(1).and_then(|at| self.entries.get(at)).copied()
    }
}

/// A word in small letters as a number.
fn key(word: &[u8]) -> Option<u128> {
    if word.len() > LONGEST {
        return None;
    }
    let mut bytes = [0; LONGEST];
    bytes[..word.len()].copy_from_slice(word);
    Some(small(u128::from_le_bytes(bytes)))
}

/// Sets the bit that makes capitals small in every byte that may be an ASCII letter; other bytes only have to differ.
fn small(key: u128) -> u128 {
    const LETTERS: u128 = u128::from_le_bytes([0x40; LONGEST]);
    key | ((key & LETTERS) & !((key >> 1) & LETTERS)) >> 1
}

fn slot(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (folded.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 52) as usize % SLOTS
}

/// What a word is, in letters of any size.
pub(crate) fn class(word: &[u8]) -> (Class, u8) {
    key(word).map_or_else(|| (compound(word), 0), find)
}

/// What the word is that is the bytes `start..end` of a text. Reads the text rather than copies the word, where it can.
pub(crate) fn class_within(text: &[u8], start: usize, end: usize) -> (Class, u8) {
    let length = end - start;
    match text.get(start..start + LONGEST).and_then(|bytes| <[u8; LONGEST]>::try_from(bytes).ok()) {
        Some(bytes) if (1..=LONGEST).contains(&length) => {
            find(small(u128::from_le_bytes(bytes) & (u128::MAX >> (8 * (LONGEST - length)))))
        }
        _ => class(&text[start..end]),
    }
}

/// The plain form of a word with invisible characters, combining accents (`fu\u{308}nf`), or capitals outside of ASCII.
pub(crate) fn class_as_seen(word: &str) -> (Class, u8) {
    // Long enough for compounds.
    let mut bytes = [0; 4 * LONGEST];
    let mut length = 0;
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        let mark = characters.next_if(|next| matches!(*next, '\u{301}' | '\u{308}'));
        let seen = match (character, mark) {
            ('A' | 'a', Some('\u{308}')) | ('Ä', None) => 'ä',
            ('O' | 'o', Some('\u{308}')) | ('Ö', None) => 'ö',
            ('U' | 'u', Some('\u{308}')) | ('Ü', None) => 'ü',
            ('E' | 'e', Some('\u{301}')) | ('É', None) => 'é',
            ('U' | 'u', Some('\u{301}')) | ('Ú', None) => 'ú',
            (character, None) => character,
            // A letter that is not in the table.
            (_, Some(_)) => return (Class::Other, 0),
        };
        if unseen(seen) && !accent(seen) {
            continue;
        }
        let Some(place) = bytes.get_mut(length..length + seen.len_utf8()) else {
            return class(word.as_bytes());
        };
        length += seen.encode_utf8(place).len();
    }
    class(&bytes[..length])
}

/// What a German word is that is longer than any of the table: `Versichertennummer`, `Mobiltelefonnummer`.
fn compound(word: &[u8]) -> Class {
    let ends = |end: &[u8]| {
        word.len().checked_sub(end.len()).is_some_and(|start| word[start..].eq_ignore_ascii_case(end))
    };
    if ends(b"telefonnummer") {
        Class::PhoneCue
    } else if ends(b"kartennummer") {
        Class::CardCue
    } else if ends(b"nummer") {
        Class::Contrary
    } else {
        Class::Other
    }
}

fn find(key: u128) -> (Class, u8) {
    let table = &**TABLE;
    let mut slot = slot(key);
    while let Some((found, class, value)) = table.entry(slot) {
        if found == key {
            return (class, value);
        }
        slot = (slot + 1) % SLOTS;
    }
    (Class::Other, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_letters_of_any_size() {
        assert_eq!(class(b"seven"), (Class::Unit, 7));
        assert_eq!(class(b"SeVen"), (Class::Unit, 7));
        assert_eq!(class(b"forty"), (Class::Tens, 40));
        assert_eq!(class(b"q"), (Class::Letter, b'q'));
        assert_eq!(class(b"o"), (Class::Oh, 0));
        assert_eq!(class(b"tracking").0, Class::Contrary);
        assert_eq!(class("téléphone".as_bytes()).0, Class::PhoneCue);
        assert_eq!(class(b"seventeenthousandfold").0, Class::Other);
        assert_eq!(class("RÜCKRUFNUMMER".to_lowercase().as_bytes()).0, Class::PhoneCue);
        assert_eq!(class(b"Mobiltelefonnummer").0, Class::PhoneCue);
        assert_eq!(class(b"Kreditkartennummer").0, Class::CardCue);
        assert_eq!(class(b"Versichertennummer").0, Class::Contrary);
        assert_eq!(class(b"").0, Class::Other);
    }

    #[test]
    fn known_words_are_found_with_decomposed_letters_and_invisible_characters() {
        for (word, known) in [
            ("FÜNF", (Class::Unit, 5)),
            ("fu\u{308}nf", (Class::Unit, 5)),
            ("FU\u{308}NF", (Class::Unit, 5)),
            ("se\u{AD}ven", (Class::Unit, 7)),
            ("\u{3164}", (Class::Other, 0)),
            ("a\u{301}", (Class::Other, 0)),
            ("nume\u{301}ro", (Class::PhoneCue, 0)),
            ("nu\u{301}mero", (Class::PhoneCue, 0)),
        ] {
            assert_eq!(class_as_seen(word), known, "{word}");
        }
        assert_eq!(class_as_seen("Ru\u{308}ckrufnummer").0, Class::PhoneCue);
        assert_eq!(class_as_seen("Geschäfts\u{AD}telefonnummer").0, Class::PhoneCue);
        assert_eq!(class_as_seen(&"ä\u{AD}".repeat(100)).0, Class::Other);
    }

    #[test]
    fn the_table_of_words_is_at_most_a_quarter_full() {
        let filled = TABLE.entries.len();
        assert!(filled * 4 < SLOTS, "{filled} of {SLOTS}: looking for a word would begin to take steps");
    }
}
