//! What those are called who did something: the log knows them by their ids.

use std::collections::BTreeMap;

use rollcall_application::{
    PageRequest,
    members::{self, MemberFilter},
};
use rollcall_domain::{Permission, members::Member};

use crate::{callers::Caller, refused::Refused, texts::Texts};

/// The most people who are looked up.
const MOST: u16 = 200;

/// What members are called, by their ids.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Those of the team that whoever looks may see.
    pub(super) async fn of(caller: &Caller) -> Result<Self, Refused> {
        if !caller.may(Permission::TeamRead) {
            return Ok(Self(BTreeMap::new()));
        }
        let everybody = PageRequest { limit: MOST, after: None };
        let (app, filter) = (&caller.console.app, MemberFilter::default());
        let team = members::list(app, &caller.principal(), &filter, &everybody).await?;
        let named = |member: Member| (member.membership.user.to_string(), member.name);
        Ok(Self(team.entries.into_iter().map(named).collect()))
    }

    /// Everybody, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(id, name)| (id.as_str(), name.as_str()))
    }

    /// A party of an event: its name where it is known, and else what kind of thing it is.
    pub(super) fn party(&self, t: Texts, kind: &str, id: Option<&str>) -> String {
        let name = id.and_then(|id| self.0.get(id));
        name.cloned().unwrap_or_else(|| t.kind(kind))
    }
}
