//! Where recordings are kept, as the configuration names it.

use std::{fmt, path::PathBuf};

use rollcall_domain::secret::Secret;
use url::Url;

/// Where recordings are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A directory. Several nodes share it, if there are several.
    Directory(PathBuf),
    /// A bucket of a store that speaks S3.
    Bucket {
        /// Its name.
        bucket: String,
        /// What comes before the names of all objects.
        prefix: String,
    },
}

/// How a store that speaks S3 is reached.
#[derive(Clone)]
pub struct S3Access {
    /// `https://host`, or none for Amazon's own.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The key's id, and its secret; none to take them from the machine that this runs on.
    pub key: Option<(String, Secret)>,
}

impl fmt::Debug for S3Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Access")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// Recordings cannot be kept there.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlace {
    /// The text names no place.
    #[error("must be a directory, file:///a/directory or s3://bucket/prefix")]
    Unknown,
    /// The directory cannot be made or used.
    #[error("the directory for recordings cannot be used: {0}")]
    Directory(#[source] std::io::Error),
    /// What is said about the store makes no sense.
    #[error("the store for recordings cannot be used: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl std::str::FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        if text.is_empty() {
            return Err(InvalidPlace::Unknown);
        }
        if !text.contains("://") {
            return Ok(Self::Directory(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|_| InvalidPlace::Unknown)?;
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
            || url.port().is_some()
            || url.path().contains('@')
        {
            return Err(InvalidPlace::Unknown);
        }
        match (url.scheme(), url.host_str()) {
            ("file", _) => url.to_file_path().map(Self::Directory).map_err(|()| InvalidPlace::Unknown),
            ("s3", Some(bucket)) => {
                let prefix = url.path().trim_matches('/').to_owned();
                Ok(Self::Bucket { bucket: bucket.to_owned(), prefix })
            }
            _ => Err(InvalidPlace::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_directories_or_buckets_and_nothing_else() {
        let bucket =
            |bucket: &str, prefix: &str| Place::Bucket { bucket: bucket.into(), prefix: prefix.into() };
        for (text, place) in [
            ("recordings", Place::Directory("recordings".into())),
            ("/var/lib/rollcall", Place::Directory("/var/lib/rollcall".into())),
            ("file:///var/lib/rollcall", Place::Directory("/var/lib/rollcall".into())),
            ("s3://calls", bucket("calls", "")),
            ("s3://calls/eu/recordings/", bucket("calls", "eu/recordings")),
        ] {
            assert_eq!(text.parse::<Place>().expect(text), place);
        }
        for text in [
            "",
            "s3://",
            "http://host/x",
            "s3://key:secret@calls",
            "s3://key:12/34@calls",
            "s3://calls?x=1",
            "file://host/x",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
