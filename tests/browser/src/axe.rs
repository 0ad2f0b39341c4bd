//! Whether a page can be used by everybody (WCAG 2.2, level AA), as far as a machine can tell: axe-core.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

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

/// Which rules a page is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// All of WCAG 2.2, level A and AA, that axe-core can check.
    All,
    /// Those about colours: nothing else is another in the dark.
    Colours,
    /// All but those about colours, for a page whose colours are looked at in another window.
    AllButColours,
}

impl Rules {
    /// What axe-core calls those about colours.
    const OF_COLOURS: [&'static str; 2] = ["color-contrast", "link-in-text-block"];
    const TAGS: [&'static str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

    fn options(self) -> Value {
        let tags = json!({"type": "tag", "values": Self::TAGS});
        let (only, rules) = match self {
            Self::All => (tags, json!({})),
            Self::Colours => (json!({"type": "rule", "values": Self::OF_COLOURS}), json!({})),
            Self::AllButColours => {
                let off = Self::OF_COLOURS.map(|rule| (rule.to_owned(), json!({"enabled": false})));
                (tags, Value::Object(off.into_iter().collect()))
            }
        };
        json!({"runOnly": only, "rules": rules, "resultTypes": ["violations"], "preload": false})
    }

    /// How many of them hold at least for a page that has been looked at.
    const fn least(self) -> u64 {
        match self {
            Self::All | Self::AllButColours => 4,
            Self::Colours => 1,
        }
    }
}

impl Profile {
    /// Fails if the page, as it looks now, breaks one of these rules.
    pub async fn is_accessible(&self, rules: Rules) {
        let problems = self.accessibility_problems(rules).await;
        assert!(
            problems.is_empty(),
            "not everybody can use this page:\n{}\n{}",
            problems.join("\n"),
            self.report().await
        );
    }

    /// The rules among these that the page breaks, each with where.
    pub async fn accessibility_problems(&self, rules: Rules) -> Vec<String> {
        assert!(
            Axe::is_there(),
            "axe-core is not there: `cargo xtask axe` fetches it, and `cargo xtask test` does so too"
        );
        // A page keeps it, for when it is looked at in another way.
        if self.script("return typeof axe", &[]).await == "undefined" {
            self.script(&fs::read_to_string(Axe::script()).unwrap(), &[]).await;
        }
        let script = "
            const [options, done] = arguments;
            axe.run(document, options).then(
              results => done({ violations: results.violations, passes: results.passes.length }),
              error => done({ error: String(error) }),
            );";
        let found = self.script_that_calls_back(script, &[rules.options()]).await;
        assert!(found["error"].is_null(), "axe-core failed: {}", found["error"]);
        let violations = found["violations"].as_array().unwrap();
        // A check that has looked at nothing has found nothing wrong.
        assert!(
            !violations.is_empty() || found["passes"].as_u64().is_some_and(|passes| passes >= rules.least()),
            "axe-core has looked at nothing: {found}"
        );
        violations.iter().flat_map(told).collect()
    }
}

fn told(violation: &Value) -> Vec<String> {
    let text =
        |value: &Value| value.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let rule = format!("{}: {}", text(&violation["id"]), text(&violation["help"]));
    let nodes = violation["nodes"].as_array().into_iter().flatten();
    nodes.map(|node| format!("{rule}: {}: {}", text(&node["html"]), text(&node["failureSummary"]))).collect()
}
