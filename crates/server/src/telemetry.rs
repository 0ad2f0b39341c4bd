//! Traces, sent by OTLP to where the configuration says: a span for each request, each unit of work and each statement.
//!
//! Requests and units of work make spans of their own, which only this room hears; nothing else that is logged gets into a trace. They hold
//! the route, the use case and the text of statements without what is in quotes: no ids, no addresses, nothing that a person has typed.
//! Without an endpoint none of this is there, and nobody makes spans.

mod export;
mod sample;
mod statements;

use std::{collections::HashMap, time::Duration};

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider, trace::SpanExporter as _};
use reqwest::{Client, redirect::Policy};
use rollcall_application::trace::TARGET;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    registry::LookupSpan,
};

pub(crate) use self::export::span_counts;
use self::{export::Sending, sample::Sampled, statements::Statements};
use crate::{
    settings::{InvalidSettings, Settings},
    version,
};

/// The longest that one request to the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest that the last spans are waited for when the process ends.
const FINISH: Duration = Duration::from_secs(5);

/// What is done with the spans of this process.
pub struct Traces {
    provider: SdkTracerProvider,
    sending: Sending,
}

impl Traces {
    /// Begins to send spans to where the configuration says; none when it says nowhere.
    ///
    /// # Errors
    /// [`InvalidSettings::Value`] when nothing can be sent there.
    pub fn start(settings: &Settings) -> Result<Option<Self>, InvalidSettings> {
        let Some(endpoint) = settings.otlp_endpoint()? else { return Ok(None) };
        let telemetry = &settings.values.telemetry;
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", "rollcall"),
                KeyValue::new("service.version", version::RELEASE),
            ])
            .build();
        // What the libraries say of it names the whole of it.
        let unusable = || {
            InvalidSettings::value("ROLLCALL__TELEMETRY__OTLP_ENDPOINT", "cannot be sent to by HTTP and TLS")
        };
        // Whoever comes first decides by whose cryptography the process speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy();
        let client = client.build().map_err(|_| unusable())?;
        let authorization = telemetry.otlp_authorization.expose();
        let headers = match authorization.is_empty() {
            true => HashMap::new(),
            false => HashMap::from([("authorization".to_owned(), authorization.to_owned())]),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(endpoint.as_str())
            // What is said here is not looked up in the environment.
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .with_headers(headers);
        let mut exporter = exporter.build().map_err(|_| unusable())?;
        exporter.set_resource(&resource);
        let (queue, sending) = export::start(exporter);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue)
            .with_sampler(Sampled::at(telemetry.sampling_ratio))
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider, sending }))
    }

    /// What makes spans of what the process tells.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let tracer = self.provider.tracer("rollcall");
        let spans = OpenTelemetryLayer::<S, _>::new(tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        let of_ours = Targets::new().with_target(TARGET, LevelFilter::INFO);
        let with_statements = of_ours.clone().with_target(statements::TARGET, LevelFilter::DEBUG);
        spans.with_filter(of_ours).and_then(Statements::new(tracer).with_filter(with_statements))
    }

    /// Sends what waits, as long as that takes no more than a few seconds. Spans that end later are dropped.
    pub async fn stop(self) {
        self.sending.finish(FINISH).await;
        // Nothing waits any more.
        let _ = self.provider.shutdown_with_timeout(Duration::ZERO);
    }
}

/// Has the span of a request go on with the trace of a `traceparent` (W3C Trace Context, section 3.2) that is whole.
pub(crate) fn continue_trace(span: &Span, traceparent: &str) {
    let mut parts = traceparent.split('-').skip(1);
    let (Some(trace), Some(parent), Some(flags)) = (parts.next(), parts.next(), parts.next()) else { return };
    let (Ok(trace), Ok(parent), Ok(flags)) =
        (TraceId::from_hex(trace), SpanId::from_hex(parent), u8::from_str_radix(flags, 16))
    else {
        return;
    };
    let parent =
        SpanContext::new(trace, parent, TraceFlags::new(flags) & TraceFlags::SAMPLED, true, TraceState::NONE);
    // It cannot fail: nobody has entered the span yet.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}
