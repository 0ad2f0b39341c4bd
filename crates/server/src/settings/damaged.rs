//! Settings that nobody would make: they are taken, or refused in words that hold no secret.

use std::str::from_utf8;

use rollcall_inputs::tried;

use super::{Profile, Settings};

/// Settings that hold a secret.
const SECRETS: [&str; 5] =
    ["keys.ring", "operator.token", "service.token", "passwords.pepper", "email.smtp_url"];

/// Settings, `name=value` a line: they are taken, or something is said that holds no secret.
fn settings(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let pairs: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    for profile in [Profile::Development, Profile::Production] {
        let Err(problem) = Settings::with(profile, &pairs) else { continue };
        let said = problem.to_string();
        for (name, value) in &pairs {
            // What is as short may stand there by chance.
            assert!(!SECRETS.contains(name) || value.len() < 12 || !said.contains(value), "{said}");
        }
    }
}

#[test]
fn asvs_16_2_5_whatever_is_configured_no_secret_is_said() {
    let good = [
        "http.address=127.0.0.1:0\nhttp.trusted_proxies=10.0.0.0/8, ::1\nkeys.ring=1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "email.smtp_url=smtps://user:a-long-password@mail.example:465\noperator.token=0123456789abcdef0123456789abcdef",
        "plans.pro.seats=250\npasswords.memory_kib=19456\nsessions.idle_hours=24\nlog.level=info",
    ];
    tried(&good, settings);
}
