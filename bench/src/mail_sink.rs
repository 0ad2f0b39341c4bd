//! A mail server that takes every mail and forgets it.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::Result;

/// Starts one, which is there as long as this process.
pub(crate) async fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever goes away in the middle of a mail loses nothing that anybody wants.
            tokio::spawn(async move { serve(stream).await.ok() });
        }
    });
    Ok(address)
}

/// Speaks as much SMTP (RFC 5321) as taking mail needs.
async fn serve(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 bench\r\n").await?;
    let (mut line, mut in_mail) = (Vec::new(), false);
    while stream.read_until(b'\n', &mut line).await? > 0 {
        let answer: &[u8] = match line.get(..4).unwrap_or(&line) {
            b".\r\n" if in_mail => {
                in_mail = false;
                b"250 taken\r\n"
            }
            _ if in_mail => b"",
            b"EHLO" => b"250-bench\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            b"DATA" => {
                in_mail = true;
                b"354 go ahead\r\n"
            }
            b"QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn the_sink_takes_one_mail_after_another() {
        let mut stream = TcpStream::connect(start().await.expect("a sink")).await.expect("a connection");
        let mail = "MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: QUIT\r\n\r\nQUIT\r\n..\r\n.\r\n";
        let both = format!("EHLO me\r\n{mail}{mail}QUIT\r\n");
        stream.write_all(both.as_bytes()).await.expect("sent");
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.expect("answers");
        assert_eq!(answers.matches("250 taken").count(), 2, "{answers}");
        assert!(answers.ends_with("221 bye\r\n"), "{answers}");
    }
}
