//! Lines that wait in a file, so that they outlive this process.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The most that waits, in bytes: some 200,000 events.
const MOST: u64 = 64 * 1024 * 1024;
/// How much that is over may stand before what is not.
const COMPACT_AT: u64 = 1024 * 1024;

/// Lines that wait in a file.
pub(crate) struct Spool {
    path: PathBuf,
    file: File,
    /// Where the first line begins that waits.
    begin: u64,
    /// Where the last whole line ends.
    end: u64,
    /// Whether part of a line that was not written whole may stand behind `end`.
    is_torn: bool,
}

/// Lines that are taken together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) lines: Vec<String>,
    /// Where the first line begins that is not among them.
    end: u64,
}

impl Spool {
    /// Opens the file, with what an earlier process has left in it. Half a line, which it did not come to finish, was never
    /// acknowledged to anybody.
    ///
    /// # Errors
    /// When the file cannot be read and written.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = for_us_alone().read(true).open(path)?;
        let mut left = Vec::new();
        file.read_to_end(&mut left)?;
        let whole = left.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let end = whole as u64;
        file.set_len(end)?;
        Ok(Self { path: path.to_owned(), file, begin: 0, end, is_torn: false })
    }

    /// Adds a line; gives back whether there was room for it.
    ///
    /// # Errors
    /// When it cannot be written; it is not there then.
    pub(crate) fn add(&mut self, line: &str) -> io::Result<bool> {
        let length = line.len() as u64 + 1;
        if self.end - self.begin + length > MOST {
            return Ok(false);
        }
        self.mend()?;
        if let Err(error) = self.file.write_all(format!("{line}\n").as_bytes()) {
            self.is_torn = true;
            // If this fails it is tried again before the next line. The caller is told why the line was not written.
            let _ = self.mend();
            return Err(error);
        }
        self.end += length;
        Ok(true)
    }

    /// Cuts off a torn line: the next one would stand behind it rather than at `end`.
    fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.end)?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// The lines that have waited longest: at most so many, and at most so many bytes, except that one line alone may be longer.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn first(&mut self, at_most: usize, bytes: usize) -> io::Result<Batch> {
        let mut batch = Batch { lines: Vec::new(), end: self.begin };
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.begin))?;
        let mut size = 0;
        for line in BufReader::new(file.take(self.end - self.begin)).lines().take(at_most) {
            let line = line?;
            size += line.len();
            if size > bytes && !batch.lines.is_empty() {
                break;
            }
            batch.end += line.len() as u64 + 1;
            batch.lines.push(line);
        }
        Ok(batch)
    }

    /// Notes that a batch does not wait any more. The file is at most twice as long as what waits in it, or [`COMPACT_AT`] longer.
    ///
    /// # Errors
    /// When the file cannot be made shorter. What is over may then be taken again by a later process.
    pub(crate) fn done(&mut self, batch: &Batch) -> io::Result<()> {
        self.begin = batch.end;
        if self.begin == self.end {
            self.file.set_len(0)?;
            (self.begin, self.end, self.is_torn) = (0, 0, false);
        } else if self.begin >= COMPACT_AT.max(self.end - self.begin) {
            // Only where more is over than waits, so that no line is copied more often than once for each that goes.
            self.compact()?;
        }
        Ok(())
    }

    /// Leaves what is over behind.
    fn compact(&mut self) -> io::Result<()> {
        let beside = self.beside(".new");
        let mut rest = File::open(&self.path)?;
        rest.seek(SeekFrom::Start(self.begin))?;
        let mut shorter = for_us_alone().open(&beside)?;
        shorter.set_len(0)?;
        io::copy(&mut rest.take(self.end - self.begin), &mut shorter)?;
        fs::rename(&beside, &self.path)?;
        // From here on nothing may fail: lines written to the old file would be lost.
        self.file = shorter;
        (self.begin, self.end, self.is_torn) = (0, self.end - self.begin, false);
        Ok(())
    }

    /// Puts a line aside that nobody takes, for somebody to look at.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put_aside(&self, line: &str) -> io::Result<()> {
        let mut aside = for_us_alone().open(self.beside(".rejected"))?;
        writeln!(aside, "{line}")
    }

    /// A file beside this one: by the whole name, as another spool may differ in the extension only.
    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }
}

