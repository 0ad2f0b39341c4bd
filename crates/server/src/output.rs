//! What is said on standard output: the one place that says it, as `println!` panics where nobody reads to the end (`| head`).

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// What it ends with when nobody reads what it says any more: 128 and the number of SIGPIPE, as shells have it of programs that this ends.
const UNREAD: u8 = 141;

/// Something could not be said.
#[derive(Debug, thiserror::Error)]
#[error("standard output takes nothing: {0}")]
pub(crate) struct Unsaid(#[from] io::Error);

/// Says something as it is.
///
/// # Errors
/// [`Unsaid`].
pub(crate) fn write(words: fmt::Arguments<'_>) -> Result<(), Unsaid> {
    let mut output = io::stdout().lock();
    output.write_fmt(words)?;
    Ok(output.flush()?)
}

/// Says a line, given as to `println!`; gives back what is in the way of it.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($words)*)))
    };
}
pub(crate) use say;

/// The exit code of what went wrong, which is told; that nobody reads on is told to nobody.
pub(crate) fn failed(error: &(dyn Error + 'static)) -> ExitCode {
    match error.downcast_ref::<Unsaid>() {
        Some(Unsaid(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(UNREAD),
        Some(_) | None => {
            eprintln!("rollcall: {error}");
            ExitCode::FAILURE
        }
    }
}
