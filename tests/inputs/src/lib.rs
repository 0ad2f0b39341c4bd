//! What parsers are tried with: made-up bytes and texts, and good ones that were damaged.
//!
//! The bodies of the fuzz targets under `fuzz/` are functions of bytes, in the `fuzzing` modules of the crates whose parsers they try.
//! libFuzzer looks for inputs by itself, for as long as it is left to; here each gets a few hundred in a test, on every machine.

use std::{any::type_name, env, fs, path::Path};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngSeed, TestRunner},
};

/// Names a folder into which good inputs are written, one for each target, for libFuzzer to begin with: without them it hardly gets
/// beyond a checksum or a signature.
const CORPUS: &str = "ROLLCALL_FUZZ_CORPUS";

/// What chance follows from: the same each time, as a suite is to find today what it found yesterday. libFuzzer finds the rest.
const SEED: u64 = 33;

/// Something that happens to an input.
#[derive(Debug, Clone)]
enum Damage {
    /// One byte becomes another.
    Replace(Index, u8),
    /// Some are put in.
    Insert(Index, Vec<u8>),
    /// Some are taken out.
    Remove(Index, usize),
    /// Some come twice.
    Repeat(Index, usize),
    /// The rest is another good input's.
    Join(Index, Vec<u8>),
    /// The rest is missing.
    Cut(Index),
}

/// What often means something else than it seems to.
const PIECES: &[&[u8]] =
    &[b"\0", b"\"", b"\\", b"-", b"+", b"9", b"\n", b"\r\n", b":", b",", b"=", b"\xff", b"\xe2\x80\xae"];

fn damage(good: Vec<Vec<u8>>) -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let piece = prop_oneof![vec(any::<u8>(), 1..5), select(PIECES).prop_map(<[u8]>::to_vec),];
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        3 => (at(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        2 => (at(), 1..20_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        1 => (at(), 1..80_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        1 => (at(), select(good)).prop_map(|(at, other)| Damage::Join(at, other)),
        1 => at().prop_map(Damage::Cut),
    ]
}

fn damaged(mut bytes: Vec<u8>, all: Vec<Damage>) -> Vec<u8> {
    for damage in all {
        let place = |at: Index| at.index(bytes.len() + 1);
        match damage {
            Damage::Replace(at, byte) => {
                let at = place(at);
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            Damage::Insert(at, piece) => {
                let at = place(at);
                bytes.splice(at..at, piece);
            }
            Damage::Remove(at, length) => {
                let at = place(at);
                bytes.drain(at..bytes.len().min(at + length));
            }
            Damage::Repeat(at, length) => {
                let at = place(at);
                let piece = bytes[at..bytes.len().min(at + length)].to_vec();
                bytes.splice(at..at, piece);
            }
            Damage::Join(at, other) => {
                let at = place(at);
                bytes.truncate(at);
                bytes.extend(&other[at.min(other.len())..]);
            }
            Damage::Cut(at) => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
    bytes
}

fn type_name_of<T>(_: &T) -> &'static str {
    type_name::<T>()
}

/// Writes inputs to where cargo-fuzz looks for those of the target that is this function: `rollcall_domain::fuzzing::email` is
/// `domain_email`.
#[track_caller]
fn write(good: &[Vec<u8>], corpus: &Path, function: &str) {
    let Some((room, name)) = function.split_once("::fuzzing::") else { return };
    let folder = corpus.join(format!("{}_{name}", room.trim_start_matches("rollcall_")));
    fs::create_dir_all(&folder).expect("a folder for good inputs");
    for (number, bytes) in good.iter().enumerate() {
        fs::write(folder.join(format!("good-{number}")), bytes).expect("a good input");
    }
}

/// Tries a target with these inputs, with each of them damaged in some way, and with bytes and texts that are made up: as many as
/// `PROPTEST_CASES` says, or 256.
///
/// # Panics
/// When the target does, with the smallest input that was found for it.
#[track_caller]
pub fn tried<T: AsRef<[u8]>>(good: &[T], target: impl Fn(&[u8])) {
    let good: Vec<Vec<u8>> = good.iter().map(|bytes| bytes.as_ref().to_vec()).collect();
    if let Some(corpus) = env::var_os(CORPUS) {
        write(&good, Path::new(&corpus), type_name_of(&target));
    }
    for bytes in &good {
        target(bytes);
    }
    let changed = (select(good.clone()), vec(damage(good), 1..4));
    let inputs = prop_oneof![
        4 => changed.prop_map(|(bytes, all)| damaged(bytes, all)),
        1 => vec(any::<u8>(), 0..120),
        1 => "\\PC{0,60}".prop_map(String::into_bytes),
    ];
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(SEED),
        ..Config::default()
    });
    let tried = runner.run(&inputs, |bytes| {
        target(&bytes);
        Ok(())
    });
    if let Err(found) = tried {
        panic!("{found}");
    }
}
