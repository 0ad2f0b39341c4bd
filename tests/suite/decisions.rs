//! What services beside Rollcall are answered when they ask whether somebody may do something (AuthZEN 1.0).

use reqwest::Method;
use rollcall_domain::{Permission, Role};
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};

use crate::tokens::{SERVICE_TOKEN, access_token, start};

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

fn sibling(service: &Service) -> Caller {
    service.anonymous().with_token(SERVICE_TOKEN)
}

fn question(user: &str, permission: &str, organization: &str) -> Value {
    json!({
        "subject": {"type": "user", "id": user},
        "action": {"name": permission},
        "resource": {"type": "organization", "id": organization},
    })
}

fn yes() -> Value {
    json!({"decision": true, "context": {"reason": null}})
}

fn no(reason: &str) -> Value {
    json!({"decision": false, "context": {"reason": reason}})
}

#[tokio::test]
async fn authzen_decisions_are_those_of_the_table_for_every_role() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let sibling = sibling(&service);
    for role in Role::ALL {
        let id = team.id(role.as_str());
        let evaluations: Vec<Value> =
            Permission::ALL.iter().map(|permission| json!({"action": {"name": permission}})).collect();
        let body = json!({
            "subject": {"type": "user", "id": id}, "resource": {"type": "organization", "id": team.organization},
            "evaluations": evaluations,
        });
        let answer = sibling.post(MANY, body).await.expect(200);
        let expected: Vec<Value> = Permission::ALL
            .iter()
            .map(|permission| if role.grants(*permission) { yes() } else { no("role_lacks_permission") })
            .collect();
        assert_eq!(answer.body, json!({"evaluations": expected}), "{role}");
        let one = sibling.post(ONE, question(id, "agents:manage", &team.organization)).await.expect(200);
        let allowed = role.grants(Permission::AgentsManage);
        assert_eq!(one.body, if allowed { yes() } else { no("role_lacks_permission") }, "{role}");
        assert_eq!(one.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn authzen_decisions_about_api_keys_are_those_of_their_scopes_for_as_long_as_they_work() {
    let service = start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let sibling = sibling(&service);
    let of_key = |id: &str, permission: &str, organization: &str| {
        let mut question = question(id, permission, organization);
        question["subject"]["type"] = json!("api_key");
        question
    };
    let (id, secret) =
        crate::api_keys::make(ours.owner(), json!({"scopes": ["calls:read", "agents:read"]})).await;
    let asks = async |question: Value| sibling.post(ONE, question).await.expect(200).body;
    for permission in Permission::ALL {
        let has = ["calls:read", "agents:read"].contains(&permission.as_str());
        let expected = if has { yes() } else { no("scope_lacks_permission") };
        assert_eq!(
            asks(of_key(&id, permission.as_str(), &ours.organization)).await,
            expected,
            "{permission}"
        );
    }
    // It is of its own organization, and nobody's who is asked about as something else.
    for (question, reason) in [
        (of_key(&id, "calls:read", &theirs.organization), "not_a_member"),
        (of_key(&id, "calls:read", "org_01h455vb4pex5vsknk084sn02q"), "not_a_member"),
        (of_key("key_01h455vb4pex5vsknk084sn02q", "calls:read", &ours.organization), "not_a_member"),
        (of_key(ours.id("owner"), "calls:read", &ours.organization), "not_a_member"),
        (of_key(&secret, "calls:read", &ours.organization), "not_a_member"),
        (question(&id, "calls:read", &ours.organization), "not_a_member"),
    ] {
        assert_eq!(asks(question.clone()).await, no(reason), "{question}");
    }
    // People and programs in one request.
    let many = json!({
        "action": {"name": "calls:read"}, "resource": {"type": "organization", "id": ours.organization},
        "evaluations": [
            {"subject": {"type": "api_key", "id": id}},
            {"subject": {"type": "user", "id": ours.id("owner")}},
        ],
    });
    assert_eq!(sibling.post(MANY, many).await.expect(200).body, json!({"evaluations": [yes(), yes()]}));
    // A scope that the plan makes nothing of.
    let (reporter, _) = crate::api_keys::make(ours.owner(), json!({"scopes": ["audit_log:append"]})).await;
    let report = of_key(&reporter, "audit_log:append", &ours.organization);
    assert_eq!(asks(report.clone()).await, no("plan_required"));
    service.set_plan(&ours.organization, "enterprise").await;
    assert_eq!(asks(report).await, yes());
    let asked = of_key(&id, "calls:read", &ours.organization);
    ours.owner().patch(&crate::api_keys::path(&id), json!({"scopes": ["agents:read"]})).await.expect(200);
    assert_eq!(asks(asked.clone()).await, no("scope_lacks_permission"));
    ours.owner().delete(&crate::api_keys::path(&id)).await.expect(204);
    assert_eq!(asks(asked).await, no("not_a_member"));
}

#[tokio::test]
async fn services_have_a_limit_of_their_own_which_only_their_credential_spends() {
    let limits = [
        ("limits.enabled", "true"),
        ("limits.requests", "40"),
        ("limits.service_requests", "6"),
        ("limits.attempts", "1000"),
        ("http.trusted_proxies", "127.0.0.1"),
        ("service.token", SERVICE_TOKEN),
    ];
    let service = Service::start_with(&limits).await;
    let nobody = "user_01h455vb4pex5vsknk084sn02q";
    let ask = async |token: &str, ip: &str| {
        let request = service.anonymous().with_token(token).request(Method::POST, ONE);
        let body = question(nobody, "agents:read", "org_01h455vb4pex5vsknk084sn02q");
        Answer::of(request.header("x-forwarded-for", ip).json(&body)).await
    };
    for left in (0..6).rev() {
        let answer = ask(SERVICE_TOKEN, "192.0.2.1").await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"services\";q=6;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"services\";r={left};")), "{left}");
    }
    let refused = ask(SERVICE_TOKEN, "192.0.2.1").await.problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    // Another service has its own, and whoever guesses at the credential is counted as anybody is.
    ask(SERVICE_TOKEN, "198.51.100.7").await.expect(200);
    let guessed = ask("guessed", "192.0.2.1").await.problem(401, "unauthenticated");
    assert!(guessed.header("ratelimit-policy").starts_with("\"requests\";"), "{:?}", guessed.headers);
    // What services ask leaves what people may ask alone, in the same network too.
    let page = service.anonymous().request(Method::GET, "/v1/roles").header("x-forwarded-for", "192.0.2.1");
    let page = Answer::of(page).await.problem(401, "unauthenticated");
    assert!(page.header("ratelimit").starts_with("\"requests\";r=38;"), "{:?}", page.headers);
}

