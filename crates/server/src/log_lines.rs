//! Writes log lines together: one system call for every line would be the dearest part of answering a quick request.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others.
const WAIT: Duration = Duration::from_millis(100);
/// So many bytes do not wait.
const FULL: usize = 32 * 1024;

/// Lines on their way to where they are written. Warnings and errors do not wait, and neither does what came before them.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Mutex<LineBuffer>>);

struct LineBuffer {
    lines: Vec<u8>,
    to: Box<dyn Write + Send>,
}

/// Writes the lines that wait, regularly, and the last of them when it is dropped.
pub struct Flusher {
    lines: Lines,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A line that is being written.
pub(crate) struct Line {
    lines: Lines,
    waits: bool,
}

impl Lines {
    /// Begins to write to somewhere.
    pub(crate) fn to(to: impl Write + Send + 'static) -> (Self, Flusher) {
        let lines = Self(Arc::new(Mutex::new(LineBuffer { lines: Vec::new(), to: Box::new(to) })));
        let (stop, stopped) = channel::<()>();
        let waiting = lines.clone();
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(WAIT) {
                waiting.locked().flush();
            }
        });
        // Without the thread, lines wait until there are many.
        (lines.clone(), Flusher { lines, stop: Some(stop), thread: thread.ok() })
    }

    fn locked(&self) -> MutexGuard<'_, LineBuffer> {
        // Whoever panicked in between has at worst left a line that is not whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineBuffer {
    fn flush(&mut self) {
        // Nobody can be told that the log cannot be written.
        let _ = self.to.write_all(&self.lines).and_then(|()| self.to.flush());
        self.lines.clear();
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.lines.locked().flush();
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { lines: self.clone(), waits: false }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Line {
        Line { lines: self.clone(), waits: *event.level() > Level::WARN }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut waiting = self.lines.locked();
        waiting.lines.extend_from_slice(bytes);
        if !self.waits || waiting.lines.len() >= FULL {
            waiting.flush();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.locked().flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Keeps what is written to it.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("not poisoned").clone()).expect("text")
        }
    }

    fn line(lines: &Lines, text: &str, waits: bool) {
        Line { lines: lines.clone(), waits }.write_all(text.as_bytes()).expect("written");
    }

    #[test]
    fn a_warning_takes_along_what_came_before_it() {
        let kept = Kept::default();
        let (lines, _flusher) = Lines::to(kept.clone());
        line(&lines, "one\n", true);
        line(&lines, "two\n", false);
        assert_eq!(kept.text(), "one\ntwo\n");
    }

    #[test]
    fn lines_are_written_when_there_are_many_and_at_the_end() {
        let kept = Kept::default();
        let (lines, flusher) = Lines::to(kept.clone());
        line(&lines, &"x".repeat(FULL), true);
        assert_eq!(kept.text().len(), FULL);
        line(&lines, "the last\n", true);
        drop(flusher);
        assert!(kept.text().ends_with("xthe last\n"));
    }

    #[test]
    fn a_line_that_nothing_follows_is_written_too() {
        let kept = Kept::default();
        let (lines, _flusher) = Lines::to(kept.clone());
        line(&lines, "alone\n", true);
        let since = Instant::now();
        while kept.text() != "alone\n" {
            assert!(since.elapsed() < Duration::from_secs(60), "{:?} is all that was written", kept.text());
            thread::yield_now();
        }
    }
}
