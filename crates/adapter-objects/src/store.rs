//! Putting segments where they lie, and getting them back.

use std::{
    collections::HashSet, io::ErrorKind, ops::Range, path::PathBuf, str::FromStr, sync::Arc, time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path,
};
use rollcall_application::recordings::{Footprint, Objects, ObjectsError, SegmentName, SegmentPath};
use rollcall_domain::{OrganizationId, RecordingId, hexadecimal};
use time::OffsetDateTime;

use crate::{
    errors::{directory_unavailable, is_missing, none_if_missing, unavailable, unusable},
    files::{Contents, contents_at, directories},
    place::{InvalidPlace, Place, S3Access},
};

/// The longest that a request to the store may take; a segment is a megabyte.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a request that did not work is tried again.
const RETRIED_FOR: Duration = Duration::from_secs(20);

/// Segments of recordings, at one place.
#[derive(Debug, Clone)]
pub struct ObjectsAt {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The directory, if it is one.
    directory: Option<PathBuf>,
}

impl ObjectsAt {
    /// Makes a place ready to be used. A directory is made if there is none; a store is not asked before it is needed.
    ///
    /// # Errors
    /// [`InvalidPlace`].
    pub fn new(place: Place, access: S3Access) -> Result<Self, InvalidPlace> {
        match place {
            Place::Directory(directory) => Self::files(directory),
            Place::Bucket { bucket, prefix } => Self::bucket(&bucket, &prefix, access),
        }
    }

    fn files(directory: PathBuf) -> Result<Self, InvalidPlace> {
        make_private(&directory).map_err(InvalidPlace::Directory)?;
        let directory = directory.canonicalize().map_err(InvalidPlace::Directory)?;
        let files = LocalFileSystem::new_with_prefix(&directory).map_err(unusable)?;
        // What is kept lasts when it is said to be.
        let files = files.with_fsync(true);
        Ok(Self { store: Arc::new(files), prefix: Path::default(), directory: Some(directory) })
    }

    fn bucket(bucket: &str, prefix: &str, access: S3Access) -> Result<Self, InvalidPlace> {
        // Once in a process; whoever was first has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = access.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let options = ClientOptions::new().with_timeout(PATIENCE).with_allow_http(plain);
        let retry = RetryConfig { retry_timeout: RETRIED_FOR, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(access.region)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(endpoint) = access.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((id, secret)) = access.key {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose());
        }
        let store = builder.build().map_err(unusable)?;
        let prefix = Path::parse(prefix).map_err(|error| InvalidPlace::Store(Box::new(error)))?;
        Ok(Self { store: Arc::new(store), prefix, directory: None })
    }

    fn recording(&self, organization: OrganizationId, recording: RecordingId) -> Path {
        self.prefix.clone().join(organization.to_string()).join(recording.to_string())
    }

    fn segment(&self, segment: &SegmentPath) -> Path {
        self.recording(segment.organization, segment.recording).join(name(segment.name))
    }