#[tokio::test]
async fn attack_1_whether_an_organization_exists_is_not_told() {
    let service = start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let sibling = sibling(&service);
    let owner = ours.id("owner");
    for organization in [
        theirs.organization.as_str(),
        "org_01h455vb4pex5vsknk084sn02q",
        "user_01h455vb4pex5vsknk084sn02q",
        "nonsense",
        "",
        &ours.organization.to_uppercase(),
    ] {
        let answer = sibling.post(ONE, question(owner, "agents:read", organization)).await.expect(200);
        assert_eq!(answer.body, no("not_a_member"), "{organization}");
    }
    for user in [theirs.id("owner"), "user_01h455vb4pex5vsknk084sn02q", ours.organization.as_str(), ""] {
        let answer = sibling.post(ONE, question(user, "agents:read", &ours.organization)).await.expect(200);
        assert_eq!(answer.body, no("not_a_member"), "{user}");
    }
    // What is true now, not what was: removed, and with the whole organization.
    let (viewer, path) = (ours.id("viewer"), format!("/v1/members/{}", ours.id("viewer")));
    let asked = question(viewer, "agents:read", &ours.organization);
    assert_eq!(sibling.post(ONE, asked.clone()).await.expect(200).body, yes());
    ours.owner().delete(&path).await.expect(204);
    assert_eq!(sibling.post(ONE, asked).await.expect(200).body, no("not_a_member"));
    ours.owner().delete_with("/v1/organization", json!({"confirm_name": "Ours"})).await.expect(204);
    let asked = question(owner, "agents:read", &ours.organization);
    assert_eq!(sibling.post(ONE, asked).await.expect(200).body, no("not_a_member"));
}

