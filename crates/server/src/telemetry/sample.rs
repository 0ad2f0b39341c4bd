//! Which traces are sent.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

/// A part of all traces, chosen by their ids, so that other services that go by the same part choose the same ones.
///
/// A trace begins with a request. Whoever sends one can say that its trace is not to be kept, but not that it is: the collector is ours,
/// and anybody can send requests. What nodes do by themselves, every second, is in no trace.
#[derive(Debug, Clone)]
pub(super) struct Sampled {
    /// Ids below this, of 63 bits, are chosen.
    below: u64,
}

impl Sampled {
    /// So much of all, between 0 and 1.
    pub(super) fn at(ratio: f64) -> Self {
        const ALL: u64 = 1 << 63;
        Self { below: (ratio.clamp(0.0, 1.0) * ALL as f64) as u64 }
    }

    fn chooses(&self, trace: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.below
    }
}

impl ShouldSample for Sampled {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _: &str,
        kind: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let parent =
            parent.map(|parent| parent.span().span_context().clone()).filter(|parent| parent.is_valid());
        let is_sampled = match parent {
            Some(parent) if parent.is_remote() => parent.is_sampled() && self.chooses(trace),
            Some(parent) => parent.is_sampled(),
            None => *kind == SpanKind::Server && self.chooses(trace),
        };
        let decision = if is_sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::NONE }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    use super::*;

    fn is_sampled(ratio: f64, parent: Option<(bool, bool)>, kind: SpanKind, trace: u128) -> bool {
        let trace = TraceId::from(trace);
        let parent = parent.map(|(is_remote, is_sampled)| {
            let flags = TraceFlags::default().with_sampled(is_sampled);
            let parent = SpanContext::new(trace, SpanId::from(1), flags, is_remote, TraceState::NONE);
            Context::new().with_remote_span_context(parent)
        });
        let sampled = Sampled::at(ratio).should_sample(parent.as_ref(), trace, "", &kind, &[], &[]);
        sampled.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_trace_begins_with_a_request_and_outsiders_can_only_ask_for_less() {
        let (low, high) = (1, u128::from(u64::MAX));
        for (ratio, chosen) in [(0.0, false), (0.5, true), (1.0, true)] {
            assert_eq!(is_sampled(ratio, None, SpanKind::Server, low), chosen, "{ratio}");
            assert_eq!(is_sampled(ratio, Some((true, true)), SpanKind::Server, low), chosen, "{ratio}");
            assert!(!is_sampled(ratio, Some((true, false)), SpanKind::Server, low), "{ratio}");
            assert!(!is_sampled(ratio, None, SpanKind::Internal, low), "{ratio}");
            // What belongs to a request goes with it.
            assert!(is_sampled(ratio, Some((false, true)), SpanKind::Internal, high), "{ratio}");
            assert!(!is_sampled(ratio, Some((false, false)), SpanKind::Internal, low), "{ratio}");
        }
        assert!(!is_sampled(0.5, None, SpanKind::Server, high));
        assert!(is_sampled(1.0, None, SpanKind::Server, high));
    }
}
