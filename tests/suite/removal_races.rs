//! What a member is in the middle of when their membership ends, on a real PostgreSQL.

use reqwest::Method;
use rollcall_domain::{InvitationId, UserId};
use rollcall_tests::{Answer, PASSWORD, Service, Team};
use serde_json::json;

/// Two requests of which the second comes when the first is held up by what `held` holds, and which go on together.
async fn one_in_the_other(
    service: &Service,
    held: &str,
    first: impl Future<Output = Answer>,
    second: impl Future<Output = Answer>,
) -> (Answer, Answer) {
    let database = &service.database;
    let held = database.open_transaction(held).await;
    let second = async {
        database.lock_waits(1).await;
        let let_on = async {
            database.lock_waits(2).await;
            held.roll_back().await;
        };
        tokio::join!(second, let_on).0
    };
    tokio::join!(first, second)
}

/// Rows of invitations can be read and locked, and none be written.
const NO_INVITATION_IS_WRITTEN: &str = "LOCK TABLE invitations IN SHARE MODE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_5_an_invitation_on_its_way_falls_with_its_inviter_however_they_go() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, heir) = service.bring_in(team.owner(), &Service::new_address("heir"), "owner").await;
    for way in ["removed", "handed over", "left", "deleted"] {
        let (leaving, id) = service.bring_in(team.owner(), &Service::new_address("leaving"), "owner").await;
        let (by, path) = match way {
            "removed" => (team.owner(), format!("/v1/members/{id}")),
            "handed over" => (team.owner(), format!("/v1/members/{id}?hand_over_to={heir}")),
            "left" => (&leaving, "/v1/members/me".to_owned()),
            _ => (&leaving, "/v1/me".to_owned()),
        };
        let backdoor = json!({"email": Service::new_address("backdoor"), "role": "owner"});
        let invite = leaving.post("/v1/invitations", backdoor);
        let (invited, gone) =
            one_in_the_other(&service, NO_INVITATION_IS_WRITTEN, invite, by.delete(&path)).await;
        gone.expect(204);
        let invitation = format!("/v1/invitations/{}", invited.expect(201).text_at("/id"));
        let shown = team.owner().get(&invitation).await.expect(200);
        match way {
            "handed over" => {
                assert_eq!(shown.text_at("/status"), "pending");
                assert_eq!(shown.text_at("/invited_by/id"), heir);
            }
            _ => assert_eq!(shown.text_at("/status"), "revoked", "{way}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_5_what_nobody_stands_behind_gives_nobody_a_seat() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("orphan");
    let (id, token) = service.invite(team.owner(), &email, "owner").await;
    // As nodes of before may have left it: of somebody who was gone when it was made.
    service.database.execute("UPDATE invitations SET invited_by = NULL WHERE state = 'pending'").await;
    let anonymous = service.anonymous();
    anonymous.post("/v1/invitations/preview", json!({"token": token})).await.problem(410, "invitation_gone");
    let accept = json!({"token": token, "name": "Back", "password": PASSWORD});
    anonymous.post("/v1/invitations/accept", accept).await.problem(410, "invitation_gone");
    let invitation = format!("/v1/invitations/{id}");
    team.owner().post(&format!("{invitation}/resend"), json!({})).await.problem(410, "invitation_gone");
    // It can be taken back, and makes room.
    team.owner().delete(&invitation).await.expect(204);
    service.invite(team.owner(), &email, "owner").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_removed_while_they_change_an_invitation_of_theirs_holds_nobody_up() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for what in ["/resend", ""] {
        let (leaving, id) = service.bring_in(team.owner(), &Service::new_address("leaving"), "admin").await;
        let (invitation, _) = service.invite(&leaving, &Service::new_address("invited"), "viewer").await;
        let uuid = id.parse::<UserId>().unwrap().uuid();
        let membership = format!("SELECT FROM members WHERE user_id = '{uuid}' FOR UPDATE");
        let path = format!("/v1/invitations/{invitation}{what}");
        let change = match what {
            "" => leaving.request(Method::DELETE, &path),
            _ => leaving.request(Method::POST, &path).json(&json!({})),
        };
        let removed = format!("/v1/members/{id}");
        let removal = team.owner().delete(&removed);
        let (gone, changed) = one_in_the_other(&service, &membership, removal, Answer::of(change)).await;
        gone.expect(204);
        changed.problem(401, "unauthenticated");
        let shown = team.owner().get(&format!("/v1/invitations/{invitation}")).await.expect(200);
        assert_eq!(shown.text_at("/status"), "revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_works_in_the_session_that_their_account_ends_in_holds_nobody_up() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let email = Service::new_address("leaving");
    let (leaving, _) = service.bring_in(team.owner(), &email, "admin").await;
    let (other, _) = service.sign_up(&Service::new_address("other"), "Other").await;
    let (invitation, _) = service.invite(&other, &email, "viewer").await;
    let uuid = invitation.parse::<InvitationId>().unwrap().uuid();
    // The session is over by then, and what the account leaves is not looked at yet.
    let held = format!("SELECT FROM invitations WHERE invitation_id = '{uuid}' FOR UPDATE");
    let work = leaving.post("/v1/tokens", json!({}));
    let (deleted, worked) = one_in_the_other(&service, &held, leaving.delete("/v1/me"), work).await;
    deleted.expect(204);
    worked.problem(401, "unauthenticated");
}
