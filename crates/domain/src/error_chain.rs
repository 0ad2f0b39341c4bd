//! An error together with what it comes from, as the log tells it.

use std::{error::Error, fmt};

/// Shows an error with all that it comes from: `unavailable: pool timed out while waiting for an open connection`. By itself one that
/// holds another says the same of whatever has happened, and a log that has no more of it helps nobody who is woken.
///
/// Texts of errors get into the log by this, so none may repeat what somebody has typed, or a secret. Adapters see to that where they take
/// in the errors of others; those of JSON are seen to here.
///
/// ```
/// use rollcall_domain::ErrorChain;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("unavailable")]
/// struct Unavailable(#[source] std::num::ParseIntError);
///
/// let error = Unavailable("seven".parse::<u32>().unwrap_err());
/// assert_eq!(ErrorChain(&error).to_string(), "unavailable: invalid digit found in string");
/// ```
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = text(self.0);
        f.write_str(&told)?;
        for cause in std::iter::successors(self.0.source(), |cause| (**cause).source()) {
            let cause = text(cause);
            // Many say themselves what they come from.
            if !told.contains(&cause) {
                write!(f, ": {cause}")?;
                told = cause;
            }
        }
        Ok(())
    }
}

/// What an error says by itself.
fn text(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<serde_json::Error>() {
        // In its own words it repeats the value that it has not expected.
        Some(error) if error.is_data() => {
            format!("JSON of another kind than expected, at line {} column {}", error.line(), error.column())
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no answer from {0}")]
    struct NoAnswer(&'static str, #[source] std::io::Error);

    /// Says what it comes from itself.
    #[derive(Debug, thiserror::Error)]
    #[error("it does not go on: {0}")]
    struct Stuck(#[source] NoAnswer);

    /// Says nothing of what it comes from.
    #[derive(Debug, thiserror::Error)]
    #[error("unavailable")]
    struct Unavailable(#[source] Box<dyn Error + Send + Sync>);

    fn refused() -> NoAnswer {
        NoAnswer("the database", std::io::Error::other("connection refused"))
    }

    #[test]
    fn an_error_is_told_with_all_that_it_comes_from_and_nothing_twice() {
        let chain = |error: &(dyn Error + 'static)| ErrorChain(error).to_string();
        assert_eq!(chain(&refused()), "no answer from the database: connection refused");
        let stuck = Unavailable(Box::new(Stuck(refused())));
        let told = "unavailable: it does not go on: no answer from the database: connection refused";
        assert_eq!(chain(&stuck), told);
    }

    #[test]
    fn asvs_16_2_5_what_is_no_json_of_its_kind_is_not_repeated() {
        let typed = "grace@navy.example";
        let other_kind = serde_json::from_str::<u8>(&format!("\"{typed}\"")).expect_err("no number");
        assert!(other_kind.to_string().contains(typed));
        let told = ErrorChain(&Unavailable(Box::new(other_kind))).to_string();
        assert_eq!(told, "unavailable: JSON of another kind than expected, at line 1 column 20");
        let no_json = serde_json::from_str::<u8>(typed).expect_err("no JSON");
        assert!(!ErrorChain(&no_json).to_string().contains(typed));
    }
}
