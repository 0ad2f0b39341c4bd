//! Everything that pages say, in every language that they speak, and nothing else: one file per room.
//!
//! What is put into a text is escaped by the template, as everything.

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
mod recordings;
mod refusals;
mod roles;
mod second_factors;
mod security;
mod sessions;
mod webhooks;

pub(crate) use api_keys::ScopeGroup;

use rollcall_texts::{Count, Language, texts};

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

    /// A number as it is written in the language.
    pub(crate) fn number(self, number: impl Count) -> String {
        self.0.number(number)
    }
}
