//! Which traces are sent.

use std::hash::{BuildHasher, RandomState};

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

/// A part of all traces, chosen by their ids under a key that this process has drawn: all requests of a trace are chosen here or
/// none is, and nobody can make up an id that is.
///
/// A trace begins with a request. Whoever sends one can say that its trace is not to be kept, but not that it is: the collector is ours,
/// and anybody can send requests. What nodes do by themselves, every second, is in no trace.
#[derive(Debug, Clone)]
pub(super) struct Sampled {
    /// Ids whose hash is below this, of 63 bits, are chosen.
    below: u64,
    key: RandomState,
}

impl Sampled {
    /// So much of all, between 0 and 1.
    pub(super) fn at(ratio: f64) -> Self {
        const ALL: u64 = 1 << 63;
        Self { below: (ratio.clamp(0.0, 1.0) * ALL as f64) as u64, key: RandomState::new() }
    }

    fn chooses(&self, trace: TraceId) -> bool {
        self.key.hash_one(trace.to_bytes()) >> 1 < self.below
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

    fn is_sampled(sampled: &Sampled, parent: Option<(bool, bool)>, kind: SpanKind, trace: u128) -> bool {
        let trace = TraceId::from(trace);
        let parent = parent.map(|(is_remote, is_sampled)| {
            let flags = TraceFlags::default().with_sampled(is_sampled);
            let parent = SpanContext::new(trace, SpanId::from(1), flags, is_remote, TraceState::NONE);
            Context::new().with_remote_span_context(parent)
        });
        let sampled = sampled.should_sample(parent.as_ref(), trace, "", &kind, &[], &[]);
        sampled.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_trace_begins_with_a_request_and_outsiders_can_only_ask_for_less() {
        for (ratio, chosen) in [(0.0, false), (1.0, true)] {
            let sampled = Sampled::at(ratio);
            for trace in [1, u128::from(u64::MAX), u128::MAX] {
                assert_eq!(is_sampled(&sampled, None, SpanKind::Server, trace), chosen, "{ratio}");
                assert_eq!(
                    is_sampled(&sampled, Some((true, true)), SpanKind::Server, trace),
                    chosen,
                    "{ratio}"
                );
                assert!(!is_sampled(&sampled, Some((true, false)), SpanKind::Server, trace), "{ratio}");
                assert!(!is_sampled(&sampled, None, SpanKind::Internal, trace), "{ratio}");
                // What belongs to a request goes with it.
                assert!(is_sampled(&sampled, Some((false, true)), SpanKind::Internal, trace), "{ratio}");
                assert!(!is_sampled(&sampled, Some((false, false)), SpanKind::Internal, trace), "{ratio}");
            }
        }
    }

    #[test]
    fn no_id_is_chosen_by_every_process_and_each_chooses_its_part() {
        let (one, other) = (Sampled::at(0.5), Sampled::at(0.5));
        let chosen = |sampled: &Sampled| -> Vec<bool> {
            (1..=1000).map(|trace| is_sampled(sampled, Some((true, true)), SpanKind::Server, trace)).collect()
        };
        // Sixteen standard deviations from the half of them at the most, which is by chance never.
        let count = chosen(&one).into_iter().filter(|chosen| *chosen).count();
        assert!((250..=750).contains(&count), "{count}");
        assert_ne!(chosen(&one), chosen(&other));
        assert_eq!(chosen(&one), chosen(&one.clone()), "a trace is chosen or not");
    }
}
