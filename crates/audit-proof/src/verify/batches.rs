//! Lines, read on one thread and looked at on others, in their order.

use std::{
    io::{self, Read},
    num::NonZero,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

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
    /// How many lines were given out.
    lines: u64,
}

/// Lines that follow each other.
struct Batch {
    /// The number of the first one, from 1.
    first: u64,
    bytes: Vec<u8>,
}

impl<R: Read> Batches<R> {
    pub(super) fn new(export: R) -> Self {
        Self { export, rest: Vec::new(), lines: 0 }
    }

    /// The first line; none of an empty file.
    pub(super) fn first_line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(batch) = self.next()? else { return Ok(None) };
        let end = batch.bytes.iter().position(|byte| *byte == b'\n').map_or(batch.bytes.len(), |at| at + 1);
        let mut rest = batch.bytes[end..].to_vec();
        rest.append(&mut self.rest);
        self.rest = rest;
        self.lines = 1;
        Ok(Some(batch.bytes[..end].to_vec()))
    }

    /// The next lines; none after the last. What stands behind the last end of a line counts as one.
    fn next(&mut self) -> Result<Option<Batch>, Failure> {
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let before = bytes.len();
            bytes.resize(before + BATCH, 0);
            let read = read(&mut self.export, &mut bytes[before..])?;
            bytes.truncate(before + read);
            if read == 0 {
                break;
            }
            if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
                self.rest = bytes.split_off(end + 1);
                break;
            }
            if bytes.len() > LONGEST {
                let problem = format!("it is longer than {LONGEST} bytes");
                return Err(Finding::Malformed { line: self.lines + 1, problem }.into());
            }
        }
        let first = self.lines + 1;
        self.lines += bytes.split_inclusive(|byte| *byte == b'\n').count() as u64;
        Ok((!bytes.is_empty()).then_some(Batch { first, bytes }))
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
                let Ok(batch) = workers[taken % threads].1.recv() else {
                    return Err(io::Error::other("a thread has gone").into());
                };
                taken += 1;
                for (line, item) in batch {
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

/// As much as there is room for, unless it ends before.
fn read(export: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < room.len() {
        match export.read(&mut room[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn look(log: &str, to_do: &Receiver<Batch>, done: &SyncSender<Vec<(u64, Item)>>) {
    while let Ok(Batch { first, bytes }) = to_do.recv() {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').zip(first..);
        let items = lines.map(|(line, number)| (number, lines::read(line, log))).collect();
        if done.send(items).is_err() {
            return;
        }
    }
}
