//! What is measured. A new row is a new value in [`ROWS`], and nothing else.

use std::hint::black_box;

use rollcall_domain::{
    Permission, Role,
    policy::{Grant, Target as On, decide},
};

use crate::{
    Result, agents,
    call::Call,
    data::{Data, PASSWORD},
    floors::Floor,
    load::Calls,
    searching,
    server::SERVICE_TOKEN,
};

/// Something that is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What it is called in the report.
    pub(crate) title: &'static str,
    /// How it is measured.
    pub(crate) work: Work,
    /// What it is compared with.
    pub(crate) floor: Option<Floor>,
    /// What is wanted of it.
    pub(crate) targets: &'static [Target],
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// How something is measured. Each measurement has a service that was started for it; with `--small`, calls share one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// How many such calls are answered in a second.
    Throughput(Calls),
    /// How many times as long some calls take as others: their rates the other way round.
    Slowdown {
        /// The calls that may be slower.
        of: (Size, Calls),
        /// Those that they are compared with.
        than: (Size, Calls),
    },
    /// The 99th percentile of a few calls while others saturate the machine, in milliseconds.
    TailBeside {
        /// The few.
        calls: Calls,
        /// The others.
        beside: Calls,
    },
    /// How long a start takes, in milliseconds.
    Start,
    /// How much memory the service has before anybody has called, in megabytes.
    IdleMemory,
    /// How many events get their places in so many audit logs in a second.
    Sequencing(u64),
    /// How many such calls are answered in a second, about the audit log of the second small organization.
    Proofs(Calls),
    /// How many such calls are answered in a second, once the agents who make them have come.
    Agents(Calls),
    /// The 99th percentile of claims while many calls wait, in milliseconds.
    Claims,
    /// The 99th percentile of the time in which an event reaches each of many streams, in milliseconds.
    FanOut,
    /// How much memory the service has while many streams are open, in megabytes.
    StreamMemory,
    /// How much memory each of several recordings takes that are sent or fetched at once, in megabytes.
    TransferMemory,
    /// How many blocks of 64 bytes of an audit log's leaves are proved offline in a second, on every core.
    Verification,
    /// The 99th percentile of searches in a long audit log, in milliseconds.
    Search(Calls),
    /// How long a piece of code takes that does something so many times, in nanoseconds for each.
    InProcess(fn(u64)),
}

/// How large the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// As large as the benchmark has it.
    Whole,
    /// With a hundredth of the organizations, and of the members of the large one.
    Hundredth,
}

/// What is wanted of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// At least such a part of the floor's rate.
    OfFloor(f64),
    /// A 99th percentile of at most so many times the floor's.
    TailOfFloor(f64),
    /// At most so much, in the row's unit.
    AtMost(f64),
    /// At least so much, in the row's unit.
    AtLeast(f64),
}

