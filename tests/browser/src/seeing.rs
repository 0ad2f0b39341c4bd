//! What a person sees.

use serde_json::{Value, json};

use crate::Profile;

/// What is shown in the page, or in a part of it: `arguments[0]` is a text that the part has and no other has.
pub(crate) const PART: &str = r#"
const words = text => (text || '').replace(/\s+/g, ' ').trim();
const part = text => {
  if (!text) return { root: document.body };
  const kinds = 'tr, li, article, section, form, fieldset, details, dialog, nav, aside, table, ' +
    '[role=row], [role=listitem], [role=group], [role=region], [role=dialog]';
  const all = [...document.querySelectorAll(kinds)].filter(part => part.checkVisibility() && words(part.innerText).includes(text));
  const innermost = all.filter(part => !all.some(other => other !== part && part.contains(other)));
  return innermost.length === 1 ? { root: innermost[0] } : { trouble: innermost.length + ' parts of the page show ' + JSON.stringify(text) };
};
"#;

impl Profile {
    /// Waits until a text is shown.
    pub async fn sees(&self, text: &str) {
        self.wait_for_text(None, text, true).await;
    }

    /// Waits until a text is shown no more.
    pub async fn sees_no(&self, text: &str) {
        self.wait_for_text(None, text, false).await;
    }

    pub(crate) async fn wait_for_text(&self, part: Option<&str>, text: &str, there: bool) {
        let what = if there { format!("{text:?} is shown") } else { format!("{text:?} is gone") };
        self.until(&what, async || {
            let shown = self.shown(part).await?;
            if shown.contains(text) == there { Ok(()) } else { Err(format!("{there} was expected")) }
        })
        .await;
    }

    /// All that is shown in the page, however far one has to scroll, with single spaces for what divides words.
    pub async fn text(&self) -> String {
        self.until("the page has a text", async || self.shown(None).await).await
    }

    pub(crate) async fn shown(&self, part: Option<&str>) -> Result<String, String> {
        let script = format!(
            "{PART} const found = part(arguments[0]); return found.trouble ? found : {{ text: words(found.root && found.root.innerText) }};"
        );
        let body = json!({"script": script, "args": [part]});
        let found = self.wire.post("/execute/sync", body).await.map_err(|refused| refused.to_string())?;
        match &found["text"] {
            Value::String(text) => Ok(text.clone()),
            _ => Err(found["trouble"].as_str().unwrap_or("there is no page").to_owned()),
        }
    }

    /// By how many CSS pixels the page is wider than the window: somebody would have to scroll sideways.
    pub async fn too_wide_by(&self) -> i64 {
        // Not its client width: that has room for a scroll bar in it which need not be there.
        let script = "const all = document.documentElement; \
                      return all.scrollWidth - Math.round(all.getBoundingClientRect().width);";
        self.script(script, &[]).await.as_i64().unwrap()
    }
}
