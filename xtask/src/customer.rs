//! A customer to take pictures of: a dental group whose calls are answered by a machine, and by people where it cannot.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    demo::{Demo, PASSWORD},
    process::Result,
};

/// Who runs it.
pub(crate) const OWNER: &str = "priya.raman@harbor.example";
/// Who answers its calls.
pub(crate) const AGENT: &str = "maria.santos@harbor.example";
/// Who signs in with a second factor.
pub(crate) const WITH_SECOND_FACTOR: &str = "daniel.okafor@harbor.example";
/// Who might be invited at once.
pub(crate) const TO_INVITE: &str =
    "lena.fischer@harbor.example\nomar.haddad@harbor.example\nSofia Rossi <sofia.rossi@harbor.example>\n";

/// Who works there beside the Owner, and as what.
const TEAM: [(&str, &str, &str); 7] = [
    ("admin", "Daniel Okafor", WITH_SECOND_FACTOR),
    ("customer_support_agent", "Maria Santos", AGENT),
    ("customer_support_agent", "Tom Becker", "tom.becker@harbor.example"),
    ("customer_support_agent", "Aiko Tanaka", "aiko.tanaka@harbor.example"),
    ("member", "Julia Novák", "julia.novak@harbor.example"),
    ("member", "Hassan Ali", "hassan.ali@harbor.example"),
    ("viewer", "Samuel Ortiz", "samuel.ortiz@agency.example"),
];

/// Who is invited, and as what.
const INVITED: [(&str, &str); 2] =
    [("nora.lind@harbor.example", "customer_support_agent"), ("ben.carter@harbor.example", "viewer")];

/// The number that its patients call.
const OURS: &str = "+14155550100";

/// Whoever called or was called, which of the machine's agents answered, how many minutes ago that was, and for how many seconds.
const CALLS: [(&str, &str, &str, i32, i32); 10] = [
    ("inbound", "+1 415 555 0142", "Front desk", 6, 184),
    ("inbound", "+1 415 555 0177", "Front desk", 19, 412),
    ("outbound", "+1 628 555 0119", "Appointment reminders", 34, 41),
    ("outbound", "+1 628 555 0163", "Appointment reminders", 36, 66),
    ("inbound", "+1 510 555 0108", "Front desk", 58, 233),
    ("inbound", "+1 415 555 0155", "Billing", 81, 507),
    ("inbound", "+1 650 555 0191", "Front desk", 103, 129),
    ("outbound", "+1 415 555 0126", "Appointment reminders", 131, 38),
    ("inbound", "+1 925 555 0134", "Billing", 164, 351),
    ("inbound", "+1 415 555 0180", "Front desk", 190, 97),
];

/// What was said in the second of them.
const SAID: [(&str, &str); 8] = [
    ("agent", "Harbor Dental, this is the front desk assistant. How can I help you?"),
    ("caller", "Hi, I have an appointment on Thursday at ten and I need to move it."),
    ("agent", "Of course. May I have the phone number that we have on file?"),
    ("caller", "It’s 415 555 0177."),
    ("agent", "Thank you. I see Thursday the 14th at 10:00 with Dr. Whitman. What would suit you better?"),
    ("caller", "Any afternoon the week after. And I would like to ask somebody about the bill for my crown."),
    (
        "agent",
        "Tuesday the 19th at 2:30 p.m. is free, and I have moved your appointment there. I am connecting you with billing now.",
    ),
    ("caller", "Perfect, thank you."),
];

/// What waits for a human: why, how urgent it is, what it takes, and for how many seconds it has waited.
const WAITING: [(&str, u8, &[&str], i32); 4] = [
    ("Severe toothache, wants to be seen today", 9, &["triage"], 48),
    ("Question about the bill for a crown", 5, &["billing"], 134),
    ("Wants to speak Spanish with somebody", 5, &["spanish"], 87),
    ("Reschedule an appointment for two children", 3, &[], 215),
];

