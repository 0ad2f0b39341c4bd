//! Serves with demo data.

use crate::{
    demo::{Demo, Service},
    process::Result,
};

/// Serves until interrupted.
pub(crate) async fn run() -> Result {
    let service = tokio::task::block_in_place(|| Service::start(&[]))?;
    let demo = Demo::at(&service.address)?;
    demo.fill().await?;
    demo.announce();
    // The server gets the terminal's interrupt as well, and stops in good order.
    service.wait().await
}
