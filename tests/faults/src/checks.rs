//! What must be so after everything has healed: nothing that was acknowledged is lost, nothing is there twice, and everybody was told.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{
    cluster::DATABASE,
    journal::{Change, Wrong},
    kills::TO_PURGE,
    node::rollcall,
    stage::Stage,
};

/// How long what waits may take to get out, and how long it may take to look at all logs.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the platform's own log is called in the database.
const PLATFORM: &str = "org_00000000000000000000000000";

/// How often it is looked whether anything waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What must not wait for ever. The last two wait for their next attempt, or until the lease of a node that died has run out: they are put
/// forward, as time would.
const QUEUES: [(&str, &str, Option<&str>); 3] = [
    ("events without a place in their logs", "SELECT 1 AS one FROM audit_queue LIMIT 1", None),
    (
        "letters",
        "SELECT 1 AS one FROM mails WHERE state = 'queued' LIMIT 1",
        Some("UPDATE mails SET due_at = now() - interval '1 hour' WHERE state = 'queued' AND due_at > now()"),
    ),
    (
        "deliveries",
        "SELECT 1 AS one FROM deliveries WHERE state = 'queued' LIMIT 1",
        Some(
            "WITH on_time AS (UPDATE deliveries SET due_at = now() - interval '1 hour' WHERE state = 'queued' AND due_at > now())
             UPDATE subscribers SET paused_until = NULL WHERE paused_until > now()",
        ),
    ),
];

impl Stage {
    /// Looks at everything; what is wrong is in the journal.
    pub(crate) async fn check(&self) {
        for (what, query, put_forward) in QUEUES {
            self.none_left(what, query, put_forward).await;
        }
        self.hook.checkpoints().values().for_each(|note| self.journal.signed(note));
        self.check_logs().await;
        self.check_changes().await;
        self.check_names().await;
        self.check_states().await;
        self.check_webhooks();
        self.check_witnesses().await;
        for address in self.journal.mailed_to() {
            if !self.mailbox.has(&self.smtp, &address) {
                self.journal.wrong(Wrong::Lost, format!("no mail got to {address}"));
            }
        }
    }

    /// The webhooks were told of everything, each event under one id.
    fn check_webhooks(&self) {
        for (change, bounds) in self.journal.changes() {
            if !change.action.starts_with("escalation.") || bounds.least == 0 {
                continue;
            }
            let ids = self.hook.told(change.action, &change.target);
            if ids.is_empty() {
                self.journal.wrong(Wrong::Lost, format!("the webhook was not told {change:?}"));
            } else if ids.len() as u64 > bounds.most {
                self.journal.wrong(Wrong::Twice, format!("{change:?} was told as {ids:?}"));
            }
        }
    }

    /// The witnesses were sent every checkpoint that was to be sent, each of which is in the log once.
    async fn check_witnesses(&self) {
        let query = "SELECT type_id('delivery', delivery_id) AS id, data ->> 'checkpoint' AS note, state FROM deliveries
                      WHERE topic = 'checkpoints' AND state IN ('sent', 'failed')";
        let taken = self.hook.checkpoints();
        for row in self.cluster.read().await.rows(query).await {
            let id = row["id"].as_str().unwrap_or_default();
            if taken.get(id).map(String::as_str) != row["note"].as_str() {
                let why = format!("the checkpoint {id} is {}, and has not got to the witness", row["state"]);
                self.journal.wrong(Wrong::Lost, why);
            }
        }
        let query = "SELECT type_id('org', o.org_id) AS id, s.events, d.sent
                       FROM organizations o
                      CROSS JOIN LATERAL (SELECT count(*) AS events FROM audit_events e
                                           WHERE e.org_id = o.org_id AND e.action = 'audit_log.checkpoint_sent') s
                      CROSS JOIN LATERAL (SELECT count(*) AS sent FROM deliveries d
                                           WHERE d.org_id = o.org_id AND d.topic = 'checkpoints') d
                      WHERE s.events <> d.sent";
        for row in self.cluster.read().await.rows(query).await {
            let why = format!(
                "{} checkpoints were to be sent, by the log of {} {}",
                row["sent"], row["id"], row["events"]
            );
            self.journal.wrong(Wrong::Twice, why);
        }
    }

    /// Looks whether the organizations whose time was over are gone, each once.
    pub(crate) async fn check_purge(&self) {
        // A node looks for them when it starts.
        self.terminate(&self.nodes[0]).await;
        self.nodes[0].start(None).await;
        self.none_left("deleted organizations", TO_PURGE, None).await;
        let twice = "SELECT target_id, count(*) AS times FROM audit_events
                      WHERE action = 'organization.purged' GROUP BY 1 HAVING count(*) > 1";
        for row in self.cluster.read().await.rows(twice).await {
            self.journal
                .wrong(Wrong::Twice, format!("the log says twice that {} was purged", row["target_id"]));
        }
    }

    /// Looks whether nothing is left of sound that was deleted, and all of what was not.
    pub(crate) async fn check_sound(&self) {
        // What came in while it was deleted is looked for once more, an hour later.
        let due = "UPDATE recording_remains SET due_at = '-infinity'";
        self.none_left("remains of recordings", "SELECT 1 AS one FROM recording_remains LIMIT 1", Some(due))
            .await;
        let query = "SELECT type_id('rec', recording_id) AS id, state FROM recordings";
        let rows = self.cluster.read().await.rows(query).await;
        let mut recordings: BTreeMap<_, _> =
            rows.iter().map(|row| (row["id"].as_str().unwrap_or_default(), row["state"] == "kept")).collect();
        for organization in entries(&self.setting.recordings()) {
            for recording in entries(&organization) {
                let id = recording.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if recordings.remove(id.as_str()).is_none() {
                    self.journal.wrong(Wrong::Lost, format!("{id} is no more, and its sound is still there"));
                }
            }
        }
        for (id, _) in recordings.into_iter().filter(|(_, kept)| *kept) {
            self.journal.wrong(Wrong::Lost, format!("{id} has no sound"));
        }
    }

