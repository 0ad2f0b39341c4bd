//! What meets the end of an organization or an account at the same moment, on a real PostgreSQL with real concurrency.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use rollcall_tests::{Answer, PASSWORD, Service, Team};
use serde_json::json;

use crate::races::switch_on_and_on;

/// The sessions in an organization that are left, whatever has been answered.
async fn sessions_in(service: &Service, organization: &str) -> usize {
    let uuid = organization.parse::<rollcall_domain::OrganizationId>().unwrap().uuid();
    service.database.rows(&format!("SELECT 1 AS one FROM sessions WHERE org_id = '{uuid}'")).await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_into_an_organization_while_it_is_deleted() {
    let service = Service::start().await;
    for round in 0..8 {
        let (owner, signed_up) = service.sign_up(&Service::new_address("owner"), "Acme").await;
        let organization = signed_up.text_at("/organization/id").to_owned();
        let email = Service::new_address("member");
        service.bring_in(&owner, &email, "admin").await;
        let invited = join_all((0..4).map(|n| {
            let (service, owner) = (&service, &owner);
            async move { service.invite(owner, &Service::new_address(&format!("i{n}")), "viewer").await.1 }
        }))
        .await;
        let chains = join_all((0..4).map(|_| service.sign_in(&email))).await;
        let stop = AtomicBool::new(false);
        let sign_in_on_and_on = async || {
            let body = json!({"email": email, "password": PASSWORD, "organization_id": organization});
            let mut tokens = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let answer = service.anonymous().post("/v1/sessions", body.clone()).await;
                match answer.status.as_u16() {
                    201 => tokens.push(answer.text_at("/session/token").to_owned()),
                    404 => break,
                    _ => {
                        answer.problem(503, "unavailable");
                    }
                }
            }
            tokens
        };
        let accept = |token: String| {
            let anonymous = service.anonymous();
            async move {
                let body = json!({"token": token, "name": "Racer", "password": PASSWORD});
                anonymous.post("/v1/invitations/accept", body).await
            }
        };
        let delete = async {
            // In the middle of it.
            let created = "SELECT count(*) AS n FROM audit_events WHERE action IN ('session.switched', 'session.created')";
            let before = service.database.rows(created).await[0]["n"].as_u64().unwrap();
            rollcall_tests::until("people on their way in", async || {
                (service.database.rows(created).await[0]["n"].as_u64().unwrap() > before + 8 + round)
                    .then_some(())
            })
            .await;
            let name = json!({"confirm_name": "Acme"});
            let deletions =
                join_all((0..3).map(|_| owner.delete_with("/v1/organization", name.clone()))).await;
            stop.store(true, Ordering::Relaxed);
            deletions
        };
        let (deletions, accepted, signed_in, switched) = tokio::join!(
            delete,
            join_all(invited.into_iter().map(accept)),
            join_all((0..4).map(|_| sign_in_on_and_on())),
            join_all(chains.into_iter().map(|chain| switch_on_and_on(chain, &organization, &stop))),
        );
        assert_eq!(Answer::count(&deletions, 204), 1, "round {round}");
        for answer in deletions.iter().filter(|answer| answer.status != 204) {
            assert!(matches!(answer.status.as_u16(), 401 | 503), "{}", answer.text);
        }
        for answer in &accepted {
            assert!(matches!(answer.status.as_u16(), 201 | 410), "{}", answer.text);
        }
        assert_eq!(sessions_in(&service, &organization).await, 0, "round {round}: somebody is in");
        let tokens = signed_in.into_iter().flatten().map(|token| service.anonymous().with_token(&token));
        for caller in tokens.chain(switched) {
            assert_eq!(caller.get("/v1/session").await.status, 401, "round {round}");
        }
        // Whoever was let in before is a member when it is undone; nobody else is.
        let uuid = organization.parse::<rollcall_domain::OrganizationId>().unwrap().uuid();
        let members = format!("SELECT 1 AS one FROM members WHERE org_id = '{uuid}'");
        assert_eq!(service.database.rows(&members).await.len(), 2 + Answer::count(&accepted, 201));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_meet_a_deletion_are_made_before_it_or_not_at_all() {
    let service = Service::start().await;
    for round in 0..10 {
        let (owner, signed_up) = service.sign_up(&Service::new_address("owner"), "Acme").await;
        let organization = signed_up.text_at("/organization/id").to_owned();
        let (_, member) = service.bring_in(&owner, &Service::new_address("member"), "viewer").await;
        let (invitation, _) = service.invite(&owner, &Service::new_address("invited"), "viewer").await;
        service.all_mail_sent().await;
        let (member, invitation) = (format!("/v1/members/{member}"), format!("/v1/invitations/{invitation}"));
        let resend = format!("{invitation}/resend");
        let (invite, role, resent, renamed, deleted) = tokio::join!(
            owner.post("/v1/invitations", json!({"email": "new@example.com", "role": "viewer"})),
            owner.patch(&member, json!({"role": "admin"})),
            owner.post(&resend, json!({})),
            owner.patch("/v1/organization", json!({"name": "Acme"})),
            owner.delete_with("/v1/organization", json!({"confirm_name": "Acme"})),
        );
        deleted.expect(204);
        for answer in [&invite, &role, &resent, &renamed] {
            assert!(
                matches!(answer.status.as_u16(), 200 | 201 | 401 | 404),
                "round {round}: {}",
                answer.text
            );
        }
        let log = service.audit_log(Some(&organization)).await;
        let succeeded: Vec<&str> = log
            .iter()
            .filter(|(_, outcome)| outcome == "success")
            .map(|(action, _)| action.as_str())
            .collect();
        assert_eq!(succeeded.last(), Some(&"organization.deleted"), "round {round}: {succeeded:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_7_of_two_owners_who_delete_their_accounts_or_leave_at_once_one_stays() {
    let service = Service::start().await;
    for round in 0..20 {
        let (first, signed_up) = service.sign_up(&Service::new_address("first"), "One").await;
        let organization =
            signed_up.text_at("/organization/id").parse::<rollcall_domain::OrganizationId>().unwrap();
        let email = Service::new_address("second");
        let (second, _) = service.bring_in(&first, &email, "owner").await;
        let leave = if round % 2 == 0 { "/v1/me" } else { "/v1/members/me" };
        let (one, other) = tokio::join!(first.delete("/v1/me"), second.delete(leave));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "round {round}: {} {}", one.text, other.text);
        let owners = format!(
            "SELECT 1 AS one FROM members WHERE org_id = '{}' AND role = 'owner'",
            organization.uuid()
        );
        assert_eq!(service.database.rows(&owners).await.len(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_the_same_organizations_delete_their_accounts_at_once_without_waiting_for_ever() {
    let service = Service::start().await;
    let (keeper, _) = service.sign_up(&Service::new_address("keeper"), "A").await;
    let (other_keeper, _) = service.sign_up(&Service::new_address("keeper"), "Z").await;
    let mut leaving = Vec::new();
    for n in 0..8 {
        let email = Service::new_address(&format!("n{n}"));
        // In one order and in the other.
        let (one, two) = if n % 2 == 0 { (&keeper, &other_keeper) } else { (&other_keeper, &keeper) };
        let (caller, _) = service.bring_in(one, &email, "owner").await;
        let (_, token) = service.invite(two, &email, "owner").await;
        let both = caller.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
        leaving.push(service.anonymous().with_token(both.text_at("/session/token")));
    }
    let answers = join_all(leaving.iter().map(|caller| caller.delete("/v1/me"))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [204; 8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_29_no_session_and_no_seat_outlives_an_account_that_is_deleted_at_that_moment() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for round in 0..15 {
        let email = Service::new_address(&format!("r{round}"));
        let (leaving, id) = service.bring_in(team.owner(), &email, "member").await;
        let (other, _) = service.sign_up(&Service::new_address("other"), "Other").await;
        let (_, token) = service.invite(&other, &email, "viewer").await;
        let sign_in = || {
            let body = json!({"email": email, "password": PASSWORD});
            let caller = service.anonymous();
            async move { caller.post("/v1/sessions", body).await }
        };
        let accept = leaving.post("/v1/invitations/accept", json!({"token": token}));
        let (deleted, signed_in, accepted) =
            tokio::join!(leaving.delete("/v1/me"), join_all((0..4).map(|_| sign_in())), accept);
        deleted.expect(204);
        assert!(matches!(accepted.status.as_u16(), 201 | 401 | 410), "{}", accepted.text);
        for answer in signed_in.iter().chain([&accepted]) {
            assert!(matches!(answer.status.as_u16(), 201 | 401 | 410 | 503), "{}", answer.text);
            if answer.status == 201 {
                let session = service.anonymous().with_token(answer.text_at("/session/token"));
                session.get("/v1/session").await.problem(401, "unauthenticated");
            }
        }
        let uuid = id.parse::<rollcall_domain::UserId>().unwrap().uuid();
        for table in ["members", "sessions", "users", "email_changes"] {
            let rows = format!("SELECT 1 AS one FROM {table} WHERE user_id = '{uuid}'");
            assert!(service.database.rows(&rows).await.is_empty(), "round {round}: {table}");
        }
    }
}
