//! Log lines: one event each, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

use crate::{
    log_lines::{Flusher, Lines},
    settings::Settings,
};

/// The log cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLogging {
    /// The level cannot be read.
    #[error("ROLLCALL__LOG__LEVEL must be a level like info, or finer like info,sqlx=warn")]
    Level,
    /// The format is unknown.
    #[error("ROLLCALL__LOG__FORMAT must be text or json")]
    Format,
}

/// Starts to log, for the whole process, until what it gives back is dropped.
///
/// # Errors
/// [`InvalidLogging`].
pub fn start_logging(settings: &Settings) -> Result<Flusher, InvalidLogging> {
    let (filter, format) = filter(settings)?;
    let (lines, flusher) = Lines::to(std::io::stderr());
    let layer = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(lines);
    match format {
        Format::Text => registry().with(filter).with(layer).init(),
        Format::Json => registry().with(filter).with(layer.json().flatten_event(true)).init(),
    }
    Ok(flusher)
}

pub(crate) enum Format {
    Text,
    Json,
}

/// What is logged, and how it looks.
pub(crate) fn filter(settings: &Settings) -> Result<(Targets, Format), InvalidLogging> {
    let filter = targets(&settings.values.log.level).ok_or(InvalidLogging::Level)?;
    match settings.values.log.format.as_str() {
        "text" => Ok((filter, Format::Text)),
        "json" => Ok((filter, Format::Json)),
        _ => Err(InvalidLogging::Format),
    }
}

/// Reads `info,sqlx=warn`. The library would take a word that is no level for the name of something to be heard all of.
fn targets(text: &str) -> Option<Targets> {
    text.split(',').try_fold(Targets::new(), |targets, directive| match directive.trim().split_once('=') {
        Some(("", _)) => None,
        Some((target, level)) => Some(targets.with_target(target, level.parse::<LevelFilter>().ok()?)),
        None => Some(targets.with_default(directive.trim().parse::<LevelFilter>().ok()?)),
    })
}
