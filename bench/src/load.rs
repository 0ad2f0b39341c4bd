//! The load: many connections, each with one request at a time, as clients with keep-alive have them.
//!
//! It speaks HTTP/1.1 with as little work as that takes, because it runs on the machine that it measures.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep_until, timeout},
};

use crate::{Result, answers::Answers, call::Call, data::Data};

/// How many connections a load has.
pub(crate) const CONNECTIONS: usize = 16;
/// How many connections the calls have that are watched beside a load.
const WATCHED_CONNECTIONS: u32 = 4;
/// How many calls a second those send, all together.
const WATCHED_PER_SECOND: u32 = 200;
/// The longest wait for answers that are still under way when the time is over.
const PATIENCE: Duration = Duration::from_secs(30);
/// Fewer answers in each whole second than this, and something is wrong: the slowest thing that is measured makes about a hundred.
const LEAST_PER_SECOND: u64 = 20;

/// The n-th call of a load.
pub(crate) type Calls = fn(&Data, u64) -> Call;

/// When answers count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Before that, everything warms up.
    pub(crate) from: Instant,
    /// After that, it is over.
    pub(crate) until: Instant,
}

impl Window {
    /// One that begins after a warm-up, and then lasts so long.
    pub(crate) fn of(length: Duration) -> Self {
        let warm_up = (length / 4).clamp(Duration::from_millis(200), Duration::from_secs(1));
        let from = Instant::now() + warm_up;
        Self { from, until: from + length }
    }

    /// How long it lasts.
    pub(crate) fn length(self) -> Duration {
        self.until - self.from
    }

    /// Whether an answer counts that came at this moment. When it was asked for does not matter: otherwise whatever is under way
    /// at either end would be lost, which is more the slower the answers are.
    pub(crate) fn holds(self, ended: Instant) -> bool {
        self.from < ended && ended <= self.until
    }
}

/// When a connection sends its next call.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// As soon as the one before is answered.
    Closed,
    /// At fixed times, whether or not the one before was answered by then. How long an answer took is then counted from the
    /// time at which it should have been asked for, so that waiting in line counts too.
    Every(Duration),
}

/// Calls as fast as they are answered.
pub(crate) async fn saturate(
    address: SocketAddr,
    data: &Arc<Data>,
    calls: Calls,
    window: Window,
) -> Result<Answers> {
    saturate_at_least(LEAST_PER_SECOND, address, data, calls, window).await
}

/// The same with something that may be slower, or must be faster: fewer answers than `least` in each whole second are none.
pub(crate) async fn saturate_at_least(
    least: u64,
    address: SocketAddr,
    data: &Arc<Data>,
    calls: Calls,
    window: Window,
) -> Result<Answers> {
    let paces = (0..CONNECTIONS).map(|_| (Duration::ZERO, Pace::Closed));
    let answers = drive(address, data, calls, window, paces.collect()).await?;
    at_least(least, answers.count(), window.length())?;
    Ok(answers)
}

/// A few calls at a fixed pace, to see how long they take while something else goes on.
pub(crate) async fn watch(
    address: SocketAddr,
    data: &Arc<Data>,
    calls: Calls,
    window: Window,
) -> Result<Answers> {
    watch_at(WATCHED_PER_SECOND, address, data, calls, window).await
}

/// The same with so many a second.
pub(crate) async fn watch_at(
    per_second: u32,
    address: SocketAddr,
    data: &Arc<Data>,
    calls: Calls,
    window: Window,
) -> Result<Answers> {
    let between = Duration::from_secs(1) / per_second;
    let each = Pace::Every(between * WATCHED_CONNECTIONS);
    let paces = (0..WATCHED_CONNECTIONS).map(|turn| (between * turn, each));
    let answers = drive(address, data, calls, window, paces.collect()).await?;
    // Nearly all of them are answered, or else it was not at that pace.
    at_least(u64::from(per_second) * 3 / 4, answers.count(), window.length())?;
    Ok(answers)
}

/// A connection for each of `paces`, which begins after its delay.
async fn drive(
    address: SocketAddr,
    data: &Arc<Data>,
    calls: Calls,
    window: Window,
    paces: Vec<(Duration, Pace)>,
) -> Result<Answers> {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut connections = JoinSet::new();
    for (delay, pace) in paces {
        let load = Load { data: data.clone(), calls, next: next.clone(), window, start: begun + delay, pace };
        let connection = Connection::open(address).await?;
        connections.spawn(load.run(connection));
    }
    let patience = window.until.saturating_duration_since(Instant::now()) + PATIENCE;
    let mut answers = Answers::default();
    let all = async {
        while let Some(done) = connections.join_next().await {
            answers.merge(done??);
        }
        Result::Ok(())
    };
    timeout(patience, all).await.map_err(|_| "answers that were under way never came")??;
    Ok(answers)
}

/// Whether there were so many answers that a figure can be made of them.
pub(crate) fn enough(count: usize, length: Duration) -> Result {
    at_least(LEAST_PER_SECOND, count, length)
}

