use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderValue, Method, header};
use rollcall_application::{
    Error, ErrorChain,
    audit::{self, LogExport, LogExportPart},
};
use rollcall_domain::Permission;
use serde::Deserialize;
use tracing::{Instrument, Span};
use utoipa::IntoParams;

use crate::{
    api::Api,
    body::Fields,
    credential::AnyCaller,
    problem::Problem,
    query::Query,
    streaming::{Chunks, CutOff, streamed, unread},
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// Only events from this moment on (RFC 3339).
    #[param(example = "2026-01-01T00:00:00Z")]
    since: Option<String>,
    /// Only events before this moment (RFC 3339).
    #[param(example = "2026-02-01T00:00:00Z")]
    until: Option<String>,
    /// `ndjson`, or `csv` for spreadsheets; what `Accept` asks for if left out.
    #[param(example = "ndjson")]
    format: Option<String>,
}

/// In which form an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
}

impl Format {
    /// What is asked for: by name, or as a media type.
    fn of(name: Option<&str>, headers: &HeaderMap) -> Result<Self, Error> {
        let accepts = |kind: &str| {
            let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
            accepted
                .flat_map(|value| value.split(','))
                .any(|one| one.split(';').next().is_some_and(|one| one.trim().eq_ignore_ascii_case(kind)))
        };
        match name {
            Some("ndjson") => Ok(Self::Ndjson),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Error::invalid("format", "must be ndjson or csv")),
            None if accepts("text/csv") && !accepts("application/x-ndjson") => Ok(Self::Csv),
            None => Ok(Self::Ndjson),
        }
    }

    /// Its media type, and how the names of files end.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Ndjson => ("application/x-ndjson", "ndjson"),
            Self::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        }
    }

    fn write(self, part: &LogExportPart) -> Result<Vec<u8>, CutOff> {
        match self {
            Self::Ndjson => {
                let mut text = Vec::new();
                part.write(&mut text)?;
                Ok(text)
            }
            Self::Csv => Ok(super::csv::rows(part)?),
        }
    }
}

/// Exports the organization's audit log, as NDJSON that can be verified offline or as CSV.
///
/// NDJSON is one JSON object a line, each with its `type`; `rollcall audit verify FILE` verifies it offline, and
/// docs/audit-log-format.md describes it. The first line is `begin`, with the checkpoint that the events lead to. Then comes an
/// `event` for each, in the order of the log, with its canonical leaf byte by byte, and beside it what identifies persons in it
/// (null where that was erased); and in between, where the log was as long as it says, each `checkpoint` that was issued before.
/// The last line is `end`. Without `end` the export was cut off: because the caller lost the right to it, because the client did
/// not read on, because it took longer than an hour, or because events that the plan keeps no longer went before they were read.
/// With `since` or `until` it holds the events of that time, and any that stand between them in the log. The export itself is
/// logged as an event, which is part of it while the log is on.
///
/// CSV has a row for each of the same events, and proves nothing. A value that begins like a formula has a quote before it.
///
/// An organization can run one export at a time on a node, and so can a person; a second one is answered 409 `export_running`.
/// `HEAD` answers with the header fields and starts no export.
#[utoipa::path(get, path = "/v1/audit/export", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(ExportQuery),
    responses((status = 200, description = "The lines", body = String, content_type = "application/x-ndjson",
        headers(("Content-Disposition" = String)))))]
pub(super) async fn export_audit_log(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    method: Method,
    headers: HeaderMap,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let format = Format::of(query.format.as_deref(), &headers)?;
    let mut fields = Fields::default();
    let since = query.since.as_deref().and_then(|text| fields.moment("since", text));
    let until = query.until.as_deref().and_then(|text| fields.moment("until", text));
    fields.result()?;
    let body = if method == Method::HEAD {
        audit::permit_export(&api.app, &principal, since, until).await?;
        unread()
    } else {
        let mut export = audit::export(&api.app, &principal, since, until).await?;
        // The first part before the answer, so that whatever is wrong from the start is told as usual.
        let first = export.next().await?;
        let (chunks, body) = streamed(&api.settings);
        tokio::spawn(send(format, export, first, chunks).instrument(Span::current()));
        body
    };
    let (media_type, ending) = format.names();
    let name = format!("attachment; filename=\"audit-{}.{ending}\"", api.app.now().date());
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Sends part after part, until the last or until something is in the way.
async fn send(format: Format, export: LogExport, first: Option<LogExportPart>, chunks: Chunks) {
    if let Err(reason) = try_send(format, export, first, chunks).await {
        tracing::warn!(reason = %ErrorChain(&reason), "an export of an audit log was cut off");
    }
}

async fn try_send(
    format: Format,
    mut export: LogExport,
    first: Option<LogExportPart>,
    chunks: Chunks,
) -> Result<(), CutOff> {
    let mut part = first;
    while let Some(current) = part {
        let text = format.write(&current)?;
        if !text.is_empty() {
            chunks.send(text).await?;
        }
        part = export.next().await?;
    }
    // Whoever has read to the end may begin another at once.
    drop(export);
    Ok(chunks.end().await?)
}
