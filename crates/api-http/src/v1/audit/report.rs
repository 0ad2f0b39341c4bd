use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use axum::extract::State;
use rollcall_application::{Error, FieldError, audit};
use rollcall_domain::{
    Permission,
    audit::Outcome,
    audit::reports::{self, MOST_BYTES, MOST_CHANGES, MOST_PERSONAL, REPORTED_BY, Report, ReportedActor},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json, Object, given},
    credential::AnyCaller,
    etag::Untagged,
    problem::Result,
};

/// The most events in one request.
const MOST: usize = 1_000;

/// Events, 1 to 1,000 of them. All are taken, or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportRequest {
    #[schema(value_type = Vec<EventReport>)]
    events: Vec<Object<EventReport>>,
}

/// Something that was done in a service beside Rollcall. Its changes, personal fields and target have at most 16 KiB together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventReport {
    /// Made by whoever reports it, once for each event: told again, it is taken once.
    #[schema(example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// When it happened: not in the future, and not more than 366 days ago.
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.678901Z")]
    occurred_at: String,
    #[schema(value_type = EventActor)]
    actor: Object<EventActor>,
    /// What was done or tried: words with dots between them. The first is none of those that Rollcall's own actions begin with.
    #[schema(example = "agent.created")]
    action: String,
    #[schema(value_type = EventTarget)]
    target: Object<EventTarget>,
    /// `success` or `refused`.
    #[schema(example = "success")]
    outcome: String,
    /// What changed, at most 50 of it. Nothing here may identify a person: it is kept for ever.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<EventChange>>)]
    changes: Option<Vec<Object<EventChange>>>,
    /// What identifies a person, by field, at most 20 of it: the log holds a salted promise of each value, and the value is erased
    /// with its person. `ip` and `user_agent` are about whoever acted, all others about the target.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"ip": "192.0.2.7"}))]
    personal: Option<Written>,
}

/// Fields as they are written, also those that come twice.
#[derive(Default)]
struct Written(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Written, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Written(fields))
            }
        }

        deserializer.deserialize_map(All)
    }
}

/// Who has done it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EventActor {
    /// `user` or `api_key`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    kind: String,
    #[schema(example = "user_01h455vb4pex5vsknk084sn02q")]
    id: String,
}

/// What it was done to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EventTarget {
    #[serde(rename = "type")]
    #[schema(example = "agent")]
    kind: String,
    /// At most 200 characters.
    #[schema(example = "a1")]
    id: String,
}

/// A value before and after, each of at most 1,000 characters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EventChange {
    #[schema(example = "voice")]
    field: String,
    #[serde(default)]
    #[schema(example = "alto")]
    before: Option<String>,
    #[serde(default)]
    #[schema(example = "tenor")]
    after: Option<String>,
}

/// What became of the events.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportAnswer {
    /// How many events there were.
    #[schema(example = 3)]
    events: usize,
    /// How many of them were not in the log yet.
    #[schema(example = 2)]
    new: usize,
}

/// Adds events of another service to the organization's audit log.
///
/// All of them are added or none, and each once. Each names the API key that reported it.
#[utoipa::path(post, path = "/v1/audit/events", tag = "Audit log", security(("api_key" = []), ("access_token" = [])),
    request_body = ReportRequest,
    responses((status = 200, description = "The events are in the log", body = ReportAnswer)))]
pub(super) async fn report_events(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogAppend as u8 }>,
    _: Untagged,
    Json(request): Json<ReportRequest>,
) -> Result<axum::Json<ReportAnswer>> {
    if !(1..=MOST).contains(&request.events.len()) {
        return Err(Error::invalid("events", format!("must hold 1 to {MOST} events")).into());
    }
    let now = api.app.now();
    let mut fields = Fields::default();
    let reports: Vec<Report> = request
        .events
        .into_iter()
        .enumerate()
        .filter_map(|(place, Object(event))| event.read(&format!("events[{place}]"), now, &mut fields))
        .collect();
    fields.result()?;
    let taken = audit::report(&api.app, &principal, &reports).await?;
    Ok(axum::Json(ReportAnswer { events: taken.events, new: taken.new }))
}

