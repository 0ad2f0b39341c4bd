//! Breaks what Rollcall stands on, while several nodes of it work: the database, the ways to it, mail servers, webhooks, clocks, and the
//! nodes themselves. Meanwhile a load goes on that writes down what was acknowledged; after each fault it is all looked at. What it came to
//! is a table, and docs/reliability.md says what that means.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a suite that cannot go on had better panic")]

mod checks;
mod clock;
mod cluster;
mod faults;
mod journal;
mod kills;
mod lane;
mod mailbox;
mod node;
mod proxy;
mod receiver;
mod report;
mod stage;
mod steps;
mod stories;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use rollcall_tests::smtp::Behaviour;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{
    faults::{Ending, Fault, Outcome, Remarks, suffer},
    journal::Figures,
    kills::Job,
    proxy::Mode,
    receiver::Manner,
    stage::Stage,
};

/// Breaks what Rollcall stands on, and looks whether it keeps its word.
#[derive(Parser)]
struct Arguments {
    /// The program `rollcall`.
    #[arg(long)]
    rollcall: PathBuf,
    /// A few faults, in about a minute.
    #[arg(long)]
    short: bool,
    /// Only the faults whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// The document whose table of figures is written anew, if nothing is wrong. What it says of other faults stays.
    #[arg(long, conflicts_with = "short")]
    write: Option<PathBuf>,
    /// The commit that the program was built of, as it is shown.
    #[arg(long)]
    commit: Option<String>,
}

/// Where the database does not answer for so long, everybody gives up in the meantime.
const LONG: Duration = Duration::from_secs(8);
const SHORT: Duration = Duration::from_secs(3);

/// The row of what can only be seen when all is over.
const AT_THE_END: &str = "at the end";

/// What is broken in a long run: its name, what it is, and for how long it stays so.
fn long() -> Vec<(String, Fault, Duration)> {
    let named = |name: &str, fault, hold| (name.to_owned(), fault, hold);
    let mut faults = vec![
        named("none", Fault::Nothing, LONG),
        named("database restarted, fast", Fault::Database(Ending::Fast), SHORT),
        named("database restarted, immediate", Fault::Database(Ending::Immediate), SHORT),
        named("database killed", Fault::Database(Ending::Kill), SHORT),
        named("database read-only", Fault::ReadOnly, LONG),
        named("database out of connections", Fault::NoConnections, LONG),
        named("database out of disk", Fault::NoDisk, LONG),
        named("one node's connections cut", Fault::Way { all: false, mode: Mode::Cut }, SHORT),
        named("all connections reset", Fault::Way { all: true, mode: Mode::Reset }, SHORT),
        named(
            "one node's connections slow, 200 ms",
            Fault::Way { all: false, mode: Mode::Delay(Duration::from_millis(200)) },
            LONG,
        ),
        named(
            "all connections slow, 20 ms",
            Fault::Way { all: true, mode: Mode::Delay(Duration::from_millis(20)) },
            LONG,
        ),
        named("one node's connections swallowed", Fault::Way { all: false, mode: Mode::Swallow }, LONG),
        named("all connections swallowed", Fault::Way { all: true, mode: Mode::Swallow }, LONG),
        named("notifications swallowed", Fault::Changes(Mode::Swallow), LONG),
        named("notifications cut", Fault::Changes(Mode::Cut), LONG),
        named("store of recordings gone", Fault::NoSound, LONG),
        named("mail server hangs", Fault::Mail(Behaviour::Hang), LONG),
        named("mail server drops mails half-way", Fault::Mail(Behaviour::DropInTheMiddle), LONG),
        named("mail server takes mails and says nothing", Fault::Mail(Behaviour::AcceptAndDrop), LONG),
        named("webhook fails", Fault::Webhook(Manner::Fail), SHORT),
        named("webhook takes and says nothing", Fault::Webhook(Manner::Drop), SHORT),
        named("webhook slow, 3 s", Fault::Webhook(Manner::Slow(Duration::from_secs(3))), LONG),
        named("webhook hangs", Fault::Webhook(Manner::Hang), LONG),
        named("a node's clock jumps", Fault::Clock, Duration::from_secs(5)),
        named("nodes restarted in turns", Fault::Rolling, SHORT),
        named("nodes killed at any moment", Fault::Kills(30), SHORT),
    ];
    let steps =
        |job: Job| named(&format!("node killed: {}", job.name()), Fault::Steps(job, usize::MAX), SHORT);
    faults.extend(Job::ALL.into_iter().map(steps));
    faults
}

