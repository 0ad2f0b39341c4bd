//! Several organizations, people in them, one, two or none, API keys, and requests of every kind by chance. Each answer is compared with a
//! model of who may see what, which follows from `permissions.csv` and the contract; and none holds anything of another organization.
//!
//! `ROLLCALL_RANDOM_STEPS` and `ROLLCALL_RANDOM_SEED` make a run longer, or have one again (`cargo xtask test random`).

mod agents;
mod calls;
mod dice;
mod escalations;
mod invitations;
mod keys;
mod marks;
mod organization;
mod run;
mod sessions;
mod table;
mod team;
mod world;

use self::{run::Run, table::ROLES, world::Who};

/// How many requests there are when nobody says.
const STEPS: u64 = 300;
/// By what chance when nobody says: always the same, so that the suite finds today what it found yesterday. `cargo xtask test random` takes
/// another each time.
const SEED: u64 = 33;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text:?}")))
}

#[tokio::test]
async fn attack_1_every_answer_is_what_the_model_says_and_holds_nothing_of_another_organization() {
    let seed = setting("ROLLCALL_RANDOM_SEED").unwrap_or(SEED);
    let steps = setting("ROLLCALL_RANDOM_STEPS").unwrap_or(STEPS);
    println!("ROLLCALL_RANDOM_SEED={seed} ROLLCALL_RANDOM_STEPS={steps}");
    let mut run = Run::begin(seed).await;
    for _ in 0..3 {
        found(&mut run).await;
    }
    let mut moments = 0;
    for number in 0..steps {
        run.note(format!("step {number}"));
        match run.dice.below(1_000) {
            0..3 if moments < 60 => {
                // Sessions that nobody uses end after a day, which the model leaves out.
                moments += 1;
                sessions::time_passes(&mut run).await;
            }
            3..60 => sessions::sign_in(&mut run).await,
            60..100 => invitations::accept(&mut run).await,
            _ => step(&mut run).await,
        }
    }
    run.service.database.all_sequenced().await;
    for organization in 0..run.world.organizations.len() {
        organization::compare_audit_log(&mut run, organization).await;
    }
}

/// An organization with somebody in every role, a program with every scope, and somebody of another organization.
async fn found(run: &mut Run) {
    let home = run.found().await;
    let owner = run.owner(home).await;
    let mut people: Vec<(usize, &'static str)> =
        ROLES[1..].iter().map(|role| (run.stranger(), *role)).collect();
    let elsewhere = run.dice.below(run.world.people.len());
    if !people.iter().any(|(person, _)| *person == elsewhere) && run.world.seats(elsewhere).len() == 1 {
        people.push((elsewhere, run.dice.one_of(&ROLES)));
    }
    for (person, role) in people {
        let invited = run.world.organizations[home].invitations.len();
        invitations::invite(run, owner, person, role).await;
        if run.world.organizations[home].invitations.len() == invited {
            continue;
        }
        let session =
            run.world.seats(person).first().map(|(there, _)| run.world.sessions_in(*there, person)[0]);
        invitations::take(run, session.map_or(Who::Nobody, Who::Session), home, invited).await;
    }
    keys::create(run, owner).await;
}

/// Whoever asks next: mostly somebody whose credential is good.
fn somebody(run: &mut Run) -> Who {
    let sessions = (0..run.world.sessions.len()).map(Who::Session);
    let keys = (0..run.world.keys.len()).map(Who::Key);
    let all: Vec<Who> = if run.dice.chance(25) { keys.collect() } else { sessions.collect() };
    if run.dice.chance(4) {
        return run.dice.any_of(&all).unwrap_or(Who::Nobody);
    }
    let good: Vec<Who> = all.into_iter().filter(|who| run.world.is_good(*who)).collect();
    run.dice.any_of(&good).unwrap_or(Who::Nobody)
}

/// One request.
async fn step(run: &mut Run) {
    let who = somebody(run);
    match run.dice.below(105) {
        0..4 => sessions::show(run, who).await,
        4..8 => sessions::organizations(run, who).await,
        8..12 => sessions::authorize(run, who).await,
        12..15 => sessions::switch(run, who).await,
        15 => sessions::sign_out(run, who).await,
        16 => sessions::end_others(run, who).await,
        17..19 => sessions::elevate(run, who).await,
        19..21 => organization::show(run, who).await,
        21 => organization::rename(run, who).await,
        22..26 => organization::look(run, who).await,
        26..30 => team::list(run, who).await,
        30..33 => team::show(run, who).await,
        33..36 => team::offboarding(run, who).await,
        36..40 => team::change_role(run, who).await,
        40..43 => team::remove(run, who).await,
        43 => team::leave(run, who).await,
        44..48 => invitations::create(run, who).await,
        48..51 => invitations::list(run, who).await,
        51..53 => invitations::show(run, who).await,
        53 => invitations::revoke(run, who).await,
        54 => invitations::resend(run, who).await,
        55..57 => keys::create(run, who).await,
        57..59 => keys::list(run, who).await,
        59..61 => keys::show(run, who).await,
        61 => keys::rename(run, who).await,
        62 => keys::rotate(run, who).await,
        63 => keys::revoke(run, who).await,
        64..68 => calls::create(run, who).await,
        68..71 => calls::list(run, who).await,
        71..73 => calls::show(run, who).await,
        73..76 => calls::update(run, who).await,
        76..78 => calls::store_transcript(run, who).await,
        78..80 => calls::show_transcript(run, who).await,
        80..83 => agents::choose(run, who).await,
        83 => agents::manage(run, who).await,
        84..86 => agents::list(run, who).await,
        86 => agents::show(run, who).await,
        87..90 => escalations::create(run, who).await,
        90..93 => escalations::list(run, who).await,
        93 => escalations::show(run, who).await,
        94 => escalations::claim(run, who).await,
        95..97 => escalations::claim_next(run, who).await,
        97 => escalations::end(run, who, true).await,
        98 => escalations::end(run, who, false).await,
        99 => escalations::abandon(run, who).await,
        100..102 => calls::grant_live(run, who).await,
        102..104 => calls::look_for_more(run, who).await,
        _ => sessions::rename(run, who).await,
    }
}
