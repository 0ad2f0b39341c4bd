//! What a form says about a key.

use rollcall_domain::{
    Permission,
    api_keys::{ApiKey, InvalidNetworks, KeyName, Networks, RateLimit, Scopes},
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    texts::{ScopeGroup, Texts},
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) name: String,
    #[serde(default, rename = "scopes[]")]
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: String,
    pub(super) networks: String,
    pub(super) rate_requests: String,
    pub(super) rate_seconds: String,
    /// The version that was shown, where there is one.
    #[serde(default)]
    pub(super) version: i32,
}

/// What they mean.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) name: KeyName,
    pub(super) scopes: Scopes,
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) networks: Networks,
    pub(super) rate_limit: Option<RateLimit>,
}

/// A group of scopes to be chosen from: what each is called and means, and whether it is chosen.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) scopes: Vec<(&'static str, &'static str, bool)>,
}

impl Fields {
    /// A key as it is.
    pub(super) fn of(caller: &Caller, key: &ApiKey) -> Self {
        Self {
            name: key.name.to_string(),
            scopes: key.scopes.permissions().iter().map(|scope| scope.as_str().to_owned()).collect(),
            expires_at: key.expires_at.map(|end| last_day(caller, end)).unwrap_or_default(),
            networks: key.networks.texts().map(|texts| texts.join("\n")).unwrap_or_default(),
            rate_requests: key.rate_limit.map(|limit| limit.requests().to_string()).unwrap_or_default(),
            rate_seconds: key.rate_limit.map(|limit| limit.per_seconds().to_string()).unwrap_or_default(),
            version: key.version,
        }
    }

    /// What there is to choose from.
    pub(super) fn groups(&self, t: Texts) -> Vec<Group> {
        let of = |group| {
            let scopes = Permission::ALL.into_iter().filter(|scope| scope.allowed_for_api_keys());
            let scopes = scopes.filter_map(|scope| {
                let (of, means) = t.scope(scope);
                let chosen = self.scopes.iter().any(|chosen| chosen == scope.as_str());
                (of == group).then_some((scope.as_str(), means, chosen))
            });
            Group { name: t.scope_group(group), scopes: scopes.collect() }
        };
        ScopeGroup::ALL.map(of).into()
    }

    /// What they mean, if nothing is wrong with them. A day that is as it was shown leaves the end as it was, to the second.
    pub(super) fn read(
        &self,
        caller: &Caller,
        mistakes: &mut Mistakes,
        before: Option<&ApiKey>,
    ) -> Option<Read> {
        let t = caller.t;
        let name = mistakes.check(t, "name", self.name.parse());
        let scopes: Result<Vec<Permission>, _> = self.scopes.iter().map(|scope| scope.parse()).collect();
        let scopes = mistakes.check(t, "scopes", scopes);
        let scopes = scopes.and_then(|scopes| mistakes.check(t, "scopes", Scopes::new(scopes)));
        let expires_at = self.end(caller, mistakes, before.and_then(|key| key.expires_at));
        let networks = self.networks(t, mistakes);
        let rate_limit = self.rate_limit(t, mistakes);
        Some(Read {
            name: name?,
            scopes: scopes?,
            expires_at: expires_at?,
            networks: networks?,
            rate_limit: rate_limit?,
        })
    }

    fn end(
        &self,
        caller: &Caller,
        mistakes: &mut Mistakes,
        before: Option<OffsetDateTime>,
    ) -> Option<Option<OffsetDateTime>> {
        let day = self.expires_at.trim();
        if day.is_empty() {
            return Some(None);
        }
        if before.is_some_and(|end| last_day(caller, end) == day) {
            return Some(before);
        }
        let end = caller.times.end_of(day);
        if end.is_none() {
            mistakes.add("expires_at", caller.t.key_day_wrong());
        }
        end.map(Some)
    }

    fn networks(&self, t: Texts, mistakes: &mut Mistakes) -> Option<Networks> {
        let lines: Vec<&str> =
            self.networks.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return Some(Networks::default());
        }
        let problem = match Networks::parse(&lines) {
            Ok(networks) => return Some(networks),
            Err(problem) => problem,
        };
        let said = t.field_problem(&problem.to_string());
        let line = match problem {
            InvalidNetworks::NoNetwork { index } | InvalidNetworks::WithinNetwork { index, .. } => {
                lines.get(index)
            }
            InvalidNetworks::Empty | InvalidNetworks::TooMany => None,
        };
        mistakes.add("networks", line.map_or(said.clone(), |line| t.key_network_wrong(line, &said)));
        None
    }

    fn rate_limit(&self, t: Texts, mistakes: &mut Mistakes) -> Option<Option<RateLimit>> {
        let (requests, seconds) = (self.rate_requests.trim(), self.rate_seconds.trim());
        if requests.is_empty() && seconds.is_empty() {
            return Some(None);
        }
        let (Ok(requests), Ok(seconds)) = (requests.parse(), seconds.parse()) else {
            mistakes.add("rate_requests", t.key_rate_both());
            return None;
        };
        mistakes.check(t, "rate_requests", RateLimit::new(requests, seconds)).map(Some)
    }
}

/// The last day through which a key works: it ends with the moment.
fn last_day(caller: &Caller, end: OffsetDateTime) -> String {
    caller.times.date(end - Duration::NANOSECOND)
}
