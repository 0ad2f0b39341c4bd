//! Spans of SQL statements, made of what sqlx tells when each is over. They belong to the unit of work that is open, or to the request.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use rollcall_application::trace::UNIT;
use tracing::{
    Dispatch, Event, Subscriber,
    dispatcher::WeakDispatch,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Under which target sqlx tells of statements.
pub(super) const TARGET: &str = "sqlx::query";

/// The most bytes of a statement's text in its span.
const LONGEST: usize = 2048;

/// Makes the spans.
pub(super) struct Statements {
    tracer: SdkTracer,
    dispatch: OnceLock<WeakDispatch>,
}

/// The units of work that are open in a request, the newest last. Their futures do not run within them, as a unit is a value, not
/// a piece of code; that they are open is what says whose a statement is.
struct Open(Vec<Id>);

impl Statements {
    pub(super) fn new(tracer: SdkTracer) -> Self {
        Self { tracer, dispatch: OnceLock::new() }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Statements {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // Once.
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() != UNIT {
            return;
        }
        if let Some(request) = context.span(id).and_then(|unit| unit.parent()) {
            let mut extensions = request.extensions_mut();
            match extensions.get_mut::<Open>() {
                Some(Open(units)) => units.push(id.clone()),
                None => extensions.insert(Open(vec![id.clone()])),
            }
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(request) = context.span(&id).and_then(|unit| unit.parent())
            && let Some(Open(units)) = request.extensions_mut().get_mut::<Open>()
        {
            units.retain(|unit| *unit != id);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "when a statement was over is the system's time, as of every span"
    )]
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(within) = context.event_span(event) else { return };
        let open = within.extensions().get::<Open>().and_then(|Open(units)| units.last().cloned());
        let Some(dispatch) = self.dispatch.get().and_then(WeakDispatch::upgrade) else { return };
        let Some(parent) = get_otel_context(&open.unwrap_or_else(|| within.id()), &dispatch) else { return };
        // Nobody would get it, so it costs nothing.
        if !parent.span().span_context().is_sampled() {
            return;
        }
        let mut statement = Statement::default();
        event.record(&mut statement);
        let end = SystemTime::now();
        let start = end.checked_sub(statement.elapsed).unwrap_or(end);
        let text = statement.text();
        let (operation, summary) = summary(text);
        let mut attributes = vec![
            KeyValue::new("db.system.name", "postgresql"),
            KeyValue::new("db.operation.name", operation),
            KeyValue::new("db.query.text", cut(without_literals(text))),
        ];
        if let Some(rows) = statement.rows {
            attributes.push(KeyValue::new("db.response.returned_rows", rows));
        }
        let builder = SpanBuilder::from_name(summary)
            .with_kind(SpanKind::Client)
            .with_start_time(start)
            .with_attributes(attributes);
        self.tracer.build_with_context(builder, &parent).end_with_timestamp(end);
    }
}

/// What sqlx tells of a statement.
#[derive(Default)]
struct Statement {
    /// The statement, if it is short, or how it begins.
    summary: String,
    /// The statement, if it is not.
    whole: String,
    elapsed: Duration,
    rows: Option<i64>,
}

impl Statement {
    fn text(&self) -> &str {
        match self.whole.trim() {
            "" => &self.summary,
            whole => whole,
        }
    }
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows = i64::try_from(value).ok();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// What a statement does, and to what: `SELECT`, and `SELECT invitations`.
fn summary(text: &str) -> (String, String) {
    let mut words =
        text.split(|c: char| c.is_whitespace() || "(),;".contains(c)).filter(|word| !word.is_empty());
    let operation = words.next().unwrap_or("SQL").to_ascii_uppercase();
    let mut of = None;
    if operation == "UPDATE" {
        of = words.next();
    } else {
        while let Some(word) = words.next() {
            if ["FROM", "INTO"].contains(&word) {
                of = words.next();
                break;
            }
        }
    }
    let is_name = |of: &&str| of.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let summary = match of.filter(is_name) {
        Some(of) => format!("{operation} {of}"),
        None => operation.clone(),
    };
    (operation, summary)
}

/// A statement without what stands in quotes: what a transaction may touch is declared with ids.
fn without_literals(text: &str) -> String {
    let mut parts = text.split('\'');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    while let (Some(_), after) = (parts.next(), parts.next()) {
        kept.push('?');
        kept.push_str(after.unwrap_or_default());
    }
    kept
}

/// How a text begins, if it is long.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_is_long_is_cut_between_characters() {
        assert_eq!(cut("x".repeat(LONGEST)).len(), LONGEST);
        assert_eq!(cut("x".repeat(LONGEST + 1)).len(), LONGEST);
        assert_eq!(cut(format!("{}ä", "x".repeat(LONGEST - 1))), "x".repeat(LONGEST - 1));
    }

    #[test]
    fn a_statement_is_named_by_what_it_does_to_what() {
        for (text, named) in [
            ("SELECT role FROM members WHERE org_id = $1", "SELECT members"),
            ("SELECT org_id FROM directory_session($1)", "SELECT directory_session"),
            ("INSERT INTO mails (org_id) VALUES ($1)", "INSERT mails"),
            ("UPDATE sessions SET ended_at = $1", "UPDATE sessions"),
            ("DELETE FROM mails", "DELETE mails"),
            ("BEGIN; SET LOCAL rollcall.org_id = 'x'", "BEGIN"),
            ("COMMIT", "COMMIT"),
            ("SELECT purge_rows($1, $2, $3)", "SELECT"),
            ("", "SQL"),
        ] {
            assert_eq!(summary(text).1, named);
        }
    }

    #[test]
    fn asvs_16_2_5_what_stands_in_quotes_is_in_no_span() {
        for (text, kept) in [
            (
                "SET LOCAL rollcall.org_id = '0191-ab'; SET LOCAL rollcall.task = ''",
                "SET LOCAL rollcall.org_id = ?; SET LOCAL rollcall.task = ?",
            ),
            ("SELECT 1", "SELECT 1"),
            ("SELECT 'it''s', x", "SELECT ??, x"),
            ("SELECT 'never ends", "SELECT ?"),
        ] {
            assert_eq!(without_literals(text), kept);
        }
    }
}