#[tokio::test]
async fn a_suspended_account_may_do_nothing_and_what_is_not_known_is_answered_no() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let sibling = sibling(&service);
    let asked = question(team.id("admin"), "agents:manage", &team.organization);
    let with = |pointer: &str, value: &str| {
        let mut asked = asked.clone();
        *asked.pointer_mut(pointer).unwrap() = json!(value);
        asked
    };
    for (pointer, value, reason) in [
        ("/subject/type", "group", "unknown_subject"),
        ("/subject/type", "User", "unknown_subject"),
        ("/action/name", "agents:destroy", "unknown_action"),
        ("/resource/type", "agent", "unknown_resource"),
    ] {
        assert_eq!(sibling.post(ONE, with(pointer, value)).await.expect(200).body, no(reason), "{value}");
    }
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("admin"));
    service.database.execute(&suspend).await;
    assert_eq!(sibling.post(ONE, asked).await.expect(200).body, no("suspended"));
}

#[tokio::test]
async fn authzen_7_several_questions_share_what_is_the_same_and_one_that_is_none_spoils_no_other() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let sibling = sibling(&service);
    let action = |name: &str| json!({"action": {"name": name}});
    let evaluations = json!([
        action("agents:manage"),
        {"subject": {"type": "user", "id": team.id("viewer")}, "context": {"time": "now"}},
        {"subject": {"type": "user"}},
        "nonsense",
        {"acton": {"name": "agents:manage"}},
        {"subject": {"type": "user", "id": team.id("viewer"), "properties": {"role": "owner"}}, "action": {"name": "agents:read"}},
    ]);
    let body = |semantic: Option<&str>| {
        let mut body = question(team.id("admin"), "agents:manage", &team.organization);
        body["evaluations"] = evaluations.clone();
        if let Some(semantic) = semantic {
            body["options"] = json!({"evaluations_semantic": semantic, "another": [1]});
        }
        body
    };
    let all = sibling.post(MANY, body(None)).await.expect(200);
    let decisions = |answer: &Answer| -> Vec<bool> {
        answer.list("evaluations").iter().map(|one| one["decision"].as_bool().unwrap()).collect()
    };
    assert_eq!(decisions(&all), [true, false, false, false, false, true]);
    assert_eq!(all.text_at("/evaluations/1/context/reason"), "role_lacks_permission");
    for (number, message) in
        [(2, "subject.id is missing"), (3, "body must be an object"), (4, "acton is not known here")]
    {
        let context = &all.body["evaluations"][number]["context"];
        assert_eq!(context["reason"], "invalid_request", "{context}");
        assert_eq!(context["error"], json!({"status": 422, "message": message}));
    }
    for (semantic, expected) in [
        ("execute_all", &[true, false, false, false, false, true][..]),
        ("deny_on_first_deny", &[true, false]),
        ("permit_on_first_permit", &[true]),
    ] {
        assert_eq!(
            decisions(&sibling.post(MANY, body(Some(semantic))).await.expect(200)),
            expected,
            "{semantic}"
        );
    }
    sibling.post(MANY, body(Some("any"))).await.invalid("options.evaluations_semantic");

    // Without any it is the question itself.
    for none in [question(team.id("admin"), "agents:manage", &team.organization), {
        let mut asked = question(team.id("admin"), "agents:manage", &team.organization);
        asked["evaluations"] = json!([]);
        asked
    }] {
        assert_eq!(sibling.post(MANY, none).await.expect(200).body, yes());
    }
    for path in [ONE, MANY] {
        for field in ["subject", "action", "resource"] {
            let mut asked = question(team.id("admin"), "agents:manage", &team.organization);
            asked.as_object_mut().unwrap().remove(field);
            sibling.post(path, asked).await.invalid(field);
        }
        sibling.post(path, json!({"subject": {"type": "user", "id": 1}})).await.invalid("subject.id");
        sibling.post(path, json!({"subjct": {}})).await.invalid("subjct");
        sibling.post(path, json!([])).await.problem(422, "invalid_request");
    }
    let too_many = json!({"evaluations": vec![json!({}); 101]});
    sibling.post(MANY, too_many).await.invalid("evaluations");
}

