//! Log lines: one event each, on standard error.

use std::io::IsTerminal;

use rollcall_application::trace;
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    log_lines::{Flusher, Lines},
    settings::Settings,
    telemetry::Traces,
};

/// The log cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLogging {
    /// The level cannot be read.
    #[error("ROLLCALL__LOG__LEVEL must be a level like info, or finer like info,sqlx=warn")]
    Level,
    /// It asks for what must not be written down.
    #[error("ROLLCALL__LOG__LEVEL must not name webauthn: it writes down what devices answer")]
    Assertions,
    /// The format is unknown.
    #[error("ROLLCALL__LOG__FORMAT must be text or json")]
    Format,
}

/// Starts to log, for the whole process, until what it gives back is dropped; and to trace, where somebody takes traces.
///
/// # Errors
/// [`InvalidLogging`].
pub fn start_logging(settings: &Settings, traces: Option<&Traces>) -> Result<Flusher, InvalidLogging> {
    let (filter, format) = filter(settings)?;
    let (lines, flusher) = Lines::to(std::io::stderr());
    match traces {
        // One filter for all that is told: nobody makes what nobody hears.
        None => registry().with(filter).with(written(lines, format)).init(),
        Some(traces) => {
            registry().with(written(lines, format).with_filter(filter)).with(traces.layer()).init();
        }
    }
    Ok(flusher)
}

/// What makes lines of what the process tells.
fn written<S>(lines: Lines, format: Format) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(lines);
    match format {
        Format::Text => layer.boxed(),
        // The request's is the only span, so a list of spans would repeat it.
        Format::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

pub(crate) enum Format {
    Text,
    Json,
}

/// What is logged, and how it looks.
pub(crate) fn filter(settings: &Settings) -> Result<(Targets, Format), InvalidLogging> {
    let filter = targets(&settings.values.log.level)?;
    match settings.values.log.format.as_str() {
        "text" => Ok((filter, Format::Text)),
        "json" => Ok((filter, Format::Json)),
        _ => Err(InvalidLogging::Format),
    }
}

/// The crates that check what passkeys answer. They write some of it down, and call it an error whenever a client sends them
/// nonsense; what has come of an answer is in the audit log.
const WEBAUTHN: &str = "webauthn";

/// Reads `info,sqlx=warn`. The library would take a word that is no level for the name of something to be heard all of.
fn targets(text: &str) -> Result<Targets, InvalidLogging> {
    let level = |text: &str| text.parse::<LevelFilter>().map_err(|_| InvalidLogging::Level);
    let none = Targets::new()
        .with_target(WEBAUTHN, LevelFilter::OFF)
        // What is for traces is not for the log.
        .with_target(trace::TARGET, LevelFilter::OFF);
    text.split(',').try_fold(none, |targets, directive| match directive.trim().split_once('=') {
        Some(("", _)) => Err(InvalidLogging::Level),
        Some((target, _)) if target.starts_with(WEBAUTHN) => Err(InvalidLogging::Assertions),
        Some((target, at)) => Ok(targets.with_target(target, level(at)?)),
        None => Ok(targets.with_default(level(directive.trim())?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_16_2_5_no_level_lets_what_passkeys_answer_into_the_log() {
        for level in ["info,sqlx=warn", "trace", "error"] {
            let targets = targets(level).expect("a level");
            assert!(targets.would_enable("rollcall_server", &tracing::Level::ERROR));
            for target in ["webauthn_rs_core::core", "webauthn_rs", "webauthn_attestation_ca"] {
                assert!(!targets.would_enable(target, &tracing::Level::ERROR), "{level}: {target}");
            }
        }
        for level in ["webauthn=trace", "info,webauthn_rs_core=error", "trace,webauthn_rs_core::core=debug"] {
            assert_eq!(targets(level).err(), Some(InvalidLogging::Assertions), "{level}");
        }
        for level in ["loud", "sqlx=loud", "=info"] {
            assert_eq!(targets(level).err(), Some(InvalidLogging::Level), "{level}");
        }
    }
}
