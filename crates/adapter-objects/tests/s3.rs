//! The same against something that speaks as much S3 as is needed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on had better panic")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use rollcall_adapter_objects::{ObjectsAt, S3Access};
use rollcall_application::recordings::{Objects, ObjectsError, SegmentName, SegmentPath};
use rollcall_domain::{OrganizationId, RecordingId, secret::Secret};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

type Kept = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A request: method, path with query, the range it asks for, whether it is signed, and its body.
struct Asked {
    method: String,
    target: String,
    range: Option<String>,
    signed: bool,
    body: Vec<u8>,
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let (asked, begins, length) = loop {
        let mut headers = [httparse::EMPTY_HEADER; 40];
        let mut request = httparse::Request::new(&mut headers);
        if let Ok(httparse::Status::Complete(begins)) = request.parse(&bytes) {
            let value = |name: &str| {
                let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
                Some(std::str::from_utf8(header.value).unwrap().to_owned())
            };
            let length = value("content-length").map_or(0, |length| length.parse().unwrap());
            let asked = Asked {
                method: request.method.unwrap().to_owned(),
                target: request.path.unwrap().to_owned(),
                range: value("range"),
                signed: value("authorization").is_some_and(|text| text.contains("Credential=id/")),
                body: Vec::new(),
            };
            break (asked, begins, length);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    while bytes.len() < begins + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    Some(Asked { body: bytes[begins..begins + length].to_vec(), ..asked })
}

fn answer(kept: &Kept, asked: &Asked) -> (u16, String, Vec<u8>) {
    let mut kept = kept.lock().unwrap();
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let key = path.strip_prefix("/calls").unwrap().trim_start_matches('/').to_owned();
    match asked.method.as_str() {
        _ if !asked.signed => (403, String::new(), Vec::new()),
        "PUT" => {
            kept.insert(key, asked.body.clone());
            (200, "ETag: \"x\"\r\n".into(), Vec::new())
        }
        "GET" if query.contains("list-type=2") => {
            let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap_or_default();
            let prefix = prefix.replace("%2F", "/");
            let entries = kept.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(key, bytes)| {
                let size = bytes.len();
                format!("<Contents><Key>{key}</Key><LastModified>2026-03-01T09:00:00.000Z</LastModified><ETag>x</ETag><Size>{size}</Size></Contents>")
            });
            let entries: String = entries.collect();
            let list =
                format!("<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>");
            (200, "Content-Type: application/xml\r\n".into(), list.into_bytes())
        }
        "GET" => {
            let Some(bytes) = kept.get(&key) else {
                return (404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
            };
            let range = asked.range.as_deref().unwrap().strip_prefix("bytes=").unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            if first >= bytes.len() {
                return (416, String::new(), b"<Error><Code>InvalidRange</Code></Error>".to_vec());
            }
            let last = last.min(bytes.len() - 1);
            let head = format!(
                "Content-Range: bytes {first}-{last}/{}\r\nETag: \"x\"\r\nLast-Modified: Sun, 01 Mar 2026 09:00:00 GMT\r\n",
                bytes.len()
            );
            (206, head, bytes[first..=last].to_vec())
        }
        "POST" => {
            let text = String::from_utf8(asked.body.clone()).unwrap();
            let keys =
                text.split("<Key>").skip(1).map(|part| part.split("</Key>").next().unwrap().to_owned());
            let mut deleted = String::new();
            for key in keys {
                kept.remove(&key);
                deleted.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
            }
            (200, String::new(), format!("<DeleteResult>{deleted}</DeleteResult>").into_bytes())
        }
        _ => (405, String::new(), Vec::new()),
    }
}

/// A store that speaks S3, and what is in it.
async fn store() -> (String, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let kept = Kept::default();
    let keeping = kept.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = keeping.clone();
            tokio::spawn(async move {
                while let Some(asked) = read(&mut stream).await {
                    let (status, head, body) = answer(&kept, &asked);
                    let head = format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {}\r\n\r\n", body.len());
                    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
                }
            });
        }
    });
    (endpoint, kept)
}

#[tokio::test]
async fn segments_are_put_got_and_removed_under_their_prefix_and_what_is_missing_or_cut_is_told() {
    let (endpoint, kept) = store().await;
    let access = S3Access {
        endpoint: Some(endpoint),
        region: "eu-central-1".into(),
        key: Some(("id".into(), Secret::new("secret"))),
    };
    let objects = ObjectsAt::new("s3://calls/eu/recordings".parse().unwrap(), access).unwrap();
    let path = |recording: u8, name: u8| SegmentPath {
        organization: OrganizationId::from_parts(0, &[1; 10]),
        recording: RecordingId::from_parts(0, &[recording; 10]),
        name: SegmentName([name; 16]),
    };
    for segment in [path(1, 1), path(1, 2), path(2, 1)] {
        objects.put(&segment, Bytes::from_static(b"0123456789")).await.unwrap();
    }
    assert!(kept.lock().unwrap().keys().all(|key| key.starts_with("eu/recordings/org_")));
    assert_eq!(objects.get(&path(1, 1), 2..5).await.unwrap(), "234");
    assert!(matches!(objects.get(&path(1, 3), 0..1).await, Err(ObjectsError::Missing)));
    for range in [10..12, 12..14] {
        assert!(matches!(objects.get(&path(1, 1), range).await, Err(ObjectsError::Missing)));
    }
    // What is shorter than it should be is there, as far as it goes; whoever opens it finds out.
    assert!(objects.get(&path(1, 1), 8..12).await.map_or(true, |bytes| bytes.len() == 2));
    let (organization, recording) = (path(1, 1).organization, path(1, 1).recording);
    objects.prune(organization, recording, &[SegmentName([2; 16])]).await.unwrap();
    assert_eq!(kept.lock().unwrap().len(), 2);
    objects.remove(organization, recording).await.unwrap();
    objects.remove(organization, recording).await.unwrap();
    let left: Vec<String> = kept.lock().unwrap().keys().cloned().collect();
    assert_eq!(left.len(), 1);
    assert!(left[0].contains(&path(2, 1).recording.to_string()));
}
