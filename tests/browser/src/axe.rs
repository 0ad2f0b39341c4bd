//! Whether a page can be used by everybody (WCAG 2.2, level AA), as far as a machine can tell: axe-core.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::Profile;

/// axe-core, which is no part of this repository (its licence is the MPL 2.0): npm fetches it into `target/axe`, held to a version and
/// its digest by `tests/browser/axe/package-lock.json`.
#[derive(Debug)]
pub struct Axe;

impl Axe {
    /// What npm is told, by file.
    pub const PACKAGE: [(&str, &str); 2] = [
        ("package.json", include_str!("../axe/package.json")),
        ("package-lock.json", include_str!("../axe/package-lock.json")),
    ];

    /// Where npm puts it.
    #[must_use]
    pub fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/axe")
    }

    /// The script.
    #[must_use]
    pub fn script() -> PathBuf {
        Self::folder().join("node_modules/axe-core/axe.min.js")
    }

    /// Whether it is there, in the version that is asked for.
    #[must_use]
    pub fn is_there() -> bool {
        let same = |(name, text): (&str, &str)| {
            fs::read_to_string(Self::folder().join(name)).is_ok_and(|there| there == text)
        };
        Self::script().is_file() && Self::PACKAGE.into_iter().all(same)
    }
}

impl Profile {
    /// Fails if the page, as it looks now, breaks a rule of WCAG 2.2, level A or AA, that axe-core can check.
    pub async fn is_accessible(&self) {
        let problems = self.accessibility_problems().await;
        assert!(
            problems.is_empty(),
            "not everybody can use this page:\n{}\n{}",
            problems.join("\n"),
            self.report().await
        );
    }

    /// The rules that the page breaks, each with where.
    pub async fn accessibility_problems(&self) -> Vec<String> {
        assert!(
            Axe::is_there(),
            "axe-core is not there: `cargo xtask axe` fetches it, and `cargo xtask test` does so too"
        );
        // A page keeps it, for when it is looked at in another way.
        if self.script("return typeof axe", &[]).await == "undefined" {
            self.script(&fs::read_to_string(Axe::script()).unwrap(), &[]).await;
        }
        let script = "
            const done = arguments[arguments.length - 1];
            axe.run(document, {
              runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
              resultTypes: ['violations'],
              preload: false,
            }).then(
              results => done({ violations: results.violations, passes: results.passes.length }),
              error => done({ error: String(error) }),
            );";
        let found = self.script_that_calls_back(script, &[]).await;
        assert!(found["error"].is_null(), "axe-core failed: {}", found["error"]);
        // A check that has looked at nothing has found nothing wrong.
        assert!(
            found["passes"].as_u64().is_some_and(|passes| passes > 3),
            "axe-core has looked at nothing: {found}"
        );
        let violations = found["violations"].as_array().unwrap().iter();
        violations.flat_map(told).collect()
    }
}

fn told(violation: &Value) -> Vec<String> {
    let text =
        |value: &Value| value.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let rule = format!("{}: {}", text(&violation["id"]), text(&violation["help"]));
    let nodes = violation["nodes"].as_array().into_iter().flatten();
    nodes.map(|node| format!("{rule}: {}: {}", text(&node["html"]), text(&node["failureSummary"]))).collect()
}
