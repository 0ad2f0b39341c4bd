//! Everything that mails say, in every language that they are written in, and nothing else.

mod accounts;
mod notices;
mod organizations;

use rollcall_texts::{Language, texts};
use time::{OffsetDateTime, UtcOffset};

/// The texts of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Texts(Language);

texts! {
    hello = "Hello," | "Guten Tag,";
    hello_to(name) = "Hello {name}," | "Guten Tag {name},";
    button_until(until) = "The button works until {until}. If it does not, copy this address into your browser:" | "Die Schaltfläche gilt bis {until}. Wenn sie nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:";
    link_until(until) = "The link works until {until}." | "Der Link gilt bis {until}.";
    nothing_happened = "It was not you? Then there is nothing to do: nobody has got into your account." | "Das waren nicht Sie? Dann ist nichts zu tun: Niemand ist in Ihr Konto gelangt.";
    because_owner(organization) = "You get this mail because you are an Owner of {organization}." | "Sie erhalten diese E-Mail, weil Sie Inhaber von {organization} sind.";
    unexpected(contact) = "You did not expect this? Then speak with the other Owners at once, or write to {contact}." | "Damit haben Sie nicht gerechnet? Dann sprechen Sie sofort mit den anderen Inhabern, oder schreiben Sie an {contact}.";
}

impl Texts {
    pub(crate) const fn of(language: Language) -> Self {
        Self(language)
    }

    /// Which language it is.
    pub(crate) const fn language(self) -> Language {
        self.0
    }

    /// A moment, and in which zone it is that: `9 January 2026, 03:04 UTC`. Who reads a mail, and where, is not known for certain.
    pub(crate) fn moment(self, at: OffsetDateTime) -> String {
        let at = at.to_offset(UtcOffset::UTC);
        let (day, year, month) = (at.day(), at.year(), self.month(at.month()));
        let (hour, minute) = (at.hour(), at.minute());
        match self.0 {
            Language::English => format!("{day} {month} {year}, {hour:02}:{minute:02} UTC"),
            Language::German => format!("{day}. {month} {year}, {hour:02}:{minute:02} Uhr UTC"),
        }
    }

    const fn month(self, month: time::Month) -> &'static str {
        use time::Month;
        let (english, german) = match month {
            Month::January => ("January", "Januar"),
            Month::February => ("February", "Februar"),
            Month::March => ("March", "März"),
            Month::April => ("April", "April"),
            Month::May => ("May", "Mai"),
            Month::June => ("June", "Juni"),
            Month::July => ("July", "Juli"),
            Month::August => ("August", "August"),
            Month::September => ("September", "September"),
            Month::October => ("October", "Oktober"),
            Month::November => ("November", "November"),
            Month::December => ("December", "Dezember"),
        };
        match self.0 {
            Language::English => english,
            Language::German => german,
        }
    }
}
