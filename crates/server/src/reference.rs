//! The configuration reference, made from `config/default.toml` and `config/plans.toml`: a row per setting.

use crate::settings::{DEFAULTS, PLANS};

/// The reference as Markdown.
pub fn reference() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Made by `cargo xtask generate` from `config/default.toml` and `config/plans.toml`. A setting comes from the environment if it is there, \
         then from the file that `ROLLCALL_CONFIG` names, then from the profile (`ROLLCALL_ENV`: `development` or \
         `production`), then from here.\n\n\
         | environment | default | what it is |\n| --- | --- | --- |\n",
    );
    let (mut section, mut comment) = (String::new(), Vec::new());
    for line in DEFAULTS.lines().chain(PLANS.lines()) {
        if let Some(words) = line.strip_prefix("# ") {
            comment.push(words);
        } else if let Some(name) = line.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            section = format!("{}__", name.to_uppercase().replace('.', "__"));
        } else if let Some((name, value)) = line.split_once(" = ") {
            let name = format!("ROLLCALL__{section}{}", name.to_uppercase());
            text.push_str(&format!("| `{name}` | `{value}` | {} |\n", comment.join(" ")));
        }
        if !line.starts_with('#') {
            comment.clear();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn every_setting_says_by_itself_what_it_is() {
        let reference = reference();
        let rows: Vec<&str> = reference.lines().filter(|line| line.starts_with("| `ROLLCALL__")).collect();
        assert!(!rows.is_empty());
        for row in rows {
            let words = row.trim_end_matches('|').splitn(3, "` | ").nth(2).unwrap_or_default().trim();
            assert!(!words.is_empty() && !words.to_lowercase().contains("as above"), "{row}");
        }
    }
}
