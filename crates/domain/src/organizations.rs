//! Organizations: the tenants, each invisible to every other.

use std::{fmt, str::FromStr};

use time::{Duration, OffsetDateTime};
use unicode_normalization::UnicodeNormalization;

use crate::{OrganizationId, Text, id::ALPHABET};

/// An organization's name: 1 to 100 characters. Others may have the same.
pub type OrganizationName = Text<100>;

/// An organization.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Names the organization for ever.
    pub id: OrganizationId,
    /// What people call it.
    pub name: OrganizationName,
    /// The name's form for URLs; unique on the platform.
    pub slug: Slug,
    /// What the organization pays for.
    pub plan: Plan,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Whether the platform's operator has suspended it: everything stays, and nobody gets in.
    pub suspended: bool,
    /// Counts the changes of the organization, for `If-Match`.
    pub version: i32,
}

/// How long a deletion can be undone. Afterwards everything of the organization is removed.
pub const RETENTION: Duration = Duration::days(30);

/// A deletion that has been decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrganizationDeletion {
    at: OffsetDateTime,
    purge_at: OffsetDateTime,
}

/// The name that was given is not the organization's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the organization's name, as it is now")]
pub struct NotConfirmed;

impl OrganizationDeletion {
    /// Decides that an organization is deleted, if whoever asks knows which one it is that they are at work in: `confirmed` is its name.
    ///
    /// # Errors
    /// [`NotConfirmed`].
    pub fn decide(
        organization: &Organization,
        confirmed: &str,
        now: OffsetDateTime,
    ) -> Result<Self, NotConfirmed> {
        match confirmed.parse::<OrganizationName>() {
            Ok(name) if name == organization.name => Ok(Self { at: now, purge_at: now + RETENTION }),
            Ok(_) | Err(_) => Err(NotConfirmed),
        }
    }

    /// When the organization is deleted.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// When everything of it is removed, unless the deletion is undone before.
    pub fn purge_at(&self) -> OffsetDateTime {
        self.purge_at
    }
}

/// An organization that is deleted. Everything of it is still there, and nobody gets in.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The organization, as it was.
    pub organization: Organization,
    /// When everything of it is removed.
    pub purge_at: OffsetDateTime,
    /// Whether something of it has been removed already.
    pub purge_begun: bool,
}

/// The deletion cannot be undone any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreTooLate;

/// Decides that a deletion is undone.
///
/// # Errors
/// When its time is over. What has begun to be removed is not whole any more, whatever another node's clock says.
pub fn restore(deleted: &Deleted, now: OffsetDateTime) -> Result<(), RestoreTooLate> {
    if deleted.purge_begun || deleted.purge_at <= now { Err(RestoreTooLate) } else { Ok(()) }
}

/// What an organization pays for, the smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Everything a small team needs.
    Free,
    /// For teams that serve customers.
    Pro,
    /// For regulated sectors.
    Enterprise,
}

/// The text names no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of free, pro, enterprise")]
pub struct UnknownPlan;

impl Plan {
    /// Every plan, the smallest first.
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text).ok_or(UnknownPlan)
    }
}

/// An organization's name in URLs: lower-case ASCII letters, digits and single hyphens.
///
/// It ends in six random characters. A bare `acme` would have to be refused, or numbered, once another
/// organization has it, and that would tell strangers which organizations exist (attack 37).
///
/// ```
/// use rollcall_domain::organizations::Slug;
/// let slug = Slug::of(&"Müller & Söhne".parse()?, &[7; 6]);
/// assert_eq!(slug.as_str(), "muller-sohne-777777");
/// # Ok::<(), rollcall_domain::InvalidText>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

/// The text is not a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be lower-case letters, digits and single hyphens")]
pub struct InvalidSlug;

impl Slug {
    /// The most characters taken from the name.
    const MAX_FROM_NAME: usize = 40;

    /// The slug for `name`, told apart from others of the same name by `random`, of which each byte gives five bits. It has at most
    /// 40 characters of the name and 47 altogether; a name of which nothing is left in ASCII becomes `organization`.
    pub fn of(name: &OrganizationName, random: &[u8; 6]) -> Self {
        let mut slug = String::new();
        // Decomposing parts accents from their letters; what is not ASCII then falls away.
        for character in name.as_str().nfkd().filter(|character| !is_mark(*character)) {
            if slug.len() == Self::MAX_FROM_NAME {
                break;
            }
            if character.is_ascii_alphanumeric() {
                slug.push(character.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let name = slug.trim_end_matches('-');
        let name = if name.is_empty() { "organization" } else { name };
        let random: String = random.iter().map(|byte| ALPHABET[usize::from(byte % 32)] as char).collect();
        Self(format!("{name}-{random}"))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.split('-').all(word) { Ok(Self(text.to_owned())) } else { Err(InvalidSlug) }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_made_of_any_name() {
        for (name, expected) in [
            ("Acme", "acme-000000"),
            ("  Acme -- Voice,  Inc. ", "acme-voice-inc-000000"),
            ("Ｆｕｌｌ", "full-000000"),
            ("日本", "organization-000000"),
            ("---", "organization-000000"),
            (&"a ".repeat(50), "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-000000"),
        ] {
            let slug = Slug::of(&name.parse().expect("a name"), &[0; 6]);
            assert_eq!(slug.as_str(), expected);
            assert_eq!(slug.as_str().parse(), Ok(slug.clone()));
        }
    }

    fn organization(name: &str) -> Organization {
        let name: OrganizationName = name.parse().expect("a name");
        Organization {
            id: OrganizationId::from_parts(0, &[0; 10]),
            slug: Slug::of(&name, &[0; 6]),
            name,
            plan: Plan::Free,
            created_at: OffsetDateTime::UNIX_EPOCH,
            suspended: false,
            version: 1,
        }
    }

    #[test]
    fn only_its_own_name_deletes_an_organization() {
        let (acme, now) = (organization("Caf\u{e9} Acme"), OffsetDateTime::UNIX_EPOCH);
        for confirmed in ["Caf\u{e9} Acme", "Cafe\u{301} Acme", " Caf\u{e9} Acme "] {
            let deletion = OrganizationDeletion::decide(&acme, confirmed, now).expect("a deletion");
            assert_eq!((deletion.at(), deletion.purge_at()), (now, now + Duration::days(30)));
        }
        for other in
            ["", "Cafe Acme", "CAF\u{c9} ACME", "Caf\u{e9}", "Caf\u{e9} Acme\u{200b}", acme.slug.as_str()]
        {
            assert_eq!(OrganizationDeletion::decide(&acme, other, now), Err(NotConfirmed), "{other}");
        }
    }

    #[test]
    fn a_deletion_is_undone_until_its_time_is_over_or_its_purge_has_begun() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let deleted = |purge_begun| Deleted {
            organization: organization("Acme"),
            purge_at: now + RETENTION,
            purge_begun,
        };
        assert_eq!(restore(&deleted(false), now + RETENTION - Duration::MICROSECOND), Ok(()));
        assert_eq!(restore(&deleted(false), now + RETENTION), Err(RestoreTooLate));
        assert_eq!(restore(&deleted(true), now), Err(RestoreTooLate));
    }
}
