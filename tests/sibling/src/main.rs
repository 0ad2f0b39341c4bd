//! A small service beside Rollcall: it keeps agents, in memory, for each organization its own. All that it knows of people
//! and organizations is what `rollcall-client` tells it.
#![expect(clippy::print_stdout, reason = "it says where it serves")]

mod agents;

use std::{env, error::Error, net::SocketAddr, path::PathBuf};

use axum::{
    Router,
    extract::{ConnectInfo, FromRef, Request},
    middleware::{Next, from_fn},
    routing::{delete, get},
};
use rollcall_client::{ClientAddress, Reporter, Rollcall, Settings, TrustedProxies};
use rollcall_domain::secret::Secret;
use tokio::net::TcpListener;

use agents::Agents;

/// What handlers work with.
#[derive(Clone)]
struct Service {
    rollcall: Rollcall,
    agents: Agents,
    /// None where there is no key to report with.
    reporter: Option<Reporter>,
}

impl FromRef<Service> for Rollcall {
    fn from_ref(service: &Service) -> Self {
        service.rollcall.clone()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
    let rollcall =
        Rollcall::connect(Settings::new(&setting("ROLLCALL_URL")?, &setting("ROLLCALL_SERVICE_TOKEN")?))?;
    let reporter = match (setting("AGENTS_EVENTS"), setting("AGENTS_API_KEY")) {
        (Ok(file), Ok(key)) => Some(Reporter::open(&rollcall, &PathBuf::from(file), Secret::new(key))?),
        _ => None,
    };
    let routes = Router::new()
        .route("/agents", get(agents::list).post(agents::create))
        .route("/agents/{id}", delete(agents::remove))
        .with_state(Service { rollcall, agents: Agents::default(), reporter });
    // Where requests come from: whoever has connected, unless that is a proxy of our own.
    let proxies: TrustedProxies = setting("AGENTS_PROXIES").unwrap_or_default().parse()?;
    let routes = routes.layer(from_fn(
        move |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next| {
            let address = ClientAddress::behind(peer.ip(), request.headers(), &proxies);
            request.extensions_mut().insert(address);
            next.run(request)
        },
    ));
    let listener = TcpListener::bind(setting("AGENTS_ADDRESS")?).await?;
    println!("agents serves http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await?)
}
