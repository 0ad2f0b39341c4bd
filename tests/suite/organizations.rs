//! The organization.

use rollcall_tests::{Service, Team};
use serde_json::json;

#[tokio::test]
async fn an_owner_renames_the_organization_and_its_slug_stays() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let before = team.caller("viewer").get("/v1/organization").await.expect(200);
    let renamed =
        team.owner().patch("/v1/organization", json!({"name": "Acme International"})).await.expect(200);
    assert_eq!(renamed.text_at("/name"), "Acme International");
    assert_eq!(renamed.body["slug"], before.body["slug"]);
    assert_eq!(team.caller("viewer").get("/v1/organization").await.expect(200).body, renamed.body);
    team.owner().patch("/v1/organization", json!({"name": "", "slug": "mine"})).await.invalid("slug");
    team.owner().patch("/v1/organization", json!({"name": ""})).await.invalid("name");
}

#[tokio::test]
async fn if_match_keeps_one_change_from_undoing_another() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let first = team.owner().get("/v1/organization").await.expect(200);
    let rename = async |tag: &str, name: &str| {
        let request =
            team.owner().request(reqwest::Method::PATCH, "/v1/organization").header("If-Match", tag);
        rollcall_tests::Answer::of(request.json(&json!({"name": name}))).await
    };
    let second = rename(first.header("etag"), "Second").await.expect(200);
    rename(first.header("etag"), "Third").await.problem(412, "precondition_failed");
    rename("W/\"v2\"", "Third").await.problem(412, "precondition_failed");
    rename("\"something else\"", "Third").await.problem(412, "precondition_failed");
    rename(second.header("etag"), "Third").await.expect(200);
    rename("*", "Fourth").await.expect(200);

    let known = team.owner().get("/v1/organization").await.expect(200);
    let request = team.owner().request(reqwest::Method::GET, "/v1/organization");
    let unchanged =
        rollcall_tests::Answer::of(request.header("If-None-Match", known.header("etag"))).await.expect(304);
    assert_eq!((unchanged.text.as_str(), unchanged.header("etag")), ("", known.header("etag")));
}
