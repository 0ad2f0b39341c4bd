//! Writes log lines together: one system call for every line would be the dearest part of answering a quick request.

use std::{
    io::{self, Write},
    mem,
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
pub(crate) struct Lines(Arc<LineBuffers>);

/// Two buffers, so that whoever logs does not wait for what is being written, unless much is waiting.
struct LineBuffers {
    waiting: Mutex<Vec<u8>>,
    output: Mutex<Output>,
}

struct Output {
    /// What is being written, or was last.
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
pub(crate) struct Line<'a> {
    lines: &'a Lines,
    waits: bool,
}

impl Lines {
    /// Begins to write to somewhere.
    pub(crate) fn to(to: impl Write + Send + 'static) -> (Self, Flusher) {
        let output = Output { lines: Vec::new(), to: Box::new(to) };
        let lines = Self(Arc::new(LineBuffers { waiting: Mutex::default(), output: Mutex::new(output) }));
        let (stop, stopped) = channel::<()>();
        let waiting = lines.clone();
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(WAIT) {
                waiting.flush();
            }
        });
        // Without the thread, lines wait until there are many.
        (lines.clone(), Flusher { lines, stop: Some(stop), thread: thread.ok() })
    }

    fn flush(&self) {
        // Locked before the lines are taken, so that they are written in the order in which they were taken.
        let mut output = locked(&self.0.output);
        let Output { lines, to } = &mut *output;
        lines.clear();
        mem::swap(lines, &mut *locked(&self.0.waiting));
        // Nobody can be told that the log cannot be written.
        let _ = to.write_all(lines).and_then(|()| to.flush());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in between has at worst left part of a line.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Flusher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.lines.flush();
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, waits: false }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Line<'a> {
        Line { lines: self, waits: *event.level() > Level::WARN }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut waiting = locked(&self.lines.0.waiting);
        waiting.extend_from_slice(bytes);
        let is_full = waiting.len() >= FULL;
        drop(waiting);
        if !self.waits || is_full {
            self.lines.flush();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::Receiver, time::Instant};

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

    /// Says when a write to it begins, and goes on once it is told to.
    struct Slow {
        begun: Sender<()>,
        go_on: Receiver<()>,
        kept: Kept,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.begun.send(());
            let _ = self.go_on.recv();
            self.kept.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(lines: &Lines, text: &str, waits: bool) {
        Line { lines, waits }.write_all(text.as_bytes()).expect("written");
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
    fn whoever_logs_does_not_wait_for_what_is_being_written_and_lines_keep_their_order() {
        let kept = Kept::default();
        let ((begun, is_begun), (end, go_on)) = (channel(), channel());
        let (lines, flusher) = Lines::to(Slow { begun, go_on, kept: kept.clone() });
        thread::scope(|scope| {
            scope.spawn(|| line(&lines, "one\n", false));
            is_begun.recv().expect("it is being written");
            line(&lines, "two\n", true);
            assert_eq!(kept.text(), "");
            // From here on nothing takes long.
            drop(end);
        });
        drop(flusher);
        assert_eq!(kept.text(), "one\ntwo\n");
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
