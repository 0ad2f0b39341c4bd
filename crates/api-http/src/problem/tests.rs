//! What problems look like.

use super::*;

#[test]
fn codes_and_statuses_agree() {
    let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| code.status().is_client_error() || code.status().is_server_error()));
}

#[test]
fn attack_36_internal_errors_say_nothing() {
    let problem = Problem::from(Error::Internal("SELECT password FROM users at /srv/x.rs".into()));
    let body = serde_json::to_string(&problem.0).expect("JSON");
    assert!(!body.contains("SELECT") && !body.contains("/srv"), "{body}");
}
