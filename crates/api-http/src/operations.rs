//! What those who run the service ask: is it alive, is it ready, how is it doing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, metrics::Metrics};

/// The longest that looking at one part may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A part that the service cannot work without.
#[async_trait]
pub trait Part: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Looks whether it works.
    ///
    /// # Errors
    /// Why it does not, in words that may be shown to anybody.
    async fn check(&self) -> Result<(), String>;
}

/// The parts that the service cannot work without.
pub type Parts = Arc<Vec<Box<dyn Part>>>;

/// Whether the service can work.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ready` or `not_ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Each part that it needs.
    parts: Vec<PartReadiness>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PartReadiness {
    /// Which part.
    #[schema(example = "database")]
    name: &'static str,
    /// Whether it works.
    ready: bool,
    /// Why not.
    reason: Option<String>,
}

/// Answers as soon as the process serves requests.
#[utoipa::path(get, path = "/healthz", tag = "Operation", operation_id = "healthz", security(()),
    responses((status = 200, description = "The process serves", content_type = "text/plain", body = String)))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Tells whether everything that the service needs is available.
#[utoipa::path(get, path = "/readyz", tag = "Operation", operation_id = "readyz", security(()),
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
async fn readyz(axum::Extension(parts): axum::Extension<Parts>) -> Response {
    let parts = look(&parts).await;
    let ready = is_ready(&parts);
    let (code, status) =
        if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    let mut response = (code, Json(Readiness { status, parts })).into_response();
    if !ready {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// Looks at each part.
async fn look(parts: &Parts) -> Vec<PartReadiness> {
    let checks = parts.iter().map(|part| async {
        let reason = match tokio::time::timeout(PATIENCE, part.check()).await {
            Ok(result) => result.err(),
            Err(_) => Some("does not answer in time".to_owned()),
        };
        PartReadiness { name: part.name(), ready: reason.is_none(), reason }
    });
    futures_util::future::join_all(checks).await
}

fn is_ready(parts: &[PartReadiness]) -> bool {
    parts.iter().all(|part| part.ready)
}

async fn metrics(
    State(metrics): State<Arc<Metrics>>,
    axum::Extension(parts): axum::Extension<Parts>,
) -> Response {
    const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    // Looked at now: what counts regularly waits itself for a database that does not answer.
    metrics.ready.set(is_ready(&look(&parts).await).into());
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.text()).into_response()
}

/// The part of it that the public address serves.
pub(crate) fn public() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// What the operations address answers.
pub fn router(parts: Parts, counted: Arc<Metrics>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics).with_state(counted))
        .layer(axum::Extension(parts))
}