    /// Waits until a query finds nothing any more.
    pub(crate) async fn none_left(&self, what: &str, query: &str, put_forward: Option<&str>) {
        let deadline = Instant::now() + PATIENCE;
        let mut looks = 0;
        loop {
            let cluster = self.cluster.read().await;
            if cluster.rows(query).await.is_empty() {
                return;
            }
            // Not each time: what is being sent would be sent again.
            if let Some(statement) = put_forward
                && looks % 100 == 0
            {
                cluster.execute(statement).await;
            }
            drop(cluster);
            if Instant::now() > deadline {
                self.journal.wrong(Wrong::Stuck, format!("{what} still wait after {PATIENCE:?}"));
                return;
            }
            looks += 1;
            sleep(LOOK_EVERY).await;
        }
    }

    /// Every audit log is what it was, and continues each checkpoint that was given out of it.
    async fn check_logs(&self) {
        let url = self.cluster.read().await.url(DATABASE);
        let mut command = rollcall(&self.setting, &url);
        command.args(["audit", "check"]);
        for (number, note) in self.journal.take_signed().into_iter().enumerate() {
            let file = self.setting.folder.join(format!("checkpoint {number}"));
            fs::write(&file, note).unwrap();
            command.arg("--checkpoint").arg(file);
        }
        // It is killed when it is waited for no more.
        let Ok(output) = timeout(PATIENCE, command.output()).await else {
            let why = format!("`rollcall audit check` has not ended after {PATIENCE:?}");
            self.journal.wrong(Wrong::Stuck, why);
            return;
        };
        let output = output.unwrap();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let why = format!(
                "`rollcall audit check`: {} {said}{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
            self.journal.wrong(Wrong::Lost, why);
        }
    }

    /// Every change that was acknowledged is in its audit log once, and in its tree.
    async fn check_changes(&self) {
        let query = "SELECT type_id('org', e.org_id) AS org, e.action, e.target_id, count(*) AS events, count(l.idx) AS leaves
                       FROM audit_events e LEFT JOIN audit_leaves l USING (org_id, event_id)
                      WHERE e.outcome = 'success' AND e.target_id IS NOT NULL
                      GROUP BY 1, 2, 3";
        let rows = self.cluster.read().await.rows(query).await;
        let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let kept: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let count = |field: &str| row[field].as_u64().unwrap_or_default();
                let of = (text(row, "org"), text(row, "action"), text(row, "target_id"));
                (of, (count("events"), count("leaves")))
            })
            .collect();
        for (change, bounds) in self.journal.changes() {
            let Change { organization, action, target } = &change;
            // Accounts are of no organization.
            let log = match *action {
                "account.deleted" => PLATFORM,
                _ => self.organizations[*organization].id.as_str(),
            };
            let of = (log.to_owned(), (*action).to_owned(), target.clone());
            let (events, leaves) = kept.get(&of).copied().unwrap_or_default();
            if events < bounds.least {
                self.journal.wrong(Wrong::Lost, format!("{change:?}: {events} events, not {}", bounds.least));
            } else if events > bounds.most {
                self.journal.wrong(Wrong::Twice, format!("{change:?}: {events} events, not {}", bounds.most));
            } else if leaves != events {
                self.journal.wrong(Wrong::Lost, format!("{change:?}: {events} events, {leaves} in the tree"));
            }
        }
    }

    /// What was made under a name that is given once is there once.
    async fn check_names(&self) {
        let query = "SELECT name, count(*) AS times FROM (SELECT name FROM api_keys UNION ALL SELECT email FROM invitations
                            UNION ALL SELECT external_id FROM calls) n (name) GROUP BY name HAVING count(*) > 1";
        let names = self.journal.names();
        for row in self.cluster.read().await.rows(query).await {
            let name = row["name"].as_str().unwrap_or_default();
            if names.contains(name) {
                self.journal.wrong(Wrong::Twice, format!("{name} is there {} times", row["times"]));
            }
        }
    }

    /// What was acknowledged last of a thing is how it is.
    async fn check_states(&self) {
        // Each query tells what is as it should not be any more after these actions.
        let states = [
            ("member.removed", "SELECT type_id('user', user_id) AS id FROM members"),
            ("account.deleted", "SELECT type_id('user', user_id) AS id FROM members"),
            ("api_key.revoked", "SELECT type_id('key', key_id) AS id FROM api_keys WHERE revoked_at IS NULL"),
            ("call.updated", "SELECT type_id('call', call_id) AS id FROM calls WHERE ended_at IS NULL"),
            (
                "escalation.resolved",
                "SELECT type_id('esc', escalation_id) AS id FROM escalations WHERE status <> 'resolved'",
            ),
            (
                "invitation.accepted",
                "SELECT type_id('inv', invitation_id) AS id FROM invitations WHERE state = 'pending'",
            ),
            ("recording.deleted", "SELECT type_id('rec', recording_id) AS id FROM recordings"),
        ];
        let changes = self.journal.changes();
        for (action, query) in states {
            let rows = self.cluster.read().await.rows(query).await;
            let left: std::collections::BTreeSet<_> =
                rows.iter().filter_map(|row| row["id"].as_str()).collect();
            for (change, bounds) in &changes {
                if change.action == action && bounds.least > 0 && left.contains(change.target.as_str()) {
                    self.journal.wrong(Wrong::Lost, format!("{change:?} is in the log, and is not so"));
                }
            }
        }
    }
}

/// What is in a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
