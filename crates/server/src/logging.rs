//! Log lines: one event each, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::Settings;

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

/// Starts to log, for the whole process.
///
/// # Errors
/// [`InvalidLogging`].
pub fn start_logging(settings: &Settings) -> Result<(), InvalidLogging> {
    let (filter, format) = filter(settings)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        Format::Text => lines.init(),
        Format::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

pub(crate) enum Format {
    Text,
    Json,
}

/// What is logged, and how it looks.
pub(crate) fn filter(settings: &Settings) -> Result<(EnvFilter, Format), InvalidLogging> {
    let filter = EnvFilter::try_new(&settings.values.log.level).map_err(|_| InvalidLogging::Level)?;
    match settings.values.log.format.as_str() {
        "text" => Ok((filter, Format::Text)),
        "json" => Ok((filter, Format::Json)),
        _ => Err(InvalidLogging::Format),
    }
}
