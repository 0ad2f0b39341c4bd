//! Recordings that are sent and fetched, and how much memory each of them takes.

use std::{net::SocketAddr, sync::Arc};

use serde::Deserialize;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    Result,
    call::Call,
    data::{Data, id_of},
    load::{Connection as Http, Head},
    process::Memory,
};

/// How many recordings are under way at once, and how many mebibytes each of them has. Whatever its size, it makes no difference: so one of
/// 32 MiB says as much as an hour.
pub(crate) const WHOLE: Size = Size { at_once: 8, pieces: 32 };
/// So many that it is seen whether it works.
pub(crate) const SMALL: Size = Size { at_once: 2, pieces: 1 };
/// What is written at a time.
const PIECE: usize = 1 << 20;
/// The organization whose calls are recorded. None that is called by the rows whose speed counts.
const ORGANIZATION: u64 = 2;
/// A file that begins like this is a sound (RIFF WAVE).
const BEGIN: &[u8] =
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff";

/// How much is sent and fetched.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    at_once: u64,
    pieces: usize,
}

/// Lets one organization record its calls.
pub(crate) async fn prepare(database_url: &str) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    let organization = id_of(&ORGANIZATION.to_string());
    connection
        .execute(AssertSqlSafe(format!(
            "UPDATE organizations SET plan = 'enterprise' WHERE org_id = {organization} AND plan <> 'enterprise';
             INSERT INTO security_controls (org_id, control, enabled, changed_at) VALUES ({organization}, 'call_recording', true, now())
             ON CONFLICT DO NOTHING"
        )))
        .await?;
    Ok(connection.close().await?)
}

/// How many megabytes each of several takes at the most: sent, and then fetched, whichever is more. What is needed once is there after
/// a first one.
pub(crate) async fn memory(address: SocketAddr, data: &Arc<Data>, pid: u32, size: Size) -> Result<f64> {
    let Size { at_once, pieces } = size;
    let alone = Transfer::of_new_call(address, data, pieces).await?;
    alone.clone().send().await?;
    alone.fetch().await?;
    let mut transfers = Vec::new();
    for _ in 0..at_once {
        transfers.push(Transfer::of_new_call(address, data, pieces).await?);
    }
    let mut most = 0_u64;
    for is_sent in [true, false] {
        Memory::forget_peak(pid)?;
        let before = resident(pid)?.resident;
        let mut under_way = JoinSet::new();
        for transfer in transfers.iter().cloned() {
            under_way
                .spawn(async move { if is_sent { transfer.send().await } else { transfer.fetch().await } });
        }
        while let Some(done) = under_way.join_next().await {
            done??;
        }
        most = most.max(resident(pid)?.peak.saturating_sub(before));
    }
    Ok(most as f64 / at_once as f64 / 1e6)
}

fn resident(pid: u32) -> Result<Memory> {
    Ok(Memory::of(pid).ok_or("this system does not tell about memory")?)
}

/// A recording on its way.
#[derive(Clone)]
struct Transfer {
    address: SocketAddr,
    path: String,
    token: String,
    pieces: usize,
}

impl Transfer {
    /// One of a call that has just been reported.
    async fn of_new_call(address: SocketAddr, data: &Data, pieces: usize) -> Result<Self> {
        #[derive(Deserialize)]
        struct Reported {
            id: String,
        }
        let token = data.owner(ORGANIZATION);
        let call = format!(
            r#"{{"external_id":"recorded {}","direction":"inbound","started_at":"2026-01-02T03:04:05Z"}}"#,
            data.fresh()
        );
        let call = Call::post("/v1/calls", call).by(token.clone()).expecting(201);
        let mut connection = Http::open(address).await?;
        let Reported { id } = serde_json::from_slice(connection.ask(&call).await?)?;
        Ok(Self { address, path: format!("/v1/calls/{id}/recording"), token, pieces })
    }

    async fn send(self) -> Result {
        let mut stream = TcpStream::connect(self.address).await?;
        let length = self.pieces * PIECE;
        let headers = format!("content-type: audio/wav\r\ncontent-length: {length}\r\n");
        stream.write_all(self.head("PUT", &headers).as_bytes()).await?;
        let mut piece = vec![b'a'; PIECE];
        piece[..BEGIN.len()].copy_from_slice(BEGIN);
        for _ in 0..self.pieces {
            stream.write_all(&piece).await?;
        }
        self.answer(&mut stream, 201, None).await
    }

    async fn fetch(self) -> Result {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(self.head("GET", "").as_bytes()).await?;
        self.answer(&mut stream, 200, Some(self.pieces * PIECE)).await
    }

    fn head(&self, method: &str, headers: &str) -> String {
        let Self { path, token, .. } = self;
        format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n{headers}\r\n")
    }

    /// Takes an answer in, and keeps nothing of its body.
    async fn answer(&self, stream: &mut TcpStream, expected: u16, length: Option<usize>) -> Result {
        let mut read = Vec::with_capacity(64 * 1024);
        let head = loop {
            if stream.read_buf(&mut read).await? == 0 {
                return Err(format!("{}: the connection was closed", self.path).into());
            }
            if let Some(head) = Head::read(&read)? {
                break head;
            }
        };
        if head.status != expected || length.is_some_and(|length| length != head.body) {
            let (status, length, body) = (head.status, head.body, String::from_utf8_lossy(&read));
            return Err(format!("{} was answered with {status} and {length} bytes: {body}", self.path).into());
        }
        let mut left = (head.bytes + head.body).saturating_sub(read.len());
        while left > 0 {
            read.clear();
            match stream.read_buf(&mut read).await? {
                0 => return Err(format!("{}: the connection was closed in the middle", self.path).into()),
                some => left = left.saturating_sub(some),
            }
        }
        Ok(())
    }
}
