//! The languages that pages and mails are written in, how a text is written down in all of them, and what both call things.
//!
//! A text stands once, with what it is in each language beside each other. Whoever has texts keeps them in a type `Texts` of its own,
//! with a method `language`, for which [`texts!`] makes a method of each:
//!
//! ```
//! use rollcall_texts::{Language, texts};
//!
//! #[derive(Clone, Copy)]
//! struct Texts(Language);
//!
//! impl Texts {
//!     const fn language(self) -> Language {
//!         self.0
//!     }
//! }
//!
//! texts! {
//!     sign_in = "Sign in" | "Anmelden";
//!     signed_in_as(name) = "Signed in as {name}" | "Angemeldet als {name}";
//!     people[n] = "{n} person", "{n} people" | "{n} Person", "{n} Personen";
//! }
//!
//! assert_eq!(Texts(Language::German).people(1_200_u32), "1.200 Personen");
//! ```
//!
//! English is on the left, German on the right; `[n]` counts, and tells the form for one from the form for every other number. A text
//! that is missing in a language, a parameter that is unknown or left out in one, a form that is missing, or two texts of one name:
//! none of it compiles. What pages and mails call alike, plans and roles and some security controls, is a method of [`Language`] itself.

mod language;
mod names;
mod number;

pub use language::Language;
pub use names::CALLS_KEEP_THEIR_KEYS;
pub use number::Count;

/// Makes a method of `Texts` of each text; [how they are written down](crate).
#[macro_export]
macro_rules! texts {
    (@text $name:ident [] () {$en:literal} {$de:literal}) => {
        pub(crate) const fn $name(self) -> &'static str {
            match self.language() {
                $crate::Language::English => $en,
                $crate::Language::German => $de,
            }
        }
    };
    (@text $name:ident [] ($($param:ident)+) {$en:literal} {$de:literal}) => {
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
                $crate::Language::English => english($(&$param),+),
                $crate::Language::German => german($(&$param),+),
            }
        }
    };
    (@text $name:ident [$count:ident] ($($param:ident)*) {$en:literal, $en_other:literal} {$de:literal, $de_other:literal}) => {
        pub(crate) fn $name(self, $count: impl $crate::Count $(, $param: impl std::fmt::Display)*) -> String {
            #[deny(unused_variables)]
            fn english(one: bool, $count: &str $(, $param: &dyn std::fmt::Display)*) -> String {
                if one { format!($en) } else { format!($en_other) }
            }
            #[deny(unused_variables)]
            fn german(one: bool, $count: &str $(, $param: &dyn std::fmt::Display)*) -> String {
                if one { format!($de) } else { format!($de_other) }
            }
            let (one, number) = ($crate::Count::count(&$count) == 1, self.language().number(&$count));
            match self.language() {
                $crate::Language::English => english(one, &number $(, &$param)*),
                $crate::Language::German => german(one, &number $(, &$param)*),
            }
        }
    };
    ($($name:ident $([$count:ident])? $(($($param:ident),+))? =
        $en:literal $(, $en_other:literal)? | $de:literal $(, $de_other:literal)?;)*) => {
        impl Texts {
            $($crate::texts! { @text $name [$($count)?] ($($($param)+)?) {$en $(, $en_other)?} {$de $(, $de_other)?} })*
        }
    };
}

#[cfg(test)]
mod tests {
    use super::Language;

    struct Texts(Language);

    impl Texts {
        const fn language(&self) -> Language {
            self.0
        }
    }

    texts! {
        nobody = "Nobody" | "Niemand";
        from(place) = "from {place}" | "aus {place}";
        people[n](place) = "One person in {place}", "{n} people in {place}" | "Eine Person in {place}", "{n} Personen in {place}";
    }

    #[test]
    fn texts_and_plurals_are_right_in_every_language() {
        let (english, german) = (|| Texts(Language::English), || Texts(Language::German));
        assert_eq!((english().nobody(), german().nobody()), ("Nobody", "Niemand"));
        assert_eq!(english().from("Rome"), "from Rome");
        assert_eq!(german().from("Rom"), "aus Rom");
        assert_eq!(english().people(0_u32, "Rome"), "0 people in Rome");
        assert_eq!(english().people(1_usize, "Rome"), "One person in Rome");
        assert_eq!(german().people(1_u64, "Rom"), "Eine Person in Rom");
        assert_eq!(german().people(2_u64, "Rom"), "2 Personen in Rom");
        assert_eq!(english().people(1_234_567_u32, "Rome"), "1,234,567 people in Rome");
    }
}
