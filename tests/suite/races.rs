//! Races, on a real PostgreSQL with real concurrency: for a seat, an address, an Owner's rights, a session. Those with the end of an
//! organization or an account are in `deletion_races`.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_sixty_four_accept_one_invitation_and_one_gets_in() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("newcomer");
    let (_, token) = service.invite(team.owner(), &email, "member").await;
    let accept = |n: usize| {
        let (caller, token) = (service.anonymous(), token.clone());
        async move {
            let body = json!({"token": token, "name": format!("Newcomer {n}"), "password": PASSWORD});
            caller.post("/v1/invitations/accept", body).await
        }
    };
    let answers = join_all((0..64).map(accept)).await;
    assert_eq!(Answer::count(&answers, 201), 1);
    assert_eq!(
        Answer::count(&answers, 410),
        63,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    let accounts =
        service.database.rows(&format!("SELECT 1 AS one FROM users WHERE email = '{email}'")).await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(team.owner().get("/v1/members").await.expect(200).list("data").len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_an_existing_account_accepts_sixty_four_times_and_gets_in_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("existing");
    let (existing, _) = service.sign_up(&email, "Own").await;
    let (_, token) = service.invite(team.owner(), &email, "member").await;
    let answers =
        join_all((0..64).map(|_| existing.post("/v1/invitations/accept", json!({"token": token})))).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 410)), (1, 63));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_accepting_against_taking_back_leaves_no_half_state() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for round in 0..20 {
        let (id, token) =
            service.invite(team.owner(), &Service::new_address(&format!("r{round}")), "viewer").await;
        let anonymous = service.anonymous();
        let (accepted, revoked) = tokio::join!(
            anonymous.post(
                "/v1/invitations/accept",
                json!({"token": token, "name": "Racer", "password": PASSWORD})
            ),
            async { team.owner().delete(&format!("/v1/invitations/{id}")).await },
        );
        let status = team
            .owner()
            .get(&format!("/v1/invitations/{id}"))
            .await
            .expect(200)
            .text_at("/status")
            .to_owned();
        match (accepted.status.as_u16(), revoked.status.as_u16()) {
            (201, 410) => assert_eq!(status, "accepted"),
            (410, 204) => assert_eq!(status, "revoked"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_one_address_invited_twenty_times_at_once_is_invited_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("wanted");
    let invite = |n: usize| {
        let email = if n.is_multiple_of(2) { email.clone() } else { email.to_uppercase() };
        team.owner().post("/v1/invitations", json!({"email": email, "role": "viewer"}))
    };
    let requests: Vec<_> = (0..20).map(invite).collect();
    let answers = join_all(requests).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 409)), (1, 19));
    service.all_mail_sent().await;
    assert_eq!(service.mails_to(&email).await.len() + service.mails_to(&email.to_uppercase()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_7_two_owners_turn_on_each_other_and_one_is_always_left() {
    let service = Service::start().await;
    let (first, signed_up) = service.sign_up(&Service::new_address("first"), "Acme").await;
    let first_id = signed_up.text_at("/user/id").to_owned();
    let organization = signed_up.text_at("/organization/id").to_owned();
    let email = Service::new_address("second");
    let (mut second, second_id) = service.bring_in(&first, &email, "owner").await;
    // Whoever lost a seat in the last round comes back in the next one.
    let (mut one, mut first_email) = (
        first,
        service.database.rows("SELECT email FROM users ORDER BY user_id LIMIT 1").await[0]["email"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    for round in 0..200 {
        let attack = |caller: &Caller, own: &str, other: &str, kind: usize| {
            let (caller, own, other) = (caller.clone(), own.to_owned(), other.to_owned());
            async move {
                match kind {
                    0 => caller.patch(&format!("/v1/members/{other}"), json!({"role": "admin"})).await,
                    1 => caller.delete(&format!("/v1/members/{other}")).await,
                    2 => caller.delete("/v1/members/me").await,
                    _ => caller.patch(&format!("/v1/members/{own}"), json!({"role": "viewer"})).await,
                }
            }
        };
        let (left, right) = tokio::join!(
            attack(&one, &first_id, &second_id, round % 4),
            attack(&second, &second_id, &first_id, round / 4 % 4),
        );
        for answer in [&left, &right] {
            assert!(matches!(answer.status.as_u16(), 200 | 204 | 401 | 403 | 404 | 409), "{}", answer.text);
        }
        let uuid = organization.parse::<rollcall_domain::OrganizationId>().unwrap().uuid();
        let owners = service
            .database
            .rows(&format!("SELECT user_id FROM members WHERE org_id = '{uuid}' AND role = 'owner'"))
            .await;
        assert!(!owners.is_empty(), "round {round}: no Owner is left ({}, {})", left.text, right.text);
        restore(&service, uuid, &first_id, &second_id).await;
        (one, second) = (service.sign_in(&first_email).await, service.sign_in(&email).await);
        first_email = first_email.to_lowercase();
    }
}

/// Makes both of them Owners again, as an operator with access to the database would.
async fn restore(service: &Service, organization: uuid::Uuid, first: &str, second: &str) {
    for user in [first, second] {
        let user = user.parse::<rollcall_domain::UserId>().unwrap().uuid();
        sqlx::query(
            "INSERT INTO members (org_id, user_id, role, joined_at) VALUES ($1, $2, 'owner', now())
                 ON CONFLICT (org_id, user_id) DO UPDATE SET role = 'owner'",
        )
        .bind(organization)
        .bind(user)
        .execute(&mut service.database.connect().await)
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_keyed_request_at_once_is_done_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let send = || {
        let request =
            team.owner().request(reqwest::Method::POST, "/v1/invitations").header("Idempotency-Key", "one");
        Answer::of(request.json(&json!({"email": "keyed@example.com", "role": "viewer"})))
    };
    let answers = join_all((0..20).map(|_| send())).await;
    let created: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!created.is_empty());
    assert!(created.iter().all(|answer| answer.text == created[0].text));
    assert!(
        answers.iter().all(|answer| answer.status == 201 || answer.body["code"] == "request_in_progress")
    );
    service.all_mail_sent().await;
    assert_eq!(service.mails_to("keyed@example.com").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_go_away_half_way_leave_nothing_behind() {
    use tokio::io::AsyncWriteExt;
    let service = Service::start_with(&[("database.max_connections", "4")]).await;
    let team = Team::assemble(&service, "Acme").await;
    let address = service.base().strip_prefix("http://").unwrap().to_owned();
    let request = format!(
        "GET /v1/members HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        team.owner().token()
    );
    let go_away = |n: u64| {
        let (address, request) = (address.clone(), request.clone());
        async move {
            let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
            connection.write_all(request.as_bytes()).await.unwrap();
            // Some moment of the request's life, another one each time.
            let _ = tokio::time::timeout(
                std::time::Duration::from_micros(n * 37 % 3_000),
                std::future::pending::<()>(),
            )
            .await;
        }
    };
    for round in 0..25 {
        join_all((0..16).map(|n| go_away(round * 16 + n))).await;
        let email = format!("round{round}@example.com");
        team.owner().post("/v1/invitations", json!({"email": email, "role": "viewer"})).await.expect(201);
    }
}

/// A thief who switches, from one session to the next, until it is told to stop or cannot go on.
pub(crate) async fn switch_on_and_on(mut thief: Caller, organization: &str, stop: &AtomicBool) -> Caller {
    let switch = json!({"organization_id": organization});
    while !stop.load(Ordering::Relaxed) {
        let answer = thief.post("/v1/session/organization", switch.clone()).await;
        if answer.status != 201 {
            break;
        }
        thief = thief.with_token(answer.text_at("/session/token"));
    }
    thief
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_24_no_session_escapes_revocation_by_switching_all_the_time() {
    let service = Service::start().await;
    let email = Service::new_address("victim");
    let (victim, signed_up) = service.sign_up(&email, "Acme").await;
    let organization = signed_up.text_at("/organization/id");
    for round in 0..10 {
        let thieves = join_all((0..6).map(|_| service.sign_in(&email))).await;
        let stop = AtomicBool::new(false);
        let revoke = async {
            // In the middle of it: once each of them has switched at least once on average.
            let switched = "SELECT count(*) AS n FROM audit_events WHERE action = 'session.switched'";
            let before = service.database.rows(switched).await[0]["n"].as_u64().unwrap();
            rollcall_tests::until("thieves at work", async || {
                (service.database.rows(switched).await[0]["n"].as_u64().unwrap() > before + 6).then_some(())
            })
            .await;
            victim.delete("/v1/sessions?others=true").await.expect(204);
            stop.store(true, Ordering::Relaxed);
        };
        let chains = thieves.into_iter().map(|thief| switch_on_and_on(thief, organization, &stop));
        let (last, ()) = tokio::join!(join_all(chains), revoke);
        for thief in last {
            assert_eq!(thief.get("/v1/session").await.status, 401, "round {round}: a session lives on");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_24_no_sign_in_with_the_old_password_outlives_a_reset() {
    let service = Service::start().await;
    let email = Service::new_address("victim");
    service.sign_up(&email, "Acme").await;
    let mut password = PASSWORD.to_owned();
    for round in 0..5 {
        let before = service.mails_to(&email).await.len();
        service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
        rollcall_tests::until("a link", async || {
            (service.mails_to(&email).await.len() > before).then_some(())
        })
        .await;
        let token = service.mailed_token(&email).await;
        let stop = AtomicBool::new(false);
        let attack = async |service: &Service| {
            let mut tokens = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let sign_in = json!({"email": email, "password": password});
                let answer = service.anonymous().post("/v1/sessions", sign_in).await;
                if answer.status == 201 {
                    tokens.push(answer.text_at("/session/token").to_owned());
                }
            }
            tokens
        };
        let next = format!("a long password, number {round}");
        let reset = async {
            let sessions = "SELECT count(*) AS n FROM sessions";
            rollcall_tests::until("attackers at work", async || {
                (service.database.rows(sessions).await[0]["n"].as_u64().unwrap() > 8).then_some(())
            })
            .await;
            let body = json!({"token": token, "password": next});
            service.anonymous().post("/v1/password-resets/complete", body).await.expect(204);
            stop.store(true, Ordering::Relaxed);
        };
        let attackers = join_all((0..6).map(|_| attack(&service)));
        let (tokens, ()) = tokio::join!(attackers, reset);
        for token in tokens.into_iter().flatten() {
            let status = service.anonymous().with_token(&token).get("/v1/session").await.status;
            assert_eq!(status, 401, "round {round}: a session lives on");
        }
        password = next;
        // The owner's notice is on its way; the next link is the one after it.
        service.all_mail_sent().await;
    }
}
