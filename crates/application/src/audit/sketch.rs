//! Sketching what searches would otherwise have to read.

use super::{SketchAttempt, Sketches, Stretch};
use crate::{Error, ErrorChain};

/// Sketches the first stretch behind `after` that has no sketch yet, and gives it back; none if all have one. Where it does not work, that
/// is told in the log, and the next call goes on behind it.
///
/// # Errors
/// When the database does not answer.
pub async fn sketch_next(sketches: &dyn Sketches, after: Option<Stretch>) -> Result<Option<Stretch>, Error> {
    let Some(SketchAttempt { stretch, sketched }) = sketches.sketch_next(after).await? else {
        return Ok(None);
    };
    if let Err(error) = sketched {
        tracing::warn!(
            error = %ErrorChain(&error),
            organization = %stretch.log,
            stretch = stretch.number,
            "a stretch of an audit log was not sketched"
        );
    }
    Ok(Some(stretch))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::{
        ports::StoreError,
        testing::{LogHeard, organization},
    };

    /// Three stretches, of which the first cannot be sketched.
    struct Three(Mutex<Vec<u64>>);

    #[async_trait]
    impl Sketches for Three {
        async fn sketch_next(&self, after: Option<Stretch>) -> Result<Option<SketchAttempt>, StoreError> {
            let number = after.map_or(0, |after| after.number + 1);
            if number == 3 {
                return Ok(None);
            }
            let stretch = Stretch { log: organization().id, number };
            if number == 0 {
                let sketched = Err(StoreError::Internal("a row that does not fit".into()));
                return Ok(Some(SketchAttempt { stretch, sketched }));
            }
            self.0.lock().expect("no panic").push(number);
            Ok(Some(SketchAttempt { stretch, sketched: Ok(()) }))
        }
    }

    #[tokio::test]
    async fn a_stretch_that_cannot_be_sketched_keeps_none_behind_it_from_that() {
        let (heard, _hearing) = LogHeard::here();
        let (three, mut last) = (Three(Mutex::default()), None);
        loop {
            last = sketch_next(&three, last).await.expect("an answer");
            if last.is_none() {
                break;
            }
        }
        assert_eq!(*three.0.lock().expect("no panic"), [1, 2]);
        let lines = heard.lines();
        let whose = organization().id.to_string();
        assert!(
            matches!(&lines[..], [line] if line.contains("does not fit") && line.contains(&whose)),
            "{lines:?}"
        );
    }
}
