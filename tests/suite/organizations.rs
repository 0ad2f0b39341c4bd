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
    let weak = format!("W/{}", second.header("etag"));
    for other in [weak.as_str(), "\"something else\"", "garbage"] {
        rename(other, "Third").await.problem(412, "precondition_failed");
    }
    rename(second.header("etag"), "Third").await.expect(200);
    let third = team.owner().get("/v1/organization").await.expect(200);
    rename(&format!("\"something else\", {}", third.header("etag")), "Again").await.expect(200);
    rename("*", "Fourth").await.expect(200);

    let known = team.owner().get("/v1/organization").await.expect(200);
    let request = team.owner().request(reqwest::Method::GET, "/v1/organization");
    let unchanged =
        rollcall_tests::Answer::of(request.header("If-None-Match", known.header("etag"))).await.expect(304);
    assert_eq!((unchanged.text.as_str(), unchanged.header("etag")), ("", known.header("etag")));
    // Weakly compared (RFC 9110 section 13.1.2), of several, and whatever there is; of what has a version, and of what has none.
    for path in ["/v1/organization", "/v1/plan"] {
        let tag = team.owner().get(path).await.expect(200).header("etag").to_owned();
        let get = async |known: &str| {
            let request = team.owner().request(reqwest::Method::GET, path).header("If-None-Match", known);
            rollcall_tests::Answer::of(request).await
        };
        for same in [tag.clone(), format!("W/{tag}"), format!("\"another\", {tag}"), "*".to_owned()] {
            assert_eq!(get(&same).await.status, 304, "{path} {same}");
        }
        for other in ["\"another\"", "W/\"another\"", "another"] {
            assert_eq!(get(other).await.status, 200, "{path} {other}");
        }
    }
    let before = team.owner().get("/v1/plan").await.expect(200).header("etag").to_owned();
    service.set_plan(&team.organization, "pro").await;
    assert_ne!(team.owner().get("/v1/plan").await.expect(200).header("etag"), before);
}

#[tokio::test]
async fn attack_34_a_tag_of_one_thing_says_nothing_about_another() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let member = format!("/v1/members/{}", ours.id("viewer"));
    let mut tags = std::collections::BTreeSet::new();
    for team in [&ours, &theirs] {
        for path in ["/v1/organization", "/v1/me", "/v1/session"] {
            tags.insert(team.owner().get(path).await.expect(200).header("etag").to_owned());
        }
    }
    tags.insert(ours.owner().get(&member).await.expect(200).header("etag").to_owned());
    tags.insert(
        ours.owner().get(&format!("{member}/offboarding")).await.expect(200).header("etag").to_owned(),
    );
    assert_eq!(tags.len(), 8, "{tags:?}");
    let their_tag = theirs.owner().get("/v1/organization").await.expect(200).header("etag").to_owned();
    let with = async |method: reqwest::Method, path: &str, header: &str| {
        let request = ours.owner().request(method, path).header(header, &their_tag);
        rollcall_tests::Answer::of(request.json(&json!({"name": "Ours"}))).await
    };
    with(reqwest::Method::PATCH, "/v1/organization", "If-Match").await.problem(412, "precondition_failed");
    with(reqwest::Method::GET, "/v1/organization", "If-None-Match").await.expect(200);
    // Whether the caller may know comes before whether the version is right.
    let patch = async |caller: &rollcall_tests::Caller, id: &str| {
        let request = caller
            .request(reqwest::Method::PATCH, &format!("/v1/members/{id}"))
            .header("If-Match", "garbage");
        rollcall_tests::Answer::of(request.json(&json!({"role": "viewer"}))).await
    };
    patch(ours.owner(), theirs.id("viewer")).await.problem(404, "not_found");
    patch(ours.caller("viewer"), ours.id("viewer")).await.problem(403, "permission_denied");
}