impl EventReport {
    /// The event; none when something is wrong with it, which is then among `fields`.
    fn read(self, at: &str, now: OffsetDateTime, fields: &mut Fields) -> Option<Report> {
        let path = |field: &str| format!("{at}.{field}");
        let Object(actor) = self.actor;
        let Object(target) = self.target;
        let id = fields.parse(&path("id"), &self.id);
        let occurred_at = fields.moment(&path("occurred_at"), &self.occurred_at);
        let occurred_at =
            occurred_at.and_then(|at| fields.check(&path("occurred_at"), reports::occurred_at(at, now)));
        let by = match actor.kind.as_str() {
            "user" => fields.parse(&path("actor.id"), &actor.id).map(ReportedActor::User),
            "api_key" => fields.parse(&path("actor.id"), &actor.id).map(ReportedActor::ApiKey),
            _ => fields.take(Err(FieldError::new(path("actor.type"), "must be user or api_key"))),
        };
        let action = fields.parse(&path("action"), &self.action);
        let target_kind = fields.parse(&path("target.type"), &target.kind);
        let target_id = match target.id.is_empty() {
            true => fields.check(&path("target.id"), Err("must not be empty")),
            false => fields.parse(&path("target.id"), &target.id),
        };
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == self.outcome);
        let outcome = fields.check(&path("outcome"), outcome.ok_or("must be success or refused"));
        let changes = changes(self.changes.unwrap_or_default(), &path("changes"), fields);
        let personal = personal(self.personal.unwrap_or_default(), &path("personal"), fields);
        let report = Report {
            id: id?,
            occurred_at: occurred_at?,
            by: by?,
            action: action?,
            target_kind: target_kind?,
            target_id: target_id?,
            outcome: outcome?,
            changes: changes?,
            personal: personal?,
        };
        match report.bytes() <= MOST_BYTES {
            true => Some(report),
            false => {
                let message =
                    format!("must have at most {MOST_BYTES} bytes in changes, personal and target together");
                fields.take(Err(FieldError::new(at, message)))
            }
        }
    }
}

type Changes = Vec<(reports::Name, Option<reports::ReportText<1_000>>, Option<reports::ReportText<1_000>>)>;

fn changes(changes: Vec<Object<EventChange>>, at: &str, fields: &mut Fields) -> Option<Changes> {
    if changes.len() > MOST_CHANGES {
        return fields.take(Err(FieldError::new(at, format!("must hold at most {MOST_CHANGES} changes"))));
    }
    let read = |(place, Object(change)): (usize, Object<EventChange>), fields: &mut Fields| {
        let path = |field: &str| format!("{at}[{place}].{field}");
        if change.field == REPORTED_BY {
            return fields.take(Err(FieldError::new(path("field"), "is written by Rollcall itself")));
        }
        let name = fields.parse(&path("field"), &change.field);
        let mut value = |field: &str, text: Option<String>| match text {
            None => Some(None),
            Some(text) => fields.parse(&path(field), &text).map(Some),
        };
        let (before, after) = (value("before", change.before), value("after", change.after));
        Some((name?, before?, after?))
    };
    // All of them are read, so that all that is wrong is told.
    let read: Vec<_> = changes.into_iter().enumerate().map(|change| read(change, fields)).collect();
    read.into_iter().collect()
}

fn personal(
    Written(personal): Written,
    at: &str,
    fields: &mut Fields,
) -> Option<BTreeMap<reports::Name, reports::ReportText<500>>> {
    if personal.len() > MOST_PERSONAL {
        return fields.take(Err(FieldError::new(at, format!("must hold at most {MOST_PERSONAL} fields"))));
    }
    let read: Vec<_> = personal
        .into_iter()
        .map(|(name, value)| {
            // The name is not repeated where it is none: it could be anything.
            let name: Option<reports::Name> = fields.parse(at, &name);
            let value: Option<reports::ReportText<500>> = fields.parse(at, &value);
            Some((name?, value?))
        })
        .collect();
    let read: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    let mut kept = BTreeMap::new();
    for (name, value) in read {
        match kept.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(entry) => {
                let path = format!("{at}.{}", entry.key().as_str());
                return fields.take(Err(FieldError::new(path, "is given twice")));
            }
        }
    }
    Some(kept)
}