/// Whether there were so many in each whole second, and one in any case.
fn at_least(least: u64, count: usize, length: Duration) -> Result {
    if (count as u64) < (least * length.as_secs()).max(1) {
        return Err(
            format!("only {count} answers came in {length:?}, which is too few to tell anything").into()
        );
    }
    Ok(())
}

/// What one connection does.
struct Load {
    data: Arc<Data>,
    calls: Calls,
    next: Arc<AtomicU64>,
    window: Window,
    start: Instant,
    pace: Pace,
}

impl Load {
    async fn run(self, mut connection: Connection) -> Result<Answers> {
        let mut answers = Answers::default();
        let mut due = self.start;
        loop {
            let call = (self.calls)(&self.data, self.next.fetch_add(1, Ordering::Relaxed));
            let begun = match self.pace {
                Pace::Closed => Instant::now(),
                Pace::Every(period) => {
                    sleep_until(due.into()).await;
                    let begun = due;
                    due += period;
                    begun
                }
            };
            // What is late is not asked for any more: an answer that comes after the end counts for nothing.
            if Instant::now() >= self.window.until {
                return Ok(answers);
            }
            let bytes = connection.ask(&call).await?.len();
            let ended = Instant::now();
            if self.window.holds(ended) {
                answers.add(ended - begun, bytes);
            }
        }
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    /// Opens one.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::with_capacity(512), answer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a call and reads its answer; gives back the answer's body.
    pub(crate) async fn ask(&mut self, call: &Call) -> Result<&[u8]> {
        call.write(&mut self.request);
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(format!("{}: the connection was closed", call.name()).into());
            }
            if let Some(head) = Head::read(&self.answer)? {
                break head;
            }
        };
        while self.answer.len() < head.bytes + head.body {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(format!("{}: the connection was closed in the middle", call.name()).into());
            }
        }
        if head.status != call.expected {
            let body = String::from_utf8_lossy(&self.answer[head.bytes..]);
            let (name, expected, status) = (call.name(), call.expected, head.status);
            return Err(format!("{name} was answered with {status} instead of {expected}: {body}").into());
        }
        Ok(&self.answer[head.bytes..head.bytes + head.body])
    }
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its status.
    pub(crate) status: u16,
    /// How long the head is.
    pub(crate) bytes: usize,
    /// How long the body will be.
    pub(crate) body: usize,
}

impl Head {
    /// Reads it, once it is whole.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 48];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(bytes)? else { return Ok(None) };
        let mut body = None;
        for header in head.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                body = Some(std::str::from_utf8(header.value)?.trim().parse()?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                return Err("an answer came in chunks, which this load cannot read".into());
            }
        }
        Ok(Some(Self {
            status: head.code.unwrap_or_default(),
            bytes: length,
            body: body.unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";
        for length in 0..answer.len() - 5 {
            assert_eq!(Head::read(&answer[..length]).expect("no error"), None, "{length}");
        }
        let head = Head { status: 201, bytes: answer.len() - 5, body: 5 };
        assert_eq!(Head::read(answer).expect("no error"), Some(head));
        let empty = Head::read(b"HTTP/1.1 204 No Content\r\n\r\n").expect("no error").expect("a head");
        assert_eq!((empty.status, empty.body), (204, 0));
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::read(b"SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn only_answers_that_come_in_the_window_count() {
        let window = Window::of(Duration::from_secs(8));
        assert_eq!(window.length(), Duration::from_secs(8));
        let millisecond = Duration::from_millis(1);
        assert!(window.holds(window.from + millisecond) && window.holds(window.until));
        assert!(!window.holds(window.from) && !window.holds(window.until + millisecond));
    }

    #[test]
    fn too_few_answers_are_no_figure() {
        assert!(enough(100, Duration::from_secs(5)).is_ok());
        assert!(enough(99, Duration::from_secs(5)).is_err());
        assert!(enough(1, Duration::from_millis(500)).is_ok());
        assert!(enough(0, Duration::from_millis(500)).is_err());
        assert!(at_least(5, 25, Duration::from_secs(5)).is_ok());
        assert!(at_least(5, 24, Duration::from_secs(5)).is_err());
    }

    /// A server that answers every request in the same way.
    async fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        address
    }

    fn call(_: &Data, n: u64) -> Call {
        Call::get(format!("/{n}"))
    }

    #[tokio::test]
    async fn answers_are_counted_with_their_sizes() {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc").await;
        let data = Arc::new(Data::hundredth(1));
        let answers = saturate(address, &data, call, Window::of(Duration::from_millis(200))).await;
        let answers = answers.expect("answers");
        assert!(answers.count() >= 4, "{}", answers.count());
        assert_eq!(answers.mean_bytes(), 3);
    }

    #[tokio::test]
    async fn another_status_than_expected_ends_it_and_is_told() {
        let address = server("HTTP/1.1 500 Oh\r\ncontent-length: 6\r\n\r\nbroken").await;
        let data = Arc::new(Data::hundredth(1));
        let refused = saturate(address, &data, call, Window::of(Duration::from_millis(200))).await;
        let message = refused.expect_err("an error").to_string();
        assert!(message.contains("500 instead of 200: broken"), "{message}");
    }
}
