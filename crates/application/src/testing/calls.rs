//! Calls that unit tests are about.

use rollcall_domain::{
    CallId,
    calls::{Call, Direction, Facts, Metadata, Times},
};

use super::NOW;

/// A call that goes on.
pub(crate) fn call(number: u8) -> Call {
    Call {
        id: CallId::from_parts(0, &[number; 10]),
        facts: Facts {
            external_id: format!("CA{number}").parse().expect("a name"),
            direction: Direction::Inbound,
            agent_ref: Some("agent_7".parse().expect("a name")),
            times: Times::new(NOW, None).expect("times"),
            from: Some("+14155550100".parse().expect("a number")),
            to: Some("+14155550199".parse().expect("a number")),
            metadata: Metadata::default(),
        },
        created_at: NOW,
        has_recording: false,
        version: 1,
    }
}