/// And in a short one.
fn short() -> Vec<(String, Fault, Duration)> {
    let second = Duration::from_secs(1);
    let named = |name: &str, fault, hold| (name.to_owned(), fault, hold);
    vec![
        named("none", Fault::Nothing, second),
        named("database restarted, immediate", Fault::Database(Ending::Immediate), second),
        named("all connections swallowed", Fault::Way { all: true, mode: Mode::Swallow }, SHORT),
        named("notifications swallowed", Fault::Changes(Mode::Swallow), SHORT),
        named("mail server drops mails half-way", Fault::Mail(Behaviour::DropInTheMiddle), second),
        named("webhook takes and says nothing", Fault::Webhook(Manner::Drop), second),
        named("node killed: sequencer", Fault::Steps(Job::Sequencer, 2), second),
        named("node killed: outbox mail", Fault::Steps(Job::Mail, 2), second),
    ]
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt()).unwrap(), signal(SignalKind::terminate()).unwrap());
    // What has been set up goes with the run: nodes, the database, its file system and folders.
    tokio::select! {
        code = run(arguments) => code,
        _ = interrupted.recv() => ended_early(),
        _ = terminated.recv() => ended_early(),
    }
}

fn ended_early() -> ExitCode {
    eprintln!("ended before it was through");
    ExitCode::FAILURE
}

/// Breaks everything that is wanted, and says what came out.
async fn run(arguments: Arguments) -> ExitCode {
    let (mut faults, nodes, organizations) = if arguments.short { (short(), 2, 2) } else { (long(), 3, 3) };
    let names: Vec<String> =
        faults.iter().map(|(name, ..)| name.clone()).chain([AT_THE_END.to_owned()]).collect();
    if let Some(only) = &arguments.only {
        faults.retain(|(name, ..)| name.contains(only.as_str()));
    }
    if faults.is_empty() {
        eprintln!("no fault has {:?} in its name", arguments.only.unwrap_or_default());
        return ExitCode::FAILURE;
    }
    let run = report::Run::begin(arguments.commit, nodes, organizations);
    let disk = faults.iter().any(|(_, fault, _)| *fault == Fault::NoDisk);
    let stage = Stage::set(arguments.rollcall, nodes, organizations, disk).await;
    let mut outcomes = Vec::new();
    for (name, fault, hold) in faults {
        let Ok(outcome) = timeout(fault.bound(), suffer(&stage, &name, &fault, hold)).await else {
            // Nobody knows what is whole.
            eprintln!("{name}: not over after {:?}", fault.bound());
            return ExitCode::FAILURE;
        };
        tell(&outcome);
        outcomes.push(outcome);
    }
    stage.check_purge().await;
    stage.check_sound().await;
    stage.end().await;
    let (_, wrong) = stage.journal.take();
    let last = Outcome {
        fault: AT_THE_END.to_owned(),
        figures: Figures::default(),
        recovery: Duration::ZERO,
        wrong,
        remarks: Remarks::from("deleted organizations are gone, and so is deleted sound".to_owned()),
    };
    tell(&last);
    outcomes.push(last);
    let figures = report::figures(&run, &outcomes);
    println!("\n{figures}");
    let wrong: usize = outcomes.iter().map(|outcome| outcome.wrong.len()).sum();
    if wrong > 0 {
        eprintln!("{wrong} things are wrong");
        return ExitCode::FAILURE;
    }
    if let Some(document) = &arguments.write {
        report::write(document, &figures, &names).expect("a document with a place for the figures");
    }
    ExitCode::SUCCESS
}

/// Says at once what came out.
fn tell(outcome: &Outcome) {
    println!(
        "{}: {:?}, recovered after {:.1} s. {}",
        outcome.fault,
        outcome.figures,
        outcome.recovery.as_secs_f64(),
        outcome.remarks.note
    );
    for (what, why) in &outcome.wrong {
        println!("  {what:?}: {why}");
    }
}