    /// The ids right below a path.
    async fn named<T: FromStr>(&self, path: &Path) -> Result<Vec<T>, ObjectsError> {
        if let Some(directory) = &self.directory {
            return directories(&directory.join(path.to_string())).await.map_err(directory_unavailable);
        }
        match self.store.list_with_delimiter(Some(path)).await {
            Ok(found) => {
                let names = found.common_prefixes.iter().filter_map(Path::filename);
                Ok(names.filter_map(|name| name.parse().ok()).collect())
            }
            Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Deletes the objects of a recording but for those that are kept.
    async fn delete(&self, recording: &Path, kept: &HashSet<String>) -> Result<(), ObjectsError> {
        let found = self.store.list(Some(recording)).map_ok(|object| object.location);
        let found: Vec<Path> = found.try_collect().await.or_else(none_if_missing)?;
        // What lies deeper is none of ours: a listing follows symbolic links, wherever they lead.
        let is_segment =
            |location: &Path| location.prefix_match(recording).is_some_and(|below| below.count() == 1);
        let doomed: Vec<_> = found
            .into_iter()
            .filter(is_segment)
            .filter(|location| !location.filename().is_some_and(|name| kept.contains(name)))
            .map(Ok)
            .collect();
        let mut deleted = self.store.delete_stream(stream::iter(doomed).boxed());
        while let Some(deleted) = deleted.next().await {
            match deleted {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Objects for ObjectsAt {
    async fn put(&self, segment: &SegmentPath, bytes: Bytes) -> Result<(), ObjectsError> {
        let kept = self.store.put(&self.segment(segment), PutPayload::from_bytes(bytes)).await;
        kept.map(drop).map_err(unavailable)
    }

    async fn get(&self, segment: &SegmentPath, range: Range<u64>) -> Result<Bytes, ObjectsError> {
        match self.store.get_range(&self.segment(segment), range).await {
            Ok(bytes) => Ok(bytes),
            Err(error) if is_missing(&error) => Err(ObjectsError::Missing),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn prune(
        &self,
        organization: OrganizationId,
        recording: RecordingId,
        kept: &[SegmentName],
    ) -> Result<(), ObjectsError> {
        let kept = kept.iter().copied().map(name).collect();
        self.delete(&self.recording(organization, recording), &kept).await
    }

    async fn remove(&self, organization: OrganizationId, recording: RecordingId) -> Result<(), ObjectsError> {
        let Some(directory) = &self.directory else {
            return self.delete(&self.recording(organization, recording), &HashSet::new()).await;
        };
        // With all that lies there: a file that was being written when its node died goes by another name, which no listing shows. A
        // symbolic link among it goes, and not what it leads to.
        let organization = directory.join(organization.to_string());
        match tokio::fs::remove_dir_all(organization.join(recording.to_string())).await {
            Ok(()) => {}
            Err(error) => match error.kind() {
                ErrorKind::NotFound => {}
                ErrorKind::DirectoryNotEmpty => return Err(ObjectsError::StillWritten),
                _ => return Err(directory_unavailable(error)),
            },
        }
        // Only if it is empty.
        let _ = tokio::fs::remove_dir(organization).await;
        Ok(())
    }

    async fn organizations(&self) -> Result<Vec<OrganizationId>, ObjectsError> {
        self.named(&self.prefix).await
    }

    async fn recordings(&self, organization: OrganizationId) -> Result<Vec<RecordingId>, ObjectsError> {
        self.named(&self.prefix.clone().join(organization.to_string())).await
    }

    async fn footprint(
        &self,
        organization: OrganizationId,
        recording: RecordingId,
    ) -> Result<Footprint, ObjectsError> {
        let path = self.recording(organization, recording);
        let lies = match &self.directory {
            Some(directory) => contents_at(directory, &path).await.map_err(directory_unavailable)?,
            None => Contents::default(),
        };
        let mut footprint = Footprint { is_foreign: lies.is_foreign, ..Footprint::default() };
        if lies.is_foreign {
            return Ok(footprint);
        }
        let mut segments = self.store.list(Some(&path));
        while let Some(segment) = segments.next().await {
            let segment = match segment {
                Err(Error::NotFound { .. }) => continue,
                segment => segment.map_err(unavailable)?,
            };
            let written = segment.last_modified.timestamp_micros();
            let written = OffsetDateTime::from_unix_timestamp_nanos(i128::from(written) * 1_000).ok();
            footprint.segments += 1;
            footprint.bytes += segment.size;
            footprint.last_written = footprint.last_written.max(written);
        }
        footprint.last_written = footprint.last_written.max(lies.last_touched);
        Ok(footprint)
    }
}

fn name(SegmentName(bytes): SegmentName) -> String {
    hexadecimal(&bytes)
}

/// Makes a directory that is nobody else's business.
fn make_private(directory: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn path(recording: u8, name: u8) -> SegmentPath {
        SegmentPath {
            organization: OrganizationId::from_parts(0, &[1; 10]),
            recording: RecordingId::from_parts(0, &[recording; 10]),
            name: SegmentName([name; 16]),
        }
    }

    fn files(directory: &std::path::Path) -> ObjectsAt {
        let access = S3Access { endpoint: None, region: String::new(), key: None };
        ObjectsAt::new(Place::Directory(directory.join("made")), access).expect("a directory")
    }

    fn count(directory: &std::path::Path) -> usize {
        let entries =
            std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
        entries.map(|path| if path.is_dir() { 1 + count(&path) } else { 1 }).sum()
    }

    #[tokio::test]
    async fn what_is_put_is_got_by_ranges_and_what_is_missing_or_cut_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let objects = files(directory.path());
        let segment = path(1, 1);
        assert!(matches!(objects.get(&segment, 0..1).await, Err(ObjectsError::Missing)));
        objects.put(&segment, Bytes::from_static(b"0123456789")).await.expect("kept");
        assert_eq!(objects.get(&segment, 2..5).await.expect("got"), "234");
        assert!(matches!(objects.get(&segment, 10..12).await, Err(ObjectsError::Missing)));
        assert!(matches!(objects.get(&path(2, 1), 0..1).await, Err(ObjectsError::Missing)));
    }

    /// A store that answers everything with this.
    async fn store(answer: &'static str) -> ObjectsAt {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    asked.push(stream.read_u8().await.expect("a request"));
                }
                stream.write_all(answer.as_bytes()).await.expect("answered");
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder =
            AmazonS3Builder::new().with_bucket_name("recordings").with_region("eu").with_endpoint(endpoint);
        let builder = builder.with_access_key_id("id").with_secret_access_key("secret").with_allow_http(true);
        let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
        let store = builder.with_retry(retry).build().expect("a store");
        ObjectsAt { store: Arc::new(store), prefix: Path::from("416"), directory: None }
    }

    #[tokio::test]
    async fn only_a_store_that_says_so_makes_a_segment_missing() {
        let segment = path(0x41, 0x64);
        for (answer, is_missing) in [
            ("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true),
            // The path holds a 416, and so does what the store says.
            (
                "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\nConnection: close\r\n\r\n416",
                false,
            ),
            ("HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\nConnection: close\r\n\r\n416", false),
        ] {
            let got = store(answer).await.get(&segment, 0..10).await;
            let is_so = match &got {
                Err(ObjectsError::Missing) => is_missing,
                Err(ObjectsError::Unavailable(error)) => !is_missing && error.to_string().contains("416"),
                Err(ObjectsError::StillWritten) | Ok(_) => false,
            };
            assert!(is_so, "{answer}: {got:?}");
        }
    }

    #[tokio::test]
    async fn asvs_16_2_5_what_a_store_answers_in_words_is_not_repeated() {
        for (answer, status) in [
            (
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\nConnection: close\r\n\r\n<Token-0>hunter2</Token-0>\n",
                "403",
            ),
            ("HTTP/1.1 500 Oh\r\nContent-Length: 8\r\nConnection: close\r\n\r\nhunter2\n", "500"),
        ] {
            let got = store(answer).await.get(&path(1, 1), 0..10).await;
            let Err(ObjectsError::Unavailable(error)) = got else { panic!("{got:?}") };
            let (told, in_full) = (error.to_string(), format!("{error:?}"));
            assert!(told.contains(status) && !told.contains("hunter2"), "{told}");
            assert!(!in_full.contains("hunter2"), "{in_full}");
        }
    }

    #[tokio::test]
    async fn what_lies_here_is_found_by_whose_it_is_and_what_is_not_ours_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let objects = files(directory.path());
        assert!(objects.organizations().await.expect("listed").is_empty());
        let (one, two, other) = (path(1, 1), path(1, 2), path(2, 1));
        for (segment, bytes) in [(&one, "12345"), (&two, "123"), (&other, "1")] {
            objects.put(segment, Bytes::from(bytes)).await.expect("kept");
        }
        let place = objects.directory.clone().expect("files");
        std::fs::create_dir_all(place.join("lost+found")).expect("made");
        std::fs::create_dir_all(place.join(one.organization.to_string()).join("notes")).expect("made");
        assert_eq!(objects.organizations().await.expect("listed"), [one.organization]);
        let mut found = objects.recordings(one.organization).await.expect("listed");
        found.sort();
        assert_eq!(found, [one.recording, other.recording]);
        let footprint = objects.footprint(one.organization, one.recording).await.expect("measured");
        assert_eq!((footprint.segments, footprint.bytes), (2, 8));
        assert!(footprint.last_written.is_some());
        // What is being written is no segment yet, but somebody writes it now.
        let half = path(3, 1);
        let writing =
            objects.directory.clone().expect("files").join(objects.segment(&half).to_string() + "#1");
        std::fs::create_dir_all(writing.parent().expect("a directory")).expect("made");
        std::fs::write(&writing, "half").expect("written");
        let footprint = objects.footprint(half.organization, half.recording).await.expect("measured");
        assert!(footprint.last_written.is_some(), "{footprint:?}");
        objects.remove(one.organization, one.recording).await.expect("removed");
        let nothing = objects.footprint(one.organization, one.recording).await.expect("measured");
        assert_eq!(nothing, Footprint::default());
        let stranger = OrganizationId::from_parts(0, &[9; 10]);
        assert!(objects.recordings(stranger).await.expect("listed").is_empty());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn symbolic_links_are_seen_and_nothing_is_removed_where_they_lead() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().expect("a directory");
        let objects = files(directory.path());
        let place = objects.directory.clone().expect("files");
        let elsewhere = directory.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).expect("made");
        std::fs::write(elsewhere.join("precious"), "bytes").expect("written");
        let [whole, within, beside, behind] = [1, 2, 3, 4].map(|recording| path(recording, 1));
        for segment in [&whole, &within, &beside] {
            objects.put(segment, Bytes::from_static(b"bytes")).await.expect("kept");
        }
        let of = |segment: &SegmentPath| {
            place.join(segment.organization.to_string()).join(segment.recording.to_string())
        };
        symlink(&elsewhere, of(&within).join("deeper")).expect("linked");
        symlink(elsewhere.join("precious"), of(&beside).join("a-file")).expect("linked");
        symlink(&elsewhere, of(&behind)).expect("linked");
        let stranger = OrganizationId::from_parts(0, &[9; 10]);
        symlink(place.join(whole.organization.to_string()), place.join(stranger.to_string()))
            .expect("linked");

        let mut found = objects.recordings(whole.organization).await.expect("listed");
        found.sort();
        assert_eq!(found, [&whole, &within, &beside, &behind].map(|segment| segment.recording));
        let foreign = Footprint { is_foreign: true, ..Footprint::default() };
        for segment in [&within, &beside, &behind] {
            let footprint = objects.footprint(segment.organization, segment.recording).await;
            assert_eq!(footprint.expect("measured"), foreign, "{}", segment.recording);
        }
        assert_eq!(objects.footprint(stranger, whole.recording).await.expect("measured"), foreign);
        let footprint = objects.footprint(whole.organization, whole.recording).await.expect("measured");
        assert!(!footprint.is_foreign && footprint.segments == 1, "{footprint:?}");

        // Whoever does not ask goes by no link either.
        objects.prune(within.organization, within.recording, &[]).await.expect("pruned");
        for segment in [&within, &beside, &behind] {
            objects.remove(segment.organization, segment.recording).await.expect("removed");
        }
        assert_eq!(std::fs::read(elsewhere.join("precious")).expect("still there"), b"bytes");
        assert!(objects.get(&whole, 0..1).await.is_ok());
    }

    #[tokio::test]
    async fn removing_leaves_nothing_not_even_what_was_half_written_and_touches_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let objects = files(directory.path());
        let (one, two, other) = (path(1, 1), path(1, 2), path(2, 1));
        for segment in [&one, &two, &other] {
            objects.put(segment, Bytes::from_static(b"bytes")).await.expect("kept");
        }
        let half = objects.directory.clone().expect("files").join(objects.segment(&one).to_string() + "#1");
        std::fs::write(half, "half").expect("written");
        objects.prune(one.organization, one.recording, &[two.name]).await.expect("pruned");
        assert!(matches!(objects.get(&one, 0..1).await, Err(ObjectsError::Missing)));
        assert!(objects.get(&two, 0..1).await.is_ok());
        objects.remove(one.organization, one.recording).await.expect("removed");
        objects.remove(one.organization, one.recording).await.expect("nothing to remove");
        assert!(matches!(objects.get(&two, 0..1).await, Err(ObjectsError::Missing)));
        assert!(objects.get(&other, 0..1).await.is_ok());
        objects.remove(other.organization, other.recording).await.expect("removed");
        assert_eq!(count(&directory.path().join("made")), 0);
    }
}
