//! Which build this is. The same source, built with the same tools, says the same: no time of building is in it.

use std::sync::LazyLock;

use time::OffsetDateTime;

/// What is built. `Cargo.toml` says it.
pub(crate) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// From which commit, if whoever built it has said (`ROLLCALL_COMMIT`), or if a release was built in a checkout.
pub(crate) const COMMIT: Option<&str> = option_env!("ROLLCALL_COMMIT");

/// How: `release` is optimized.
pub(crate) const PROFILE: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

/// `0.1.0 (3f2a9c1d0b7e, 2026-01-31, release)`: without a commit, and without the day of the source (`SOURCE_DATE_EPOCH`), where they are
/// not known.
pub fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| text(COMMIT, option_env!("SOURCE_DATE_EPOCH")));
    &TEXT
}

/// The same as labels of a metric.
pub(crate) fn labels() -> Vec<(&'static str, String)> {
    let labels = [("version", RELEASE), ("commit", COMMIT.unwrap_or_default()), ("profile", PROFILE)];
    labels.map(|(name, value)| (name, value.to_owned())).to_vec()
}

fn text(commit: Option<&str>, source_date_epoch: Option<&str>) -> String {
    let commit = commit.filter(|commit| !commit.is_empty()).map(str::to_owned);
    let day = source_date_epoch.and_then(|seconds| seconds.parse().ok());
    let day = day.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let day = day.map(|moment| moment.date().to_string());
    let known: Vec<String> = [commit, day, Some(PROFILE.to_owned())].into_iter().flatten().collect();
    format!("{RELEASE} ({})", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(
            text(Some("3f2a9c1d0b7e"), Some("1769817600")),
            format!("{RELEASE} (3f2a9c1d0b7e, 2026-01-31, {PROFILE})")
        );
        for (commit, epoch) in [(None, None), (Some(""), Some("yesterday"))] {
            assert_eq!(text(commit, epoch), format!("{RELEASE} ({PROFILE})"));
        }
    }
}
