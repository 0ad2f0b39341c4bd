//! A way to a database that is cut off at a moment that a test chooses: before a statement gets there, or after it was carried out and
//! before the answer gets back.

use std::{
    io,
    sync::{Arc, Mutex},
};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    task::JoinHandle,
};

use crate::passage;

/// When a way is cut off. What a client sends before it hears an answer is one round trip; they are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Instead of carrying a round trip's question.
    Before(u32),
    /// Instead of carrying its answer.
    After(u32),
}

#[derive(Default)]
struct Plan {
    trips: u32,
    cut: Option<Cut>,
}

/// A way to a database.
pub struct CutWay {
    url: String,
    plan: Arc<Mutex<Plan>>,
    accepting: JoinHandle<()>,
}

impl CutWay {
    /// A way to the database at `url` that is not cut off yet.
    pub async fn to(url: &str) -> Self {
        let (listener, through, options) = passage::open(url).await;
        let plan = Arc::<Mutex<Plan>>::default();
        let planned = plan.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (options, plan) = (options.clone(), planned.clone());
                // Whoever goes away is no failure of the test.
                tokio::spawn(async move { connect(client, &options, &plan).await.ok() });
            }
        });
        Self { url: through, plan, accepting }
    }

    /// The URL of the database by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts one connection off, when its time comes. Round trips are counted anew.
    pub fn cut(&self, cut: Cut) {
        *self.plan.lock().unwrap() = Plan { trips: 0, cut: Some(cut) };
    }

    /// Whether a cut that was planned is still to come; it is not, any more.
    pub fn is_still_to_come(&self) -> bool {
        self.plan.lock().unwrap().cut.take().is_some()
    }
}

impl Drop for CutWay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Plan {
    /// Whether a question is not to be carried.
    fn asked(&mut self, first: bool) -> bool {
        self.trips += u32::from(first);
        self.cut.take_if(|cut| *cut == Cut::Before(self.trips)).is_some()
    }

    /// Whether an answer is not to be carried.
    fn answered(&mut self) -> bool {
        self.cut.take_if(|cut| *cut == Cut::After(self.trips)).is_some()
    }
}

async fn connect(client: TcpStream, options: &PgConnectOptions, plan: &Mutex<Plan>) -> io::Result<()> {
    match options.get_socket() {
        Some(directory) => {
            let path = directory.join(format!(".s.PGSQL.{}", options.get_port()));
            carry(client, UnixStream::connect(path).await?, plan).await
        }
        None => {
            let address = (options.get_host(), options.get_port());
            carry(client, TcpStream::connect(address).await?, plan).await
        }
    }
}

async fn carry(
    mut client: TcpStream,
    mut server: impl AsyncRead + AsyncWrite + Unpin,
    plan: &Mutex<Plan>,
) -> io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut first = true;
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let length = length?;
                if length == 0 || plan.lock().unwrap().asked(first) {
                    return Ok(());
                }
                first = false;
                server.write_all(&asked[..length]).await?;
            }
            length = server.read(&mut answered) => {
                let length = length?;
                if length == 0 || (!first && plan.lock().unwrap().answered()) {
                    return Ok(());
                }
                first = true;
                client.write_all(&answered[..length]).await?;
            }
        }
    }
}
