//! Everything that pages say, in every language that they speak, and nothing else: one file per room.
//!
//! A text stands once, with what it is in each language beside each other:
//!
//! ```text
//! texts! {
//!     sign_in = "Sign in" | "Anmelden";
//!     signed_in_as(name) = "Signed in as {name}" | "Angemeldet als {name}";
//!     people[n] = "{n} person", "{n} people" | "{n} Person", "{n} Personen";
//! }
//! ```
//!
//! English is on the left, German on the right; `[n]` counts, and tells the form for one from the form for every other number. It becomes a method
//! of [`Texts`]. A text that is missing in a language, a parameter that is unknown or left out in one, a form that is missing, or two
//! texts of one name: none of it compiles. What is put in is escaped by the template, as everything.

mod accounts;
mod actions;
mod api_keys;
mod audit;
mod availability;
mod calls;
mod effects;
mod escalations;
mod frame;
mod invitations;
mod members;
mod organizations;
mod passkeys;
mod plans;
mod problems;
mod readers;
mod refusals;
mod roles;
mod second_factors;
mod security;
mod sessions;

pub(crate) use api_keys::ScopeGroup;

use crate::language::Language;

/// The texts of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Texts(Language);

impl Texts {
    pub(crate) const fn of(language: Language) -> Self {
        Self(language)
    }

    /// Which language it is.
    pub(crate) const fn language(self) -> Language {
        self.0
    }
}

impl Texts {
    /// A number as it is written in the language: in groups of three digits.
    pub(crate) fn number(self, number: impl Count) -> String {
        let digits = number.count().to_string();
        let group = match self.0 {
            Language::English => ',',
            Language::German => '.',
        };
        let mut written = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                written.push(group);
            }
            written.push(digit);
        }
        written
    }
}

/// Something that can be counted in a text.
pub(crate) trait Count {
    fn count(&self) -> u64;
}

macro_rules! counts {
    ($($kind:ty)*) => { $(impl Count for $kind {
        fn count(&self) -> u64 {
            u64::try_from(*self).unwrap_or(u64::MAX)
        }
    })* };
}
counts!(u16 u32 u64 usize);

impl<T: Count + ?Sized> Count for &T {
    fn count(&self) -> u64 {
        (**self).count()
    }
}

macro_rules! texts {
    ($($name:ident $([$count:ident])? $(($($param:ident),+))? =
        $en:literal $(, $en_other:literal)? | $de:literal $(, $de_other:literal)?;)*) => {
        impl $crate::texts::Texts {
            $($crate::texts::text! { $name [$($count)?] ($($($param)+)?) {$en $(, $en_other)?} {$de $(, $de_other)?} })*
        }
    };
}

macro_rules! text {
    ($name:ident [] () {$en:literal} {$de:literal}) => {
        pub(crate) const fn $name(self) -> &'static str {
            match self.language() {
                $crate::language::Language::English => $en,
                $crate::language::Language::German => $de,
            }
        }
    };
    ($name:ident [] ($($param:ident)+) {$en:literal} {$de:literal}) => {
        pub(crate) fn $name(self, $($param: impl std::fmt::Display),+) -> String {
            #[deny(unused_variables)]
            fn english($($param: &dyn std::fmt::Display),+) -> String {
                format!($en)
            }
            #[deny(unused_variables)]
            fn german($($param: &dyn std::fmt::Display),+) -> String {
                format!($de)
            }
            match self.language() {
                $crate::language::Language::English => english($(&$param),+),
                $crate::language::Language::German => german($(&$param),+),
            }
        }
    };
    ($name:ident [$count:ident] ($($param:ident)*) {$en:literal, $en_other:literal} {$de:literal, $de_other:literal}) => {
        pub(crate) fn $name(self, $count: impl $crate::texts::Count $(, $param: impl std::fmt::Display)*) -> String {
            #[deny(unused_variables)]
            fn english(one: bool, $count: &str $(, $param: &dyn std::fmt::Display)*) -> String {
                if one { format!($en) } else { format!($en_other) }
            }
            #[deny(unused_variables)]
            fn german(one: bool, $count: &str $(, $param: &dyn std::fmt::Display)*) -> String {
                if one { format!($de) } else { format!($de_other) }
            }
            let (one, number) = ($count.count() == 1, self.number($count));
            match self.language() {
                $crate::language::Language::English => english(one, &number $(, &$param)*),
                $crate::language::Language::German => german(one, &number $(, &$param)*),
            }
        }
    };
}

pub(crate) use {text, texts};

#[cfg(test)]
mod tests {
    use super::*;

    texts! {
        test_people[n](place) = "One person in {place}", "{n} people in {place}" | "Eine Person in {place}", "{n} Personen in {place}";
    }

    #[test]
    fn plurals_are_right_in_every_language() {
        let (english, german) = (Texts::of(Language::English), Texts::of(Language::German));
        assert_eq!(english.test_people(0_u32, "Rome"), "0 people in Rome");
        assert_eq!(english.test_people(1_usize, "Rome"), "One person in Rome");
        assert_eq!(german.test_people(1_u64, "Rom"), "Eine Person in Rom");
        assert_eq!(german.test_people(2_u64, "Rom"), "2 Personen in Rom");
        assert_eq!(english.test_people(1_234_567_u32, "Rome"), "1,234,567 people in Rome");
        for (number, written) in [(0_u32, "0"), (999, "999"), (1_000, "1.000"), (20_345, "20.345")] {
            assert_eq!(german.number(number), written);
        }
    }
}
