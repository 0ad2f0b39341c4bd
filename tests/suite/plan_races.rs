//! Plans, when several come at the same moment: their limits hold, and what is paid for is what is had.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::join_all;
use rollcall_application::{
    Error,
    plans::{Billing, Order, Receipt},
};
use rollcall_tests::{Answer, Service, Team};
use serde_json::json;
use time::Duration;
use tokio::sync::Barrier;

use crate::plans::{PLAN, invited};

async fn members(service: &Service, organization: &str) -> usize {
    let organization = organization.parse::<rollcall_domain::OrganizationId>().unwrap().uuid();
    service.database.rows(&format!("SELECT user_id FROM members WHERE org_id = '{organization}'")).await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_as_many_come_in_at_once_as_there_are_seats() {
    let service = Service::start_with(&[("plans.free.seats", "4")]).await;
    let (owner, signed_up) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let accept = invited(&service, &owner, 16).await;
    let anonymous = service.anonymous();
    let requests = accept.into_iter().map(|body| anonymous.post("/v1/invitations/accept", body));
    let answers = join_all(requests).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 409)), (3, 13));
    assert_eq!(members(&service, signed_up.text_at("/organization/id")).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_as_many_api_keys_are_made_at_once_as_there_is_room_for() {
    let service = Service::start_with(&[("plans.free.api_keys", "3")]).await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let body = json!({"name": "Importer", "scopes": ["calls:read"]});
    let answers = join_all((0..16).map(|_| owner.post("/v1/api-keys", body.clone()))).await;
    assert_eq!((Answer::count(&answers, 201), Answer::count(&answers, 409)), (3, 13));
    owner.post("/v1/api-keys", body).await.problem(409, "too_many_api_keys");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_whoever_comes_in_while_the_plan_gets_smaller_finds_a_seat_or_keeps_the_plan() {
    let service = Service::start_with(&[("plans.free.seats", "2")]).await;
    for round in 0..8 {
        let email = Service::new_address(&format!("owner{round}"));
        let (owner, signed_up) = service.sign_up(&email, "Acme").await;
        let organization = signed_up.text_at("/organization/id");
        service.set_plan(organization, "pro").await;
        let accept = invited(&service, &owner, 3).await;
        let anonymous = service.anonymous();
        let requests = accept.into_iter().map(|body| anonymous.post("/v1/invitations/accept", body));
        let (accepted, changed) = tokio::join!(join_all(requests), owner.put(PLAN, json!({"plan": "free"})));
        let plan = owner.get("/v1/plan").await.expect(200).body["plan"].clone();
        let members = members(&service, organization).await;
        match changed.status.as_u16() {
            200 => assert!(plan == "free" && members <= 2, "{members} on {plan}"),
            409 => assert!(plan == "pro" && members == 4, "{members} on {plan}"),
            status => panic!("{status}: {}", changed.text),
        }
        assert_eq!(Answer::count(&accepted, 201) + 1, members);
    }
}

/// Agrees to two orders at a time: to neither before both are there.
struct Till {
    both: Barrier,
    agreed: Mutex<Vec<Order>>,
    withdrawn: Mutex<Vec<Order>>,
}

#[async_trait]
impl Billing for Till {
    async fn agree(&self, order: &Order) -> Result<Receipt, Error> {
        self.both.wait().await;
        self.agreed.lock().unwrap().push(*order);
        Ok(Receipt { order: *order, provider: "till", reference: Some(order.id.to_string()) })
    }

    async fn withdraw(&self, order: &Order, receipt: Option<&Receipt>) -> Result<(), Error> {
        assert_eq!(receipt.map(|receipt| receipt.order), Some(*order));
        self.withdrawn.lock().unwrap().push(*order);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_6_two_owners_who_choose_at_once_get_what_one_has_ordered_and_pay_for_that_alone() {
    let till =
        Arc::new(Till { both: Barrier::new(2), agreed: Mutex::default(), withdrawn: Mutex::default() });
    let service = Service::start_with_billing(till.clone()).await;
    let team = Team::assemble(&service, "Acme").await;
    let (first, second) = (team.owner(), team.caller("admin"));
    first.patch(&format!("/v1/members/{}", team.id("admin")), json!({"role": "owner"})).await.expect(200);
    let plan = async || first.get("/v1/plan").await.expect(200).body["plan"].clone();
    let mut kept = 0;
    // At last both want the same.
    for (one, other) in [("pro", "enterprise"), ("free", "pro"), ("enterprise", "free"), ("pro", "pro")] {
        // From where neither of them wants to stay.
        let from =
            ["free", "pro", "enterprise"].into_iter().find(|plan| ![one, other].contains(plan)).unwrap();
        kept += usize::from(plan().await != from);
        service.set_plan(&team.organization, from).await;
        service.clock.advance(Duration::SECOND);
        let (answer, other_answer) =
            tokio::join!(first.put(PLAN, json!({"plan": one})), second.put(PLAN, json!({"plan": other})));
        let agreed = std::mem::take(&mut *till.agreed.lock().unwrap());
        let withdrawn = std::mem::take(&mut *till.withdrawn.lock().unwrap());
        let [lost] = withdrawn[..] else { panic!("{withdrawn:?}") };
        let [paid] = agreed.iter().filter(|order| order.id != lost.id).copied().collect::<Vec<_>>()[..]
        else {
            panic!("{agreed:?}")
        };
        for (answer, asked_for) in [(answer, one), (other_answer, other)] {
            if asked_for == paid.after.as_str() {
                assert_eq!(answer.expect(200).body["plan"], asked_for);
            } else {
                answer.problem(409, "plan_changed");
            }
        }
        assert_eq!(plan().await, paid.after.as_str());
        let changes = service
            .database
            .rows("SELECT plan_before, plan_after, provider, reference FROM plan_changes ORDER BY change_id")
            .await;
        kept += 1;
        assert_eq!(changes.len(), kept);
        let expected = json!({
            "plan_before": paid.before.as_str(), "plan_after": paid.after.as_str(), "provider": "till",
            "reference": paid.id.to_string(),
        });
        assert_eq!(changes.last(), Some(&expected));
        service.clock.advance(Duration::SECOND);
    }
}