/// Makes everything that there is to be seen of it; gives back the id of the call whose transcript there is.
pub(crate) async fn fill(demo: &Demo, database_url: &str) -> Result<String> {
    let mut database = PgConnection::connect(database_url).await?;
    let owner = demo.owner("Priya Raman", OWNER, "Harbor Dental Group").await?;
    demo.ask(Method::PATCH, "/v1/me", &owner, &json!({"time_zone": zone()?})).await?;
    demo.ask(Method::PUT, "/v1/billing/plan", &owner, &json!({"plan": "pro"})).await?;
    demo.ask(Method::PUT, "/v1/billing/plan", &owner, &json!({"plan": "enterprise"})).await?;
    for control in ["audit_log", "call_recording", "phi_protection"] {
        demo.ask(Method::PATCH, "/v1/security", &owner, &json!({control: {"enabled": true}})).await?;
    }
    for (role, name, email) in TEAM {
        demo.invited(&owner, role, name, email).await?;
    }
    for (email, role) in INVITED {
        demo.ask(Method::POST, "/v1/invitations", &owner, &json!({"email": email, "role": role})).await?;
    }
    let platform = keys(demo, &owner).await?;
    let calls = calls(demo, &platform, &mut database).await?;
    agents(demo, &owner).await?;
    for (at, (reason, priority, skills, seconds)) in WAITING.iter().enumerate() {
        let call = json!({
            "external_id": format!("CA{:08x}", 0x7c03_5e11 + at), "direction": "inbound", "agent_ref": "Front desk",
            "started_at": moment(&mut database, seconds + 75).await?, "from": format!("+1408555012{at}"), "to": OURS,
        });
        let call = demo.ask(Method::POST, "/v1/calls", &platform, &call).await?;
        let path = format!("/v1/calls/{}/escalations", call["id"].as_str().ok_or("no call")?);
        let body = json!({"reason": reason, "priority": priority, "skills": skills});
        demo.ask(Method::POST, &path, &platform, &body).await?;
    }
    as_time_would(&mut database).await?;
    Ok(calls[1].clone())
}

/// The programs that work there; gives back what opens the platform's key.
async fn keys(demo: &Demo, owner: &str) -> Result<String> {
    let make = async |name: &str, scopes: &[&str], networks: Option<&[&str]>| -> Result<String> {
        let body = json!({"name": name, "scopes": scopes, "allowed_cidrs": networks});
        let made = demo.ask(Method::POST, "/v1/api-keys", owner, &body).await?;
        Ok(made["secret"].as_str().ok_or("no secret")?.to_owned())
    };
    make("Nightly audit export", &["audit_log:read"], Some(&["203.0.113.0/28"])).await?;
    make(
        "Practice management sync",
        &["calls:read", "analytics:read"],
        Some(&["198.51.100.7/32", "198.51.100.8/32"]),
    )
    .await?;
    make(
        "Voice platform",
        &["calls:read", "calls:write", "escalations:create", "escalations:read", "recordings:read"],
        None,
    )
    .await
}

/// The calls of a morning; gives back their ids.
async fn calls(demo: &Demo, platform: &str, database: &mut PgConnection) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for (at, (direction, other, agent, minutes, seconds)) in CALLS.iter().enumerate() {
        let other = other.replace(' ', "");
        let (from, to) =
            if *direction == "inbound" { (other.as_str(), OURS) } else { (OURS, other.as_str()) };
        let mut body = json!({
            "external_id": format!("CA{:08x}", 0x4f2a_91c0 + at), "direction": direction, "agent_ref": agent,
            "started_at": moment(database, minutes * 60).await?, "from": from, "to": to,
        });
        body["ended_at"] = json!(moment(database, minutes * 60 - seconds).await?);
        let made = demo.ask(Method::POST, "/v1/calls", platform, &body).await?;
        ids.push(made["id"].as_str().ok_or("no call")?.to_owned());
    }
    let mut at = 0;
    let segments: Vec<Value> = SAID
        .iter()
        .map(|(speaker, text)| {
            let began = at;
            at += 900 + 55 * text.len();
            json!({"speaker": speaker, "start_ms": began, "end_ms": at - 400, "text": text})
        })
        .collect();
    demo.ask(
        Method::POST,
        &format!("/v1/calls/{}/transcript", ids[1]),
        platform,
        &json!({"segments": segments}),
    )
    .await?;
    Ok(ids)
}

