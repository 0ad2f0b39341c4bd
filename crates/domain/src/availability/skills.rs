//! What agents can do, and what calls need.

use crate::{InvalidText, Text};

/// Skills, each once, in a fixed order: at most 50, each a line of 1 to 64 characters that is compared as it is written.
///
/// ```
/// use rollcall_domain::availability::Skills;
///
/// let held = Skills::new(["billing", "spanish", "billing"])?;
/// assert!(held.cover(&Skills::new(["spanish"])?) && !held.cover(&Skills::new(["dutch"])?));
/// assert!(held.cover(&Skills::default()));
/// # Ok::<(), rollcall_domain::availability::InvalidSkills>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skills(Vec<String>);

/// These are no skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSkills {
    /// There are too many.
    #[error("must be at most {} skills", Skills::MOST)]
    TooMany,
    /// One is none.
    #[error("{wrong}")]
    One {
        /// Its place, from 0.
        at: usize,
        /// What is wrong with it.
        wrong: InvalidText,
    },
}

impl Skills {
    /// The most skills that an agent can have, or a call can need.
    pub const MOST: usize = 50;

    /// The skills with these names.
    ///
    /// # Errors
    /// [`InvalidSkills`].
    pub fn new<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Result<Self, InvalidSkills> {
        let mut skills = Vec::new();
        for (at, name) in names.into_iter().enumerate() {
            let name: Text<64> = name.as_ref().parse().map_err(|wrong| InvalidSkills::One { at, wrong })?;
            skills.push(name.as_str().to_owned());
            if skills.len() > 2 * Self::MOST {
                return Err(InvalidSkills::TooMany);
            }
        }
        skills.sort_unstable();
        skills.dedup();
        if skills.len() > Self::MOST { Err(InvalidSkills::TooMany) } else { Ok(Self(skills)) }
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether whoever has these has all that is needed.
    pub fn cover(&self, needed: &Self) -> bool {
        needed.0.iter().all(|skill| self.0.binary_search(skill).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_at_most_fifty_skills_and_each_is_a_line() {
        let many = |count: usize| (0..count).map(|n| format!("skill {n}"));
        assert!(Skills::new(many(50)).is_ok());
        assert_eq!(Skills::new(many(51)), Err(InvalidSkills::TooMany));
        assert_eq!(Skills::new(many(500)), Err(InvalidSkills::TooMany));
        assert_eq!(Skills::new(["x", " "]), Err(InvalidSkills::One { at: 1, wrong: InvalidText::Empty }));
        assert!(Skills::new(["x".repeat(65)]).is_err() && Skills::new(["a\nb"]).is_err());
    }
}
