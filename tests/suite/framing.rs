//! Where a request ends is never in doubt: whatever it says of itself, nothing in it is taken for another one (RFC 9112 section 6.3).

use rollcall_tests::Service;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request that somebody would slip in: it is answered 200.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// The statuses of what is answered to these bytes, until the service closes the connection. Whoever has `hung_up` sends no more.
async fn statuses(service: &Service, bytes: &str, hung_up: bool) -> Vec<u16> {
    let base = service.base();
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    if hung_up {
        stream.shutdown().await.unwrap();
    }
    let mut answers = Vec::new();
    // A connection may be closed on what was not read of it.
    let _ = stream.read_to_end(&mut answers).await;
    let answers = String::from_utf8(answers).unwrap();
    answers.split("HTTP/1.").skip(1).map(|answer| answer[2..5].parse().unwrap()).collect()
}

/// What somebody signs up with.
fn sign_up() -> String {
    json!({"email": "smuggled@example.com", "name": "Eve", "organization_name": "Acme"}).to_string()
}

/// A request to sign up, with these lines about its body, and what follows them.
fn request(version: &str, about: &str, body: &str) -> String {
    format!(
        "POST /v1/signup HTTP/{version}\r\nHost: x\r\nContent-Type: application/json\r\n{about}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn asvs_4_2_1_no_request_hides_in_another() {
    let service = Service::start().await;
    let whole = sign_up();
    let (length, chunk) = (whole.len(), format!("{:x}\r\n{whole}\r\n", whole.len()));
    // All of it by its length, and by its chunks none, or the other way round.
    let both = format!("0\r\n\r\n{SMUGGLED}");
    let chunked = format!("Content-Length: {}\r\nTransfer-Encoding: chunked", both.len());
    let turned = format!("Transfer-Encoding: chunked\r\nContent-Length: {}", both.len());
    let mut doubtful = vec![
        ("1.1", chunked, both.clone()),
        ("1.1", turned, both),
        ("1.1", format!("Content-Length: {length}\r\nContent-Length: 4"), format!("{whole}{SMUGGLED}")),
        ("1.1", format!("Content-Length: 0\r\nContent-Length: {length}"), format!("{whole}{SMUGGLED}")),
        ("1.1", format!("Content-Length: {length}, 4"), format!("{whole}{SMUGGLED}")),
        ("1.0", "Transfer-Encoding: chunked".to_owned(), format!("0\r\n\r\n{SMUGGLED}")),
    ];
    for length in ["+0", "-1", "0x0", "zero", "", "18446744073709551616"] {
        doubtful.push(("1.1", format!("Content-Length: {length}"), SMUGGLED.to_owned()));
    }
    for coding in ["xchunked", "identity", "chunked, identity", "gzip", "\u{b}chunked", ""] {
        let coding = format!("Transfer-Encoding: {coding}");
        doubtful.push(("1.1", coding, format!("0\r\n\r\n{SMUGGLED}")));
    }
    for name in ["Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "Transfer Encoding: chunked"] {
        doubtful.push(("1.1", name.to_owned(), format!("0\r\n\r\n{SMUGGLED}")));
    }
    // Sizes of chunks that are none, and chunks that are not as long as they say.
    for size in ["zz", "-1", "+1", "0x1", "1 1", "1\n", "", "fffffffffffffffff"] {
        let body = format!("{size}\r\n0\r\n\r\n{SMUGGLED}");
        doubtful.push(("1.1", "Transfer-Encoding: chunked".to_owned(), body));
    }
    let longer = format!("1\r\n{whole}\r\n0\r\n\r\n{SMUGGLED}");
    doubtful.push(("1.1", "Transfer-Encoding: chunked".to_owned(), longer));
    for (version, about, body) in doubtful {
        let told = statuses(&service, &request(version, &about, &body), false).await;
        // It is refused, or the connection is closed: nothing is answered but that.
        assert!(matches!(told[..], [] | [400]), "{about:?} {body:?}: {told:?}");
    }
    // One that breaks off is not taken for whole.
    for (about, body) in [
        ("Transfer-Encoding: chunked".to_owned(), chunk.clone()),
        ("Transfer-Encoding: chunked".to_owned(), format!("{chunk}0")),
        ("Transfer-Encoding: chunked".to_owned(), chunk[..chunk.len() / 2].to_owned()),
        (format!("Content-Length: {}", length + 1), whole.clone()),
    ] {
        let told = statuses(&service, &request("1.1", &about, &body), true).await;
        assert!(matches!(told[..], [] | [400]), "{about:?} {body:?}: {told:?}");
    }
    // A body that nobody reads is one all the same.
    let unread = format!(
        "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{SMUGGLED}\
         GET /v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        SMUGGLED.len()
    );
    let told = statuses(&service, &unread, false).await;
    assert!(matches!(told[..], [401] | [401, 401]), "{told:?}");
    // Nothing of all that was done, and what is right is.
    let kept = async || service.database.rows("SELECT 1 AS one FROM signups").await.len();
    assert_eq!(kept().await, 0);
    let right =
        request("1.1", "Connection: close\r\nTransfer-Encoding: chunked", &format!("{chunk}0\r\n\r\n"));
    assert_eq!(statuses(&service, &right, false).await, [202]);
    assert_eq!(kept().await, 1);
}