/// A file to append to that nobody else on the machine reads: events tell who has done what.
fn for_us_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add_all(spool: &mut Spool, lines: std::ops::Range<usize>) {
        for number in lines {
            assert!(spool.add(&format!("line {number}")).expect("written"));
        }
    }

    #[test]
    fn lines_wait_in_order_and_outlive_the_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        let mut spool = Spool::open(&path).expect("a spool");
        add_all(&mut spool, 0..5);
        let batch = spool.first(2, 1_000).expect("lines");
        assert_eq!(batch.lines, ["line 0", "line 1"]);
        spool.done(&batch).expect("done");
        assert_eq!(spool.first(10, 13).expect("lines").lines, ["line 2", "line 3"]);
        assert_eq!(spool.first(10, 1).expect("lines").lines, ["line 2"]);
        // What was done before is taken again by another process, unless all of it was: it has ids.
        drop(spool);
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"half"))
            .expect("half a line");
        let mut spool = Spool::open(&path).expect("a spool");
        add_all(&mut spool, 5..6);
        let batch = spool.first(10, 1_000).expect("lines");
        assert_eq!((batch.lines.len(), batch.lines[5].as_str()), (6, "line 5"));
        spool.done(&batch).expect("done");
        assert_eq!(fs::metadata(&path).expect("a file").len(), 0);
        assert!(Spool::open(&path).expect("a spool").first(10, 1_000).expect("none").lines.is_empty());
    }

    #[test]
    fn nothing_is_added_behind_a_torn_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        let mut spool = Spool::open(&path).expect("a spool");
        add_all(&mut spool, 0..1);
        // The file can be neither written nor cut, as if the disk were full and then gone. Half a line has got there.
        let whole = std::mem::replace(&mut spool.file, File::open(&path).expect("a file"));
        spool.add("line 1").expect_err("not written");
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"li"))
            .expect("half a line");
        spool.add("line 1").expect_err("not cut");
        assert_eq!(spool.first(10, 1_000).expect("lines").lines, ["line 0"]);
        spool.file = whole;
        add_all(&mut spool, 1..3);
        let batch = spool.first(10, 1_000).expect("lines");
        assert_eq!(batch.lines, ["line 0", "line 1", "line 2"]);
        assert_eq!(fs::read_to_string(&path).expect("a file"), "line 0\nline 1\nline 2\n");
        spool.done(&batch).expect("done");
        assert_eq!(fs::metadata(&path).expect("a file").len(), 0);
    }

    #[test]
    fn files_that_differ_in_their_extension_keep_what_is_put_aside_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["events.a", "events.b"] {
            let spool = Spool::open(&folder.path().join(name)).expect("a spool");
            spool.put_aside(name).expect("written");
            let aside = folder.path().join(format!("{name}.rejected"));
            assert_eq!(fs::read_to_string(aside).expect("a file"), format!("{name}\n"));
        }
    }

    #[test]
    fn what_is_over_does_not_fill_the_file_for_ever() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        let mut spool = Spool::open(&path).expect("a spool");
        let line = "x".repeat(1_023);
        for _ in 0..3_000 {
            assert!(spool.add(&line).expect("written"));
        }
        for left in (0..30_u64).rev() {
            let batch = spool.first(100, usize::MAX).expect("lines");
            assert_eq!(batch.lines.len(), 100);
            spool.done(&batch).expect("done");
            let waits = left * 100 * 1_024;
            assert!(fs::metadata(&path).expect("a file").len() <= waits + COMPACT_AT.max(waits));
        }
        assert!(spool.first(1, 1).expect("none").lines.is_empty());
    }
}