/// So many seconds ago, as RFC 3339 has it.
async fn moment(database: &mut PgConnection, seconds_ago: i32) -> Result<String> {
    let moment = "SELECT to_char((now() - $1 * interval '1 second') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    Ok(sqlx::query_scalar(moment).bind(f64::from(seconds_ago)).fetch_one(database).await?)
}

/// Who is there, and can do what.
async fn agents(demo: &Demo, owner: &str) -> Result {
    let members =
        demo.ask(Method::GET, "/v1/members?role=customer_support_agent", owner, &Value::Null).await?;
    let skills = [
        ("Maria", json!(["billing", "spanish", "triage"])),
        ("Tom", json!(["billing"])),
        ("Aiko", json!(["triage"])),
    ];
    for (name, skills) in skills {
        let known = members["data"].as_array().into_iter().flatten();
        let agent = known
            .clone()
            .find(|member| member["user"]["name"].as_str().is_some_and(|full| full.starts_with(name)));
        let id = agent.and_then(|agent| agent["user"]["id"].as_str()).ok_or("no such agent")?;
        let body = json!({"capacity": 2, "skills": skills});
        demo.ask(Method::PUT, &format!("/v1/availability/{id}"), owner, &body).await?;
    }
    Ok(())
}

/// Lets agents be there. Whoever is not heard of for a while is not any more, so this comes last.
pub(crate) async fn be_there(demo: &Demo) -> Result {
    let statuses = [
        (AGENT, json!({"status": "offline"})),
        (TEAM[2].2, json!({"status": "available"})),
        (TEAM[3].2, json!({"status": "away", "note": "Back in twenty minutes"})),
    ];
    for (email, status) in statuses {
        let token = demo.sign_in(email).await?.ok_or("no session")?;
        demo.ask(Method::PATCH, "/v1/me", &token, &json!({"time_zone": zone()?})).await?;
        demo.ask(Method::PUT, "/v1/availability/me", &token, &status).await?;
    }
    Ok(())
}

/// Where it is a time of day now at which people work.
#[expect(clippy::disallowed_methods, reason = "pictures show the day on which they are made")]
fn zone() -> Result<&'static str> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(match seconds / 3_600 % 24 {
        0..=5 | 22.. => "Australia/Sydney",
        6..=10 => "Asia/Kolkata",
        11..=16 => "Europe/London",
        17..=21 => "America/Los_Angeles",
    })
}

/// Lets things be as old as they would be: what a service that has just started cannot have seen.
async fn as_time_would(database: &mut PgConnection) -> Result {
    for (reason, _, _, seconds) in WAITING {
        sqlx::query(
            "UPDATE escalations SET created_at = created_at - $2 * interval '1 second' WHERE reason = $1",
        )
        .bind(reason)
        .bind(f64::from(seconds))
        .execute(&mut *database)
        .await?;
    }
    for statement in [
        // Less on weekends, and more of it lately.
        "UPDATE api_keys SET calls_by_day = (
             SELECT jsonb_object_agg((current_date - n)::text,
                 CASE WHEN extract(isodow FROM current_date - n) > 5 THEN 140 + (n * 37) % 90 ELSE 1480 - n * 17 + (n * 211) % 260 END)
               FROM generate_series(0, 29) n)
          WHERE name = 'Voice platform'",
        "UPDATE members m SET joined_at = now() - interval '1 day' * (420 - 31 * p.place),
                last_seen_at = now() - interval '1 minute' * (CASE WHEN p.place < 4 THEN p.place * 2 ELSE p.place * p.place * 71 END)
           FROM (SELECT user_id, org_id, row_number() OVER (PARTITION BY org_id ORDER BY joined_at) AS place FROM members) p
          WHERE p.user_id = m.user_id AND p.org_id = m.org_id",
        "UPDATE users SET mfa_enabled = true WHERE email LIKE 'daniel.%' OR email LIKE 'julia.%'",
    ] {
        database.execute(statement).await?;
    }
    Ok(())
}

/// The password of everybody there.
pub(crate) fn password() -> &'static str {
    PASSWORD
}
