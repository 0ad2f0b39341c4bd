//! What those are called who did something, and what it was done to: the log knows them by their ids.

use std::collections::BTreeMap;

use rollcall_application::{
    PageRequest, api_keys,
    members::{self, MemberFilter},
};
use rollcall_domain::Permission;

use crate::{callers::Caller, refused::Refused, texts::Texts};

/// The most people, and the most keys, that are looked up.
const MOST: u16 = 200;

/// What people and API keys are called, by their ids.
#[derive(Default)]
pub(super) struct Names {
    people: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
}

/// Whoever or whatever an event is about.
pub(super) struct Party {
    /// What it is called, or what kind of thing it is where that is not known.
    pub(super) name: String,
    /// What kind of thing it is, where its name does not say so.
    pub(super) kind: Option<String>,
}

impl Names {
    /// Those that whoever looks may see.
    pub(super) async fn of(caller: &Caller) -> Result<Self, Refused> {
        let (app, mut names) = (&caller.console.app, Self::default());
        if caller.may(Permission::TeamRead) {
            let (everybody, filter) = (PageRequest { limit: MOST, after: None }, MemberFilter::default());
            let team = members::list(app, &caller.principal(), &filter, &everybody).await?;
            let named = team.entries.into_iter();
            names.people = named.map(|member| (member.membership.user.to_string(), member.name)).collect();
        }
        if caller.may(Permission::ApiKeysRead) {
            let page = PageRequest { limit: MOST, after: None };
            let listed = api_keys::list(app, &caller.actor, &page).await?.entries.into_iter();
            names.keys =
                listed.map(|listed| (listed.key.id.to_string(), listed.key.name.to_string())).collect();
        }
        Ok(names)
    }

    /// All by id, people first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.people.iter().chain(&self.keys).map(|(id, name)| (id.as_str(), name.as_str()))
    }

    /// A party of an event.
    pub(super) fn party(&self, t: Texts, kind: &str, id: Option<&str>) -> Party {
        let id = id.unwrap_or_default();
        match (self.people.get(id), self.keys.get(id)) {
            (Some(name), _) => Party { name: name.clone(), kind: None },
            (None, Some(name)) => Party { name: name.clone(), kind: Some(t.kind(kind)) },
            (None, None) => Party { name: t.kind(kind), kind: None },
        }
    }
}
