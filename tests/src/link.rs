//! A way from a node to its database that a test can hold up.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

use crate::passage;

/// A way to a database. Connections of one kind can be held up: they stay open, and nothing passes.
pub struct Link {
    url: String,
    held: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// A way to the database at `url`. Connections by this application name can be held up.
    pub async fn to(url: &str, application_name: &'static str) -> Self {
        let (listener, through, options) = passage::open(url).await;
        let (held, holding) = watch::channel(false);
        let name = Arc::<[u8]>::from(application_name.as_bytes());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (options, name, holding) = (options.clone(), name.clone(), holding.clone());
                // Whoever goes away is no failure of the test.
                tokio::spawn(async move { carry(client, options, name, holding).await.ok() });
            }
        });
        Self { url: through, held, accepting }
    }

    /// The URL of the database by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Holds up what is on its way, or lets it pass.
    pub fn hold(&self, hold: bool) {
        self.held.send_replace(hold);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(
    mut client: TcpStream,
    options: PgConnectOptions,
    name: Arc<[u8]>,
    holding: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut first = vec![0; 4096];
    let length = client.read(&mut first).await?;
    first.truncate(length);
    let named = first.windows(name.len()).any(|part| part == &*name);
    let holding = named.then_some(holding);
    let (from_client, mut to_client) = client.into_split();
    match options.get_socket() {
        Some(directory) => {
            let path = directory.join(format!(".s.PGSQL.{}", options.get_port()));
            let (from_server, mut to_server) = UnixStream::connect(path).await?.into_split();
            to_server.write_all(&first).await?;
            tokio::spawn(pass(from_client, to_server, holding.clone()));
            pass(from_server, &mut to_client, holding).await
        }
        None => {
            let address = (options.get_host(), options.get_port());
            let (from_server, mut to_server) = TcpStream::connect(address).await?.into_split();
            to_server.write_all(&first).await?;
            tokio::spawn(pass(from_client, to_server, holding.clone()));
            pass(from_server, &mut to_client, holding).await
        }
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    holding: Option<watch::Receiver<bool>>,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        if let Some(mut holding) = holding.clone() {
            let let_pass = holding.wait_for(|held| !held).await;
            let_pass.map_err(|_| std::io::ErrorKind::ConnectionAborted)?;
        }
        to.write_all(&bytes[..length]).await?;
    }
}
