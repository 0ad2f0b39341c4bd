//! What the service reaches: databases, mail, stores and collectors.

use rollcall_domain::{hosts::is_this_machine, secret::Secret};
use url::Url;

use super::{Finding, Weight};
use crate::settings::{Settings, database_url};

impl Settings {
    pub(super) fn find_in_servers(&self, found: &mut Vec<Finding>) {
        use Weight::{Odd, Unsafe};
        let values = &self.values;
        let mut find = |is_so: bool, weight, setting, text: String| {
            if is_so {
                found.push(Finding { weight, setting, text });
            }
        };
        let database = &values.database;
        for (setting, url) in self.database_urls() {
            let Ok(Some(url)) = database_url(url) else { continue };
            let unread = url.unread();
            find(
                !unread.is_empty(),
                Odd,
                setting,
                format!("has parameters that nothing reads: {}. Take them away", unread.join(", ")),
            );
            find(
                !url.is_this_machine() && !url.asks_who_answers(),
                Unsafe,
                setting,
                "leads over the network without looking who answers. Add ?sslmode=verify-full, and sslrootcert if its authority is your own".to_owned(),
            );
        }
        find(
            database.migration_url.expose().is_empty() && is_another_than_the_service(&database.url),
            Odd,
            "ROLLCALL__DATABASE__URL",
            "logs in as somebody else than rollcall_app, as which the service works: it needs no other rights. Name rollcall_app here, and who may change the schema in ROLLCALL__DATABASE__MIGRATION_URL, for `rollcall migrate` alone".to_owned(),
        );
        find(
            !database.migration_url.expose().is_empty() && !database.migrate_on_start,
            Odd,
            "ROLLCALL__DATABASE__MIGRATION_URL",
            "is set, which only `rollcall migrate` wants: a node that serves needs no right to change the schema. Set it for `rollcall migrate` alone".to_owned(),
        );
        find(
            database.migrate_on_start,
            Odd,
            "ROLLCALL__DATABASE__MIGRATE_ON_START",
            "is true: a node that is started by mistake changes the schema for all. Run `rollcall migrate` by itself".to_owned(),
        );
        find(
            values.email.from.contains("localhost"),
            Odd,
            "ROLLCALL__EMAIL__FROM",
            "is not an address of yours, so mail servers will refuse the mails. Set it".to_owned(),
        );
        find(
            values.recordings.store.is_empty() && values.data_dir.is_relative(),
            Odd,
            "ROLLCALL__RECORDINGS__STORE",
            "is not set, so recordings lie below wherever each node is started. Set it to a directory that all nodes share, or to s3://bucket/prefix".to_owned(),
        );
        find(
            is_in_clear(&values.recordings.s3_endpoint),
            Unsafe,
            "ROLLCALL__RECORDINGS__S3_ENDPOINT",
            "is reached over the network without TLS. Use https://".to_owned(),
        );
        let telemetry = &values.telemetry;
        find(
            is_in_clear(&telemetry.otlp_endpoint),
            if telemetry.otlp_authorization.expose().is_empty() { Odd } else { Unsafe },
            "ROLLCALL__TELEMETRY__OTLP_ENDPOINT",
            "is reached over the network without TLS, with all that traces tell and ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION. Use https://, or a collector on this machine".to_owned(),
        );
        let level = values.log.level.to_ascii_lowercase();
        find(
            level.contains("debug") || level.contains("trace"),
            Odd,
            "ROLLCALL__LOG__LEVEL",
            "writes down what libraries are doing, much of it, and more than anybody has looked at for personal data. Use info".to_owned(),
        );
        find(
            values.log.format == "text",
            Odd,
            "ROLLCALL__LOG__FORMAT",
            "is text, which programs read badly. Use json".to_owned(),
        );
        if self.audit_origin_is_derived()
            && let Ok(origin) = self.audit_origin(values.http.address)
        {
            find(
                true,
                Odd,
                "ROLLCALL__AUDIT__ORIGIN",
                format!(
                    "is not set, so checkpoints of audit logs are signed as {origin}, after http.public_url. Set it to that: then the logs keep their name when the URL changes"
                ),
            );
        }
    }
}

fn is_another_than_the_service(url: &Secret) -> bool {
    database_url(url).is_ok_and(|url| url.is_some_and(|url| url.user() != "rollcall_app"))
}

fn is_in_clear(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !url.host_str().is_none_or(is_this_machine))
}
