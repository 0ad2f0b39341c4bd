//! Limits of mails hold at the same moment, too.

use futures_util::future::join_all;
use rollcall_tests::{Answer, Caller, Service};
use serde_json::{Value, json};

/// How many come at once.
const AT_ONCE: usize = 6;

async fn limited(more: &[(&str, &str)]) -> Service {
    Service::start_with(&[&[("limits.enabled", "true")][..], more].concat()).await
}

/// Answers to those who come while nothing can be written to a table, and are let on when all of them have come as far as they get.
async fn rush<F: Future<Output = Answer>>(
    service: &Service,
    table: &str,
    asked: impl IntoIterator<Item = F>,
) -> Vec<Answer> {
    let database = &service.database;
    let held = database.open_transaction(&format!("LOCK TABLE {table} IN SHARE MODE")).await;
    let let_on = async {
        database.lock_waits(AT_ONCE).await;
        held.roll_back().await;
    };
    tokio::join!(join_all(asked), let_on).0
}

async fn ask(caller: Caller, path: &'static str, body: Value) -> Answer {
    caller.post(path, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_gets_only_so_many_mails_though_all_be_asked_for_at_once() {
    let service =
        limited(&[("limits.signups_per_address", "2"), ("limits.password_resets_per_address", "2")]).await;
    let known = Service::new_address("known");
    service.sign_up(&known, "Acme").await;
    let unknown = Service::new_address("unknown");
    service.clock.advance(time::Duration::hours(1));
    service.all_mail_sent().await;
    // What is done is the same, whether or not there is an account.
    for email in [&known, &unknown] {
        for (table, path) in [("signups", "/v1/signup"), ("password_resets", "/v1/password-resets")] {
            let body = match table {
                "signups" => json!({"email": email, "name": "Eve", "organization_name": "Evil"}),
                _ => json!({"email": email}),
            };
            let asked = (0..AT_ONCE).map(|_| ask(service.anonymous(), path, body.clone()));
            let answers = rush(&service, table, asked).await;
            assert_eq!(Answer::count(&answers, 202), AT_ONCE);
            let kept = format!("SELECT 1 AS one FROM {table} WHERE email = '{email}'");
            assert_eq!(service.database.rows(&kept).await.len(), 2, "{table}, {email}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_and_an_organization_cause_only_so_many_mails_though_all_be_asked_for_at_once() {
    let service =
        limited(&[("limits.invitations_per_inviter", "4"), ("limits.invitations_per_organization", "8")])
            .await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (one, _) = service.bring_in(&owner, &Service::new_address("one"), "admin").await;
    let (other, _) = service.bring_in(&owner, &Service::new_address("other"), "admin").await;
    let invite = |caller: &Caller| {
        let body = json!({"email": Service::new_address("invited"), "role": "viewer"});
        ask(caller.clone(), "/v1/invitations", body)
    };
    // The Owner has invited two already.
    let answers = rush(&service, "invitations", (0..AT_ONCE).map(|_| invite(&owner))).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 429)), (2, AT_ONCE - 2));
    service.all_mail_sent().await;
    // Others have an allowance of their own, as far as the organization's goes.
    let asked = (0..AT_ONCE).map(|n| invite(if n % 2 == 0 { &one } else { &other }));
    let answers = rush(&service, "invitations", asked).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 429)), (4, AT_ONCE - 4));
}
