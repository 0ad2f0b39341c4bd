//! Standard output: everything goes through here, as `println!` panics where nobody reads to the end (`| head`).

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// The exit code when nobody reads the output any more: 128 and the number of SIGPIPE, as shells report it.
const UNREAD: u8 = 141;

/// Something could not be said.
#[derive(Debug, thiserror::Error)]
#[error("standard output takes nothing: {0}")]
pub(crate) struct Unsaid(#[from] io::Error);

/// Writes something as it is, with no line end added.
///
/// # Errors
/// [`Unsaid`].
pub(crate) fn write(words: fmt::Arguments<'_>) -> Result<(), Unsaid> {
    let mut output = io::stdout().lock();
    output.write_fmt(words)?;
    Ok(output.flush()?)
}

/// Writes a line, given as to `println!`, and returns an error where that would panic.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($words)*)))
    };
}
pub(crate) use say;

/// The exit code for an error, which is printed unless it is only that nobody reads on.
pub(crate) fn failed(error: &(dyn Error + 'static)) -> ExitCode {
    match error.downcast_ref::<Unsaid>() {
        Some(Unsaid(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(UNREAD),
        Some(_) | None => {
            eprintln!("rollcall: {error}");
            ExitCode::FAILURE
        }
    }
}