/// Everything that is measured. Rows with the same floor stand together: in each round it is measured before the first of
/// them.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "session-warm",
        title: "session check, warm",
        work: Work::Throughput(|data, n| session(data.warm(n))),
        floor: Some(Floor::Constant),
        targets: &[Target::OfFloor(0.5), Target::TailOfFloor(2.0)],
    },
    Row {
        name: "key-warm",
        title: "API key verification, warm",
        work: Work::Throughput(|data, n| session(data.warm_key(n))),
        floor: Some(Floor::Constant),
        targets: &[Target::OfFloor(0.5), Target::TailOfFloor(2.0)],
    },
    Row {
        name: "authorize",
        title: "authorize",
        work: Work::Throughput(|data, n| {
            Call::post("/v1/authorize", r#"{"checks":[{"permission":"agents:manage"}]}"#).by(data.warm(n))
        }),
        floor: Some(Floor::Constant),
        targets: &[Target::OfFloor(0.4)],
    },
    Row {
        name: "evaluation",
        title: "decision for a service (AuthZEN)",
        work: Work::Throughput(evaluation),
        floor: Some(Floor::Select),
        targets: &[Target::OfFloor(0.5)],
    },
    Row {
        name: "session-cold",
        title: "session check, cold",
        work: Work::Throughput(|data, n| session(data.cold(n))),
        floor: Some(Floor::Select),
        targets: &[Target::OfFloor(0.6), Target::TailOfFloor(2.0)],
    },
    Row {
        name: "key-cold",
        title: "API key verification, cold, 1,000,000 keys",
        work: Work::Throughput(|data, n| session(data.cold_key(n))),
        floor: Some(Floor::Select),
        targets: &[Target::OfFloor(0.6), Target::TailOfFloor(2.0)],
    },
    Row {
        name: "members",
        title: "members page, 20 of 20",
        work: Work::Throughput(members_of_small),
        floor: Some(Floor::Select),
        targets: &[Target::OfFloor(0.5)],
    },
    Row {
        name: "members-large",
        title: "members page, 50 of 100,000",
        work: Work::Throughput(members_of_large),
        floor: Some(Floor::Select),
        targets: &[Target::OfFloor(0.5)],
    },
    Row {
        name: "members-mixed",
        title: "members page, both kinds in turn",
        // On the same connections to the database, whose plans are kept from one organization to the next.
        work: Work::Throughput(|data, n| {
            if n.is_multiple_of(2) { members_of_small(data, n) } else { members_of_large(data, n) }
        }),
        floor: Some(Floor::Select),
        targets: &[Target::OfFloor(0.5)],
    },
    Row {
        name: "members-ratio",
        title: "members page, 50 of 100,000 to 20 of 20",
        work: Work::Slowdown { of: (Size::Whole, members_of_large), than: (Size::Whole, members_of_small) },
        floor: None,
        targets: &[Target::AtMost(1.3)],
    },
    Row {
        name: "invitation",
        title: "invitation created",
        work: Work::Throughput(invitation),
        floor: Some(Floor::Insert),
        targets: &[Target::OfFloor(0.4)],
    },
    Row {
        name: "sign-in",
        title: "sign-in",
        work: Work::Throughput(sign_in),
        floor: Some(Floor::Argon2),
        targets: &[Target::OfFloor(0.9)],
    },
    Row {
        name: "beside-sign-ins",
        title: "p99 of others beside sign-ins",
        work: Work::TailBeside { calls: |data, n| session(data.warm(n)), beside: sign_in },
        floor: None,
        targets: &[Target::AtMost(50.0)],
    },
    Row {
        name: "audit-sequence",
        title: "audit events sequenced, one organization",
        work: Work::Sequencing(1),
        floor: None,
        targets: &[Target::AtLeast(10_000.0)],
    },
    Row {
        name: "audit-sequence-many",
        title: "audit events sequenced, 1,000 organizations",
        work: Work::Sequencing(1_000),
        floor: None,
        targets: &[Target::AtLeast(10_000.0)],
    },
    Row {
        name: "audit-proof",
        title: "audit inclusion proof, 10,000,000 events",
        work: Work::Proofs(|data, n| {
            let event = data.event_of_second(n);
            Call::get(format!("/v1/audit/proofs/inclusion?event_id={event}")).by(data.owner(1))
        }),
        floor: None,
        targets: &[],
    },
    Row {
        name: "audit-verify",
        title: "audit export proved offline, 64 bytes of leaves",
        work: Work::Verification,
        floor: Some(Floor::Sha256),
        targets: &[Target::OfFloor(0.3)],
    },
    Row {
        name: "audit-search",
        title: "p99 of searches in an audit log of ten million events",
        work: Work::Search(searching::search),
        floor: None,
        targets: &[Target::AtMost(500.0)],
    },
    Row {
        name: "heartbeats",
        title: "agents' heartbeats",
        work: Work::Agents(agents::heartbeat),
        floor: None,
        targets: &[],
    },
    Row {
        name: "claims",
        title: "p99 of claims while 1,000 calls wait",
        work: Work::Claims,
        floor: None,
        targets: &[],
    },
    Row {
        name: "stream-fan-out",
        title: "p99 of an event's way to each of 10,000 streams",
        work: Work::FanOut,
        floor: None,
        targets: &[Target::AtMost(100.0)],
    },
    Row {
        name: "stream-memory",
        title: "memory with 10,000 open streams",
        work: Work::StreamMemory,
        floor: None,
        targets: &[Target::AtMost(300.0)],
    },
    Row {
        name: "transfer-memory",
        title: "memory for each recording that is sent or fetched",
        work: Work::TransferMemory,
        floor: None,
        targets: &[Target::AtMost(2.0)],
    },
    Row {
        name: "permission",
        title: "permission check",
        work: Work::InProcess(permission_checks),
        floor: None,
        targets: &[Target::AtMost(5.0)],
    },
    Row {
        name: "redaction",
        title: "redaction, per byte of transcript",
        work: Work::InProcess(redactions),
        floor: None,
        // 50 MB a second.
        targets: &[Target::AtMost(20.0)],
    },
    Row {
        name: "redaction-dense",
        title: "redaction of nothing but numbers, per byte",
        work: Work::InProcess(redactions_of_numbers),
        floor: None,
        targets: &[Target::AtMost(20.0)],
    },
    Row {
        name: "start",
        title: "start to serving",
        work: Work::Start,
        floor: None,
        targets: &[Target::AtMost(150.0)],
    },
    Row {
        name: "idle-memory",
        title: "idle memory",
        work: Work::IdleMemory,
        floor: None,
        targets: &[Target::AtMost(40.0)],
    },
    growth("growth-session", "growth: session check, cold", |data, n| session(data.cold(n))),
    growth("growth-authorize", "growth: authorize, cold", |data, n| {
        Call::post("/v1/authorize", r#"{"checks":[{"permission":"agents:manage"}]}"#).by(data.cold(n))
    }),
    growth("growth-key", "growth: API key looked for among 1,000,000 to 1,000", |data, n| {
        session(data.no_key(n)).expecting(401)
    }),
    growth("growth-member", "growth: one member", |data, n| {
        Call::get(format!("/v1/members/{}", data.member_of_large(n))).by(data.owner_of_large(n))
    }),
    growth("growth-members", "growth: members page, 20 of all", |data, n| {
        Call::get("/v1/members?limit=20").by(data.owner_of_large(n))
    }),
    growth("growth-invitation", "growth: invitation created", invitation),
];

/// How much longer a call takes with a hundred times as many organizations and members.
const fn growth(name: &'static str, title: &'static str, calls: Calls) -> Row {
    let work = Work::Slowdown { of: (Size::Whole, calls), than: (Size::Hundredth, calls) };
    Row { name, title, work, floor: None, targets: &[Target::AtMost(1.3)] }
}

fn session(token: String) -> Call {
    Call::get("/v1/session").by(token)
}

fn members_of_small(data: &Data, n: u64) -> Call {
    Call::get("/v1/members?limit=20").by(data.owner(n))
}

fn members_of_large(data: &Data, n: u64) -> Call {
    Call::get("/v1/members?limit=50").by(data.owner_of_large(n))
}

fn invitation(data: &Data, n: u64) -> Call {
    let body = format!(r#"{{"email":"guest-{}@bench.example","role":"member"}}"#, data.fresh());
    Call::post("/v1/invitations", body).by(data.owner(n)).expecting(201)
}

fn evaluation(data: &Data, n: u64) -> Call {
    let (user, organization) = data.seat(n);
    let body = format!(
        r#"{{"subject":{{"type":"user","id":"{user}"}},"action":{{"name":"agents:manage"}},"resource":{{"type":"organization","id":"{organization}"}}}}"#
    );
    Call::post("/access/v1/evaluation", body).by(SERVICE_TOKEN.to_owned())
}

fn sign_in(data: &Data, n: u64) -> Call {
    let body = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, data.address(n));
    Call::post("/v1/sessions", body).expecting(201)
}

fn permission_checks(times: u64) {
    let grant = Grant::Member { role: Role::Admin };
    for _ in 0..times.div_ceil(Permission::ALL.len() as u64) {
        for permission in Permission::ALL {
            black_box(decide(black_box(&grant), black_box(permission), black_box(On::Organization)));
        }
    }
}

/// Redacts so many bytes of a conversation, a million at a time: as much as is said in a day.
fn redactions(bytes: u64) {
    redactions_of(include_str!("../../crates/redaction/examples/conversation.txt"), bytes);
}

/// The same with a text that no call is like: telephone numbers, cards and lists of numbers, and no word between them.
fn redactions_of_numbers(bytes: u64) {
    redactions_of("4155550132 415-555-0132 4111 1111 1111 1111 12 34 56 78 4 5 6 7 ", bytes);
}

fn redactions_of(sample: &str, bytes: u64) {
    let transcript = bytes.min(1_000_000);
    let text: String = sample.chars().cycle().take(transcript as usize).collect();
    for _ in 0..bytes.div_ceil(transcript) {
        black_box(rollcall_redaction::redact(black_box(&text)));
    }
}

/// The rows of these names, in the order of [`ROWS`]; all of them if none is named.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<Row>> {
    if let Some(unknown) = names.iter().find(|name| ROWS.iter().all(|row| row.name != *name)) {
        let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(format!("there is no row {unknown}, but {}", known.join(", ")).into());
    }
    let is_chosen = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    Ok(ROWS.iter().filter(is_chosen).copied().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_name_one_row_each() {
        let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn whatever_is_compared_with_a_floor_has_one() {
        for row in ROWS {
            let compared =
                row.targets.iter().any(|target| !matches!(target, Target::AtMost(_) | Target::AtLeast(_)));
            assert_eq!(compared, row.floor.is_some(), "{}", row.name);
            let rate = matches!(row.work, Work::Throughput(_) | Work::Verification);
            assert!(row.floor.is_none() || rate, "{}", row.name);
        }
    }

    #[test]
    fn rows_are_chosen_by_name_and_keep_their_order() {
        let chosen = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            chosen(&names).map(|rows| rows.iter().map(|row| row.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&["sign-in", "authorize"]).expect("rows"), ["authorize", "sign-in"]);
        assert_eq!(chosen(&[]).expect("rows").len(), ROWS.len());
        let message = chosen(&["sign-out"]).expect_err("no such row").to_string();
        assert!(message.contains("sign-out") && message.contains("session-warm"), "{message}");
    }

    #[test]
    fn every_invitation_is_for_somebody_new() {
        let data = Data::hundredth(200);
        assert_ne!(invitation(&data, 7), invitation(&data, 7));
    }
}
