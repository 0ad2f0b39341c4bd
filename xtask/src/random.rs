//! A long run of `tests/suite/random`.

use std::hash::{BuildHasher, RandomState};

use rollcall_private_postgres::TEST_DATABASE_URL;

use crate::{
    process::{self, Result, cargo},
    test::beside_postgres,
};

/// How long, and which.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many requests there are. The suite has 300.
    #[arg(long, default_value_t = 20_000)]
    steps: u64,
    /// What chance follows from: a run that failed says it. By itself it is another one each time.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs it, for as long as it takes.
pub(crate) async fn run(Arguments { steps, seed }: Arguments) -> Result {
    beside_postgres(move |url| {
        let mut command = cargo();
        // Not by nextest, which ends what takes long.
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "random::", "--", "--nocapture"]);
        command.env("ROLLCALL_RANDOM_STEPS", steps.to_string());
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(steps));
        command.env("ROLLCALL_RANDOM_SEED", seed.to_string());
        if let Some(url) = url {
            command.env(TEST_DATABASE_URL, url);
        }
        process::run(&mut command)
    })
    .await
}
