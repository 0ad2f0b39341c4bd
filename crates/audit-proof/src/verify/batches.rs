//! Lines, read on one thread and looked at on others, in their order.

use std::{
    io::{self, Read},
    num::NonZero,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use memchr::{memchr, memchr_iter, memrchr};

use super::{
    Failure, Finding,
    lines::{self, Item},
};

/// As much is read at a time, in bytes.
const BATCH: usize = 512 * 1024;
/// The longest line, in bytes.
const LONGEST: usize = 8 * 1024 * 1024;
/// More threads have nothing to do: one reads, and follows the tree.
const THREADS: usize = 16;

/// Whole lines, a batch at a time.
pub(super) struct Batches<R> {
    export: R,
    /// What was read of the lines that come next.
    rest: Vec<u8>,
    /// Whether a line was too long: nothing is read any more.
    endless: bool,
}

/// Lines that follow each other.
enum Batch {
    Lines(Vec<u8>),
    /// One that is too long.
    Endless,
}

impl<R: Read> Batches<R> {
    pub(super) fn new(export: R) -> Self {
        Self { export, rest: Vec::new(), endless: false }
    }

    /// The first line; none of an empty file.
    pub(super) fn first_line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut bytes = match self.next()? {
            None => return Ok(None),
            Some(Batch::Lines(bytes)) => bytes,
            Some(Batch::Endless) => {
                return Err(Finding::Malformed { line: 1, problem: too_long() }.into());
            }
        };
        let end = memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
        let mut rest = bytes.split_off(end);
        rest.append(&mut self.rest);
        self.rest = rest;
        Ok(Some(bytes))
    }

    /// The next lines; none after the last. What stands behind the last end of a line counts as one.
    fn next(&mut self) -> Result<Option<Batch>, Failure> {
        if self.endless {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let before = bytes.len();
            let read = self.export.by_ref().take(BATCH as u64).read_to_end(&mut bytes)?;
            if read == 0 {
                return Ok((!bytes.is_empty()).then_some(Batch::Lines(bytes)));
            }
            if let Some(end) = memrchr(b'\n', &bytes[before..]) {
                self.rest = bytes.split_off(before + end + 1);
                return Ok(Some(Batch::Lines(bytes)));
            }
            if bytes.len() > LONGEST {
                self.endless = true;
                return Ok(Some(Batch::Endless));
            }
        }
    }

    /// Gives each line to `take`, with its number and what it comes to, until that says that it was the last; tells whether it
    /// did. Nothing may follow.
    pub(super) fn each(
        mut self,
        log: &str,
        mut take: impl FnMut(u64, Item) -> Result<bool, Finding>,
    ) -> Result<bool, Failure> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
        thread::scope(|scope| {
            // Turn by turn, so that what comes back is in order.
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    let (work, to_do) = sync_channel::<Batch>(1);
                    let (done, results) = sync_channel(1);
                    scope.spawn(move || look(log, &to_do, &done));
                    (work, results)
                })
                .collect();
            let (mut given, mut taken, mut ended) = (0, 0, false);
            // The first line has been read.
            let mut line = 1;
            loop {
                while given < taken + 2 * threads {
                    let Some(batch) = self.next()? else { break };
                    // Nobody waits for work who has gone: they go when this side does.
                    let _ = workers[given % threads].0.send(batch);
                    given += 1;
                }
                if taken == given {
                    return Ok(ended);
                }
                let Ok(items) = workers[taken % threads].1.recv() else {
                    return Err(io::Error::other("a thread has gone").into());
                };
                taken += 1;
                for item in items {
                    line += 1;
                    if ended && !matches!(item, Item::Nothing) {
                        let problem = "something follows the end".to_owned();
                        return Err(Finding::Malformed { line, problem }.into());
                    }
                    ended = ended || !take(line, item)?;
                }
            }
        })
    }
}

fn too_long() -> String {
    format!("it is longer than {LONGEST} bytes")
}

fn look(log: &str, to_do: &Receiver<Batch>, done: &SyncSender<Vec<Item>>) {
    while let Ok(batch) = to_do.recv() {
        let items = match batch {
            Batch::Lines(bytes) => {
                let mut first = 0;
                let ends = memchr_iter(b'\n', &bytes).map(|at| at + 1);
                let ends = ends.chain((bytes.last() != Some(&b'\n')).then_some(bytes.len()));
                let lines = ends.map(|end| &bytes[std::mem::replace(&mut first, end)..end]);
                lines.map(|line| lines::read(line, log)).collect()
            }
            Batch::Endless => vec![Item::Malformed(too_long())],
        };
        if done.send(items).is_err() {
            return;
        }
    }
}
