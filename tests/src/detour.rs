//! A way to a service that a test can lead elsewhere, or nowhere, while its address stays the same.

use std::net::SocketAddr;

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A way to a service.
pub struct Detour {
    address: SocketAddr,
    leads_to: watch::Sender<Option<SocketAddr>>,
    accepting: JoinHandle<()>,
}

impl Detour {
    /// A way that leads nowhere yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (leads_to, leading) = watch::channel(None::<SocketAddr>);
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut leading = leading.clone();
                tokio::spawn(async move {
                    let target = *leading.borrow_and_update();
                    let Some(target) = target else { return };
                    let Ok(mut service) = TcpStream::connect(target).await else { return };
                    // Whoever is on the way when it changes is cut off.
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut service) => {}
                        _ = leading.changed() => {}
                    }
                });
            }
        });
        Self { address, leads_to, accepting }
    }

    /// Where it begins.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to the service at `base` from now on, or nowhere.
    pub fn lead_to(&self, base: Option<&str>) {
        let address = base.map(|base| base.strip_prefix("http://").unwrap().parse().unwrap());
        self.leads_to.send_replace(address);
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
