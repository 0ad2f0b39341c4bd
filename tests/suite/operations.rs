//! What those who run the service see.

use rollcall_tests::{Service, Tab};
use sqlx::{AssertSqlSafe, Executor};

#[tokio::test]
async fn health_readiness_and_metrics_each_at_their_place() {
    let service = Service::start().await;
    for caller in [service.anonymous(), service.operations()] {
        caller.get("/healthz").await.expect(200);
        let ready = caller.get("/readyz").await.expect(200);
        assert_eq!(ready.body["parts"][0]["name"], "database");
    }
    service.anonymous().get("/v1/session").await.problem(401, "unauthenticated");
    service.anonymous().get("/wp-login.php").await.problem(404, "not_found");
    let metrics = service.operations().get("/metrics").await.expect(200);
    assert!(
        metrics
            .text
            .contains(r#"rollcall_http_requests_total{method="GET",route="/v1/session",status="401"} 1"#),
        "{}",
        metrics.text
    );
    assert!(!metrics.text.contains("wp-login"), "paths of strangers would fill the memory");
    service.anonymous().get("/metrics").await.problem(404, "not_found");
    service.operations().get("/v1/session").await.expect(404);
}

#[tokio::test]
async fn attack_36_without_a_database_the_service_lives_says_so_and_fails_closed() {
    let service = Service::start_with(&[("database.acquire_timeout_seconds", "2")]).await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let tab = Tab::signed_in(&service, &email).await;
    let name = service.database.name().to_owned();
    service.database.go_away().await;

    service.anonymous().get("/healthz").await.expect(200);
    let not_ready = service.anonymous().get("/readyz").await.expect(503);
    assert_eq!(not_ready.body["parts"][0]["reason"], "does not answer");
    for answer in [grace.get("/v1/session").await, grace.get("/v1/members").await] {
        let answer = answer.problem(503, "unavailable");
        assert_ne!(answer.header("retry-after"), "");
        for leak in ["SELECT", "sqlx", "postgres", &name, "rollcall_app", "/home", "src/"] {
            assert!(!answer.text.contains(leak), "{leak} in {}", answer.text);
        }
    }
    // A page says it as the API does.
    let page = tab.get("/settings/team").await.expect(503);
    assert_eq!(page.header("retry-after"), "5");
    assert!(page.text.contains("Not available at the moment"), "{}", page.text);
    service.database.come_back().await;
    rollcall_tests::until("it is back", async || {
        (grace.get("/v1/session").await.status == 200).then_some(())
    })
    .await;
    service.anonymous().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_newer_schema_serves_until_it_says_otherwise_and_any_other_one_does_not() {
    let service = Service::start().await;
    let mut connection = service.database.connect().await;
    let applied = async |connection: &mut sqlx::PgConnection, version: i64| {
        let insert = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ({version}, 'another', true, '', 0)"
        );
        connection.execute(AssertSqlSafe(insert)).await.unwrap();
    };
    let reason = async || {
        let answer = service.anonymous().get("/readyz").await.expect(503);
        answer.body["parts"][0]["reason"].as_str().unwrap().to_owned()
    };
    // The migration of a next release, which only adds: nodes of this one go on.
    applied(&mut connection, 9999).await;
    service.anonymous().get("/readyz").await.expect(200);
    let serves_none = "CREATE OR REPLACE FUNCTION oldest_schema_served() RETURNS bigint LANGUAGE sql AS 'SELECT 9999::bigint'";
    connection.execute(serves_none).await.unwrap();
    assert_eq!(reason().await, "the schema is newer than this version, and no longer made for it");
    let serves_this = serves_none.replace("9999", "1");
    connection.execute(AssertSqlSafe(serves_this)).await.unwrap();
    // One between those that this version knows.
    applied(&mut connection, 0).await;
    assert_eq!(reason().await, "the schema was made by migrations other than this version's");
    connection.execute("DELETE FROM _sqlx_migrations WHERE version = 0").await.unwrap();
    service.anonymous().get("/readyz").await.expect(200);
    connection.execute("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1").await.unwrap();
    assert_eq!(reason().await, "the schema was made by migrations other than this version's");
    connection.execute("DELETE FROM _sqlx_migrations WHERE version = 1").await.unwrap();
    assert_eq!(reason().await, "the schema is older than this version: run `rollcall migrate`");
}

#[tokio::test]
async fn the_contract_is_whole() {
    let service = Service::start().await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200);
    assert_eq!(contract.body["openapi"], "3.1.0");
    for (path, item) in contract.body["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            // It is what tools list operations by: one sentence, and the rest is the description.
            let summary = operation["summary"].as_str().unwrap();
            assert!(
                summary.len() <= 100 && !summary.contains('\n') && summary.ends_with('.'),
                "{method} {path}"
            );
            assert!(operation["tags"].is_array(), "{method} {path}");
            assert_eq!(
                operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"],
                "#/components/schemas/Problem"
            );
            // A condition is promised where it is looked at: a passkey has no versions.
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            let promised = parameters.any(|parameter| parameter["name"] == "If-Match");
            let looked_at = path != "/v1/me/mfa/passkeys/{passkey_id}";
            assert!(method != "patch" || promised == looked_at, "{method} {path}");
        }
    }
    let text = &contract.text;
    for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(contract.body.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
