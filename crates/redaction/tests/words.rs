//! Each word of the vocabulary decides something: these stand here once more, so that none is lost unnoticed.

use rollcall_redaction::redact;

/// Words for a digit.
const DIGITS: &str = "acht drei eight eins fife five four fünf naught neun nine niner nought null one ones sechs seven \
    sieben six three two vier zero zeroes zeros zwei zwo";
/// What repeats a digit.
const REPEATS: &str = "double quad quadruple treble triple twice";
/// Providers of mail, whose names alone make an address.
const PROVIDERS: &str = "aol comcast fastmail gmail gmx googlemail hotmail icloud outlook proton protonmail verizon yahoo \
    ymail zoho";
/// What has numbers that are never telephones'.
const OTHERS: &str = "aadhaar aadhar abn acn aktenzeichen artikelnummer asin auftragsnummer ausweisnummer auth \
    authorization bankleitzahl barcode batch bestellnummer birth born bsb buchungsnummer build citation \
    combination commit confirmation coordinates count countdown counting cusip dea dob docket duns ean \
    ein elevation epoch fallnummer flyer geburtsdatum gstin gtin hash hashtag hex iban iccid id imei \
    imsi insurance invoice ip isbn isin kontonummer kundennr kundennummer latitude library licence \
    license login longitude lot lottery lotto loyalty mac medicaid medicare membership meter \
    mitgliedsnummer model mrn ndc nhs nino npi odometer otp passcode password personalnummer pin plz \
    policennummer population postal postcode postleitzahl rechnungsnummer ref reference referenznummer \
    registration routing security sendungsnummer serial seriennummer siren siret sku social ssn \
    steuernummer swift testing tfn ticket ticketnummer timestamp tracking unix upc username uuid \
    verification version vertragsnummer vin vorgangsnummer warranty zip zipcode zählernummer zählerstand";
/// What may have a number of its own.
const THINGS: &str = "account apartment applicant apt article asset badge bank bill booking box building bus candidate \
    case catalog catalogue certificate channel channels chapter check cheque claim complaint contract \
    coupon customer delivery department device dosage employee enrollment enrolment equipment error exit \
    file flight floor form gate glucose group highway incident inmate iso item loan locker member \
    mortgage order package page parcel part passport patient permit plate platform po policy port \
    prescription pressure product psalm purchase quote raffle receipt record reservation rfc room rooms \
    route row rx score seat section shipment size sizes sort statement step student subscription suite \
    supplier tag temperature terminal train transaction unit user vehicle vendor verse voucher weight \
    work-order";
/// What a count is a count of.
const COUNTED: &str = "ave avenue bc blvd boulevard bucks bytes cases cents copies customers days degrees dollar dollars \
    drive employees eur euro euros feet followers foot ft gallons gbp hits honda hours inch inches items \
    kg kilometers kilos lane lbs liters members meters metres miles minutes months mustang o'clock \
    orders pages people percent persons pixels points pounds quid records residents road rows rupees \
    seconds shares square steps street subscribers tons units usd users views visitors votes weeks words \
    year years yen";
/// Sounds between digits.
const SOUNDS: &str = "ah ahead alright bitte cool danke eh ehm er erm excellent fine genau go good got gotcha great gut hm \
    hmm huh ja jawohl like lovely mhm mm mmhm mmm ok okay perfect please richtig right so sure thanks uh \
    uhhuh uhm um well yeah yep yes yup äh ähm öhm";
/// How corrections begin.
const CORRECTIONS: &str = "actually again apologies correction mean mistake no nope not oops rather scratch sorry start \
    starting strike wait wrong";
/// What is said in the middle of a number.
const MEANWHILE: &[&str] = &[
    "a second",
    "after that",
    "area code",
    "bear with me",
    "give me a sec",
    "give me a second",
    "how does it go",
    "i believe",
    "i guess",
    "i think",
    "is it",
    "just a sec",
    "just a second",
    "let's see",
    "number",
    "of course",
    "one moment",
    "one sec",
    "one second",
    "thank you",
    "the number is",
    "the rest is",
    "what is it",
    "what was it",
    "you know",
];
/// What is said when a part of a number is taken back.
const TAKEN_BACK: &[&str] =
    &["i mean", "i meant", "i'm sorry", "make that", "my bad", "my mistake", "that should be", "that's not"];

/// Each of some words in a text, with what becomes of it.
fn each<'a>(words: impl IntoIterator<Item = &'a str>, text: impl Fn(&str) -> (String, String)) {
    let wrong: Vec<&str> = words
        .into_iter()
        .filter(|word| {
            let (text, masked) = text(word);
            redact(&text).text != masked
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn attack_30_a_number_may_be_said_in_all_these_words() {
    let masked = || "my number is [phone]".to_owned();
    each(DIGITS.split_whitespace(), |word| {
        (format!("my number is four one five five five five oh one three {word}"), masked())
    });
    each(REPEATS.split_whitespace(), |word| {
        (format!("my number is four one five oh one three two {word} five"), masked())
    });
    each(SOUNDS.split_whitespace(), |word| {
        (format!("my number is four one five, {word}, five five five oh one three two"), masked())
    });
    each(MEANWHILE.iter().copied(), |phrase| {
        (format!("my number is four one five, {phrase}, five five five oh one three two"), masked())
    });
    each(CORRECTIONS.split_whitespace().chain(TAKEN_BACK.iter().copied()), |phrase| {
        (
            format!("my number is four one six, {phrase}, four one five five five five oh one three two"),
            masked(),
        )
    });
}

#[test]
fn attack_30_a_provider_s_name_makes_an_address() {
    each(PROVIDERS.split_whitespace(), |name| {
        (format!("my email is j dot smith at {name}"), "my email is [email]".to_owned())
    });
}

#[test]
fn numbers_of_other_things_are_left() {
    let left = |text: String| (text.clone(), text);
    each(OTHERS.split_whitespace(), |word| left(format!("the {word} is 4155550132")));
    each(THINGS.split_whitespace(), |word| left(format!("the {word} number is 4155550132")));
    each(COUNTED.split_whitespace(), |word| left(format!("they had 4155550 {word}")));
}
