//! A mail server that behaves as well, or as badly, as a test wants.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How the server treats whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes every mail.
    Accept,
    /// Refuses every recipient for good.
    RefuseRecipients,
    /// Says that it has no time now.
    NotNow,
    /// Greets and then says nothing any more.
    Hang,
    /// Takes the connection and drops it in the middle of a mail.
    DropInTheMiddle,
    /// Takes the mail, and drops the connection before it says so.
    AcceptAndDrop,
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The recipients of the envelope.
    pub recipients: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
}

/// A mail server on this machine.
pub struct SmtpServer {
    address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
    accepting: JoinHandle<()>,
}

impl SmtpServer {
    /// Starts one.
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, behaviour)
    }

    fn on(listener: TcpListener, behaviour: Behaviour) -> Self {
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let (received, connections) =
            (Arc::<Mutex<Vec<Received>>>::default(), Arc::<Mutex<usize>>::default());
        let session = Session { behaviour: behaviour.clone(), received: received.clone() };
        let counted = connections.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *counted.lock().unwrap() += 1;
                let session = session.clone();
                tokio::spawn(async move {
                    // A client that goes away is no failure of the test.
                    let _ = session.serve(stream).await;
                });
            }
        });
        Self { address, behaviour, received, connections, accepting }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Changes how it treats whoever comes from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// The mails it has taken.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The mails it has taken, without so many of the first.
    pub fn received_after(&self, first: usize) -> Vec<Received> {
        self.received.lock().unwrap().iter().skip(first).cloned().collect()
    }

    /// How often somebody has come.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Clone)]
struct Session {
    behaviour: Arc<Mutex<Behaviour>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Session {
    fn is(&self, behaviour: Behaviour) -> bool {
        *self.behaviour.lock().unwrap() == behaviour
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        if self.is(Behaviour::NotNow) {
            return stream.write_all(b"421 come back later\r\n").await;
        }
        stream.write_all(b"220 test\r\n").await?;
        let mut recipients = Vec::new();
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if self.is(Behaviour::Hang) {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            let command = line.trim_end().to_owned();
            let answer =
                match command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                    "EHLO" => "250-test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                    // Somebody who was let in earlier.
                    "MAIL" if self.is(Behaviour::NotNow) => "451 come back later\r\n",
                    "HELO" | "MAIL" | "NOOP" => "250 ok\r\n",
                    "RCPT" if self.is(Behaviour::RefuseRecipients) => "550 no such mailbox here\r\n",
                    "RCPT" => {
                        let address = command.split(['<', '>']).nth(1).unwrap_or_default();
                        recipients.push(address.to_owned());
                        "250 ok\r\n"
                    }
                    "DATA" => {
                        stream.write_all(b"354 go ahead\r\n").await?;
                        if self.is(Behaviour::DropInTheMiddle) {
                            return Ok(());
                        }
                        let data = read_data(&mut stream).await?;
                        let mail = Received { recipients: std::mem::take(&mut recipients), data };
                        self.received.lock().unwrap().push(mail);
                        if self.is(Behaviour::AcceptAndDrop) {
                            return Ok(());
                        }
                        "250 taken\r\n"
                    }
                    "RSET" => {
                        recipients.clear();
                        "250 ok\r\n"
                    }
                    "QUIT" => return stream.write_all(b"221 bye\r\n").await,
                    _ => "500 what?\r\n",
                };
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
