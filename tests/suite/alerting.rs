//! Dashboards, alerts and documents name metrics, labels and values that there are.

use std::collections::BTreeSet;

use rollcall_tests::{Service, until};
use saphyr::{LoadableYamlNode, Yaml};

/// Names of metrics in a text, without what histograms add to theirs.
fn named(text: &str) -> BTreeSet<String> {
    let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = names.filter(|name| name.starts_with("rollcall_"));
    let without = |name: &str| {
        let ends = ["_bucket", "_sum", "_count"];
        ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
    };
    names.map(without).collect()
}

/// The metrics of a node that has answered something.
async fn told(service: &Service) -> String {
    service.anonymous().get("/v1/session").await.expect(401);
    until("everything is counted", async || {
        let text = service.operations().get("/metrics").await.expect(200).text;
        text.contains(r#"rollcall_database_connections{state="used"}"#).then_some(text)
    })
    .await
}

/// What the metrics of a node are called that has answered something.
async fn metrics(service: &Service) -> BTreeSet<String> {
    let text = told(service).await;
    named(&text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
}

const DASHBOARD: &str = include_str!("../../deploy/grafana/rollcall.json");
const RULES: &str = include_str!("../../deploy/prometheus/rollcall.rules.yaml");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const ALERTS: &str = include_str!("../../docs/alerts.md");

#[tokio::test]
async fn every_metric_of_the_dashboard_the_alerts_and_the_documents_exists_and_is_described() {
    let service = Service::start().await;
    let metrics = metrics(&service).await;
    assert!(drawn().iter().all(|expression| !named(expression).is_empty()));
    let documents = [("operations.md", OPERATIONS), ("alerts.md", ALERTS)];
    for (file, text) in [("dashboard", DASHBOARD), ("rules", RULES)].into_iter().chain(documents) {
        let mut named = named(text);
        // Of PostgreSQL.
        named.retain(|name| {
            !["rollcall_app", "rollcall_directory", "rollcall_purge"].contains(&name.as_str())
        });
        let unknown: Vec<_> = named.difference(&metrics).collect();
        assert!(!named.is_empty() && unknown.is_empty(), "{file} names what there is not: {unknown:?}");
    }
    let described = named(OPERATIONS);
    let undescribed: Vec<_> = metrics.difference(&described).collect();
    assert!(undescribed.is_empty(), "docs/operations.md does not say what these are: {undescribed:?}");
}

/// What the panels of the dashboard are drawn from.
fn drawn() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// A condition on the series of a metric: the metric, the label, how it is compared, and with what.
type Matcher = (String, String, &'static str, String);

/// The conditions in an expression, as PromQL writes them. A value can hold what ends a condition elsewhere.
fn matchers(expression: &str) -> Vec<Matcher> {
    let mut found = Vec::new();
    for (at, _) in expression.match_indices("rollcall_") {
        let is_in_a_word =
            expression[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_');
        let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let (metric, rest) =
            expression[at..].split_at(expression[at..].find(end).unwrap_or(expression.len() - at));
        let Some(mut rest) = rest.strip_prefix('{').filter(|_| !is_in_a_word) else { continue };
        while !rest.starts_with('}') {
            let (label, after) = rest.split_at(rest.find(['=', '!']).expect("a comparison"));
            let how = ["=~", "!~", "!=", "="].into_iter().find(|how| after.starts_with(how)).expect("one");
            let value = after[how.len()..].trim_start().strip_prefix('"').expect("a value");
            let (value, after) = value.split_once('"').expect("its end");
            found.push((metric.to_owned(), label.trim().to_owned(), how, value.to_owned()));
            rest = after.trim_start_matches([',', ' ', '\n']);
        }
    }
    found
}

#[test]
fn conditions_are_read_as_promql_writes_them() {
    let text = r#"a{x="1"} / sum(rate(rollcall_one_total{route!="/v1/{id}", status=~"5..|429"}[5m])) > rollcall_two{}"#;
    let found = matchers(text);
    let told: Vec<_> =
        found.iter().map(|(.., label, how, value)| (label.as_str(), *how, value.as_str())).collect();
    assert_eq!(told, [("route", "!=", "/v1/{id}"), ("status", "=~", "5..|429")]);
    assert!(found.iter().all(|(metric, ..)| metric == "rollcall_one_total"));
}

#[tokio::test]
async fn every_condition_of_an_alert_or_a_panel_is_one_that_a_series_can_fulfil() {
    let service = Service::start().await;
    let text = told(&service).await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let mut conditions: Vec<Matcher> = drawn().iter().flat_map(|expression| matchers(expression)).collect();
    let of_panels = conditions.len();
    conditions.extend(rules().iter().flat_map(|rule| matchers(rule["expr"].as_str().unwrap())));
    assert!(of_panels > 30 && conditions.len() > of_panels + 6, "{conditions:?}");
    for (metric, label, how, value) in conditions {
        // Prometheus adds where a series was scraped, and Grafana puts in what was chosen.
        if label == "instance" {
            assert_eq!((how, value.as_str()), ("=~", "$instance"), "{metric}");
            continue;
        }
        let name = named(&metric).pop_first().unwrap();
        let series = text.lines().filter(|line| line.starts_with(name.as_str()));
        let values: BTreeSet<&str> =
            series.filter_map(|line| line.split_once(&format!("{label}=\""))?.1.split('"').next()).collect();
        assert!(!values.is_empty(), "{metric} has no label {label}");
        let wanted: Vec<&str> =
            if how.ends_with('~') { value.split('|').collect() } else { vec![value.as_str()] };
        for one in wanted {
            let there_is = match label.as_str() {
                // They come with what is asked for, and are those of the contract.
                "route" => contract["paths"].get(one).is_some(),
                "status" => is_a_status(one),
                _ => values.contains(one),
            };
            assert!(there_is, "{metric} has no {label} {one:?}, but {values:?}");
        }
    }
}

/// Whether a status can be this, where a dot is any figure.
fn is_a_status(pattern: &str) -> bool {
    let can_be = |status: u16| {
        let status = status.to_string();
        status.len() == pattern.len()
            && status.chars().zip(pattern.chars()).all(|(is, may)| may == '.' || is == may)
    };
    (100..600).any(can_be)
}

/// The rules of the alerts.
fn rules() -> Vec<Yaml<'static>> {
    let documents = Yaml::load_from_str(RULES).unwrap();
    let groups = documents[0]["groups"].as_sequence().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_sequence().unwrap().clone()).collect()
}

#[test]
fn every_alert_says_what_it_is_and_how_urgent_and_has_a_row_that_says_what_to_do() {
    let rules = rules();
    assert!(rules.len() > 10);
    let mut alerts = Vec::new();
    for rule in &rules {
        let name = rule["alert"].as_str().unwrap();
        assert!(!named(rule["expr"].as_str().unwrap()).is_empty(), "{name}");
        assert!(["page", "ticket"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
        assert!(rule["annotations"]["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        alerts.push(name);
    }
    // In the same order, so that whoever compares them finds what they look for.
    assert_eq!(rows_of_alerts(), alerts, "docs/alerts.md beside the rules");
}

/// The alerts that docs/alerts.md has rows for; a row can be for several.
fn rows_of_alerts() -> Vec<&'static str> {
    let rows = ALERTS.lines().filter_map(|line| line.strip_prefix("| `"));
    let columns: Vec<_> = rows.map(|row| row.split_once(" | ").expect("two columns")).collect();
    assert!(columns.iter().all(|(_, what)| what.trim_end_matches('|').trim().len() > 20));
    columns.iter().flat_map(|(names, _)| names.split(',').map(|name| name.trim().trim_matches('`'))).collect()
}