#[tokio::test]
async fn authzen_requests_keep_their_ids_and_the_endpoints_can_be_found() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let sibling = sibling(&service);
    let ask = |id: &str| {
        let body = question(team.id("admin"), "agents:manage", &team.organization);
        Answer::of(sibling.request(Method::POST, ONE).header("X-Request-ID", id).json(&body))
    };
    for id in ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "an arbitrary string"] {
        assert_eq!(ask(id).await.expect(200).header("x-request-id"), id);
    }
    assert_ne!(ask(&"x".repeat(256)).await.expect(200).header("x-request-id").len(), 256);
    // A refusal keeps it too; elsewhere it is ours.
    let refused =
        service.anonymous().request(Method::POST, ONE).header("X-Request-ID", "mine").json(&json!({}));
    assert_eq!(Answer::of(refused).await.problem(401, "unauthenticated").header("x-request-id"), "mine");
    let elsewhere = service.anonymous().request(Method::GET, "/healthz").header("X-Request-ID", "mine");
    assert_ne!(Answer::of(elsewhere).await.expect(200).header("x-request-id"), "mine");

    let found = service.anonymous().get("/.well-known/authzen-configuration").await.expect(200);
    let base = service.base();
    let expected = json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}{ONE}"),
        "access_evaluations_endpoint": format!("{base}{MANY}"),
    });
    assert_eq!((found.header("content-type"), found.body.clone()), ("application/json", expected));
}

#[tokio::test]
async fn only_the_credential_of_services_asks_about_others_and_asking_leaves_no_trace() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let token = access_token(team.owner()).await;
    let asked = question(team.id("owner"), "agents:manage", &team.organization);
    for path in [ONE, MANY] {
        for credential in [team.owner().token(), &token, "", &SERVICE_TOKEN[1..]] {
            let refused = service.anonymous().with_token(credential).post(path, asked.clone()).await;
            refused.problem(401, "unauthenticated");
        }
    }
    let before = service.audit_log(Some(&team.organization)).await;
    sibling(&service).post(ONE, asked.clone()).await.expect(200);
    assert_eq!(service.audit_log(Some(&team.organization)).await, before);
    // What was true once is not true for a day.
    let keyed = || {
        let request = sibling(&service).request(Method::POST, ONE).header("Idempotency-Key", "k");
        Answer::of(request.json(&asked))
    };
    assert_eq!(keyed().await.expect(200).body, yes());
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("owner"));
    service.database.execute(&suspend).await;
    assert_eq!(keyed().await.expect(200).body, no("suspended"));
}

#[tokio::test]
async fn attack_25_whoever_has_to_set_up_a_second_factor_first_may_do_nothing_by_this_way_either() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let sibling = sibling(&service);
    let asked = question(team.id("viewer"), "agents:read", &team.organization);
    assert_eq!(sibling.post(ONE, asked.clone()).await.expect(200).body, yes());
    crate::mfa_rule::require(team.owner(), 7).await;
    assert_eq!(sibling.post(ONE, asked.clone()).await.expect(200).body, yes());
    crate::mfa_rule::deadline(&service, &team.organization, team.id("viewer"), "now()").await;
    assert_eq!(sibling.post(ONE, asked.clone()).await.expect(200).body, no("mfa_required"));
    crate::mfa_rule::set_mfa(&service, team.id("viewer"), true).await;
    assert_eq!(sibling.post(ONE, asked).await.expect(200).body, yes());
}
