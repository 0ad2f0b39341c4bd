//! What a person does, with things that they know by name.

use serde_json::{Value, json};

use crate::{Profile, seeing::PART};

/// WebDriver's word for an element (section 12.2).
pub(crate) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What can be clicked.
const CLICKABLE: &str = "a[href], button, summary, input[type=submit], input[type=button], input[type=checkbox], input[type=radio], \
                         [role=button], [role=link], [role=tab], [role=menuitem], [role=checkbox], [role=radio], [role=switch]";
/// What can be written into.
const FIELD: &str = "input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=checkbox]):not([type=radio]), textarea, \
                     select, [role=textbox], [role=combobox]";

/// Elements that may have the name `arguments[1]`; what their name really is, the browser knows better.
const CANDIDATES: &str = r#"
const [kinds, name, where] = arguments;
const found = part(where);
if (found.trouble) return found;
const names = element => [
  element.textContent, element.value, element.title, element.placeholder, element.getAttribute('aria-label'),
  ...[...element.querySelectorAll('[alt], [aria-label], [title], title')].flatMap(
    part => [part.getAttribute('alt'), part.getAttribute('aria-label'), part.getAttribute('title'), part.textContent]),
  ...[...(element.labels || [])].map(label => label.textContent),
  (element.getAttribute('aria-labelledby') || '').split(/\s+/).map(
    id => (document.getElementById(id) || {}).textContent || '').join(' '),
].map(words);
const all = [...found.root.querySelectorAll(kinds)].filter(element => element.checkVisibility({ visibilityProperty: true }));
return {
  candidates: all.filter(element => names(element).some(text => text.includes(name))),
  others: all.slice(0, 40).map(element => names(element).find(text => text) || element.tagName),
};
"#;

/// A part of a page: the smallest row, item, form or section that shows a text.
pub struct Part<'a> {
    profile: &'a Profile,
    text: Option<&'a str>,
}

impl Profile {
    /// The smallest row, item, form or section that shows a text: "Remove" in the row of Ada.
    pub fn within<'a>(&'a self, text: &'a str) -> Part<'a> {
        Part { profile: self, text: Some(text) }
    }

    fn whole(&self) -> Part<'_> {
        Part { profile: self, text: None }
    }

    /// Clicks on what has this name: a button, a link, a box to tick. If that opens a page, it waits for it.
    pub async fn click(&self, name: &str) {
        self.whole().click(name).await;
    }

    /// Writes into the field with this label, instead of what is there.
    pub async fn fill(&self, label: &str, text: &str) {
        self.whole().fill(label, text).await;
    }

    /// Chooses from the list with this label.
    pub async fn choose(&self, label: &str, option: &str) {
        self.whole().choose(label, option).await;
    }

    /// What is in the field with this label.
    pub async fn value_of(&self, label: &str) -> String {
        self.whole().value_of(label).await
    }

    /// The name of an element, as it is read out to somebody who cannot see it.
    pub(crate) async fn name_of(&self, element: &str) -> Result<String, String> {
        let label = self.wire.get(&format!("/element/{element}/computedlabel")).await;
        let label = label.map_err(|refused| refused.to_string())?;
        let words: Vec<_> = label.as_str().unwrap_or_default().split_whitespace().collect();
        // Chromium puts a space where a part begins that is not seen.
        Ok(words.join(" ").replace(" : ", ": "))
    }
}

impl Part<'_> {
    /// Clicks on what has this name in this part.
    pub async fn click(&self, name: &str) {
        let what = format!("a click on {name:?}");
        self.profile
            .until(&what, async || {
                let element = self.the(CLICKABLE, name).await?;
                self.order(&element, "click", json!({})).await
            })
            .await;
    }

    /// Writes into the field with this label in this part.
    pub async fn fill(&self, label: &str, text: &str) {
        let what = format!("writing into {label:?}");
        self.profile
            .until(&what, async || {
                let element = self.the(FIELD, label).await?;
                self.order(&element, "clear", json!({})).await?;
                self.order(&element, "value", json!({"text": text})).await
            })
            .await;
    }

    /// Chooses from the list with this label in this part.
    pub async fn choose(&self, label: &str, option: &str) {
        let what = format!("choosing {option:?} from {label:?}");
        self.profile
            .until(&what, async || {
                let list = self.the(FIELD, label).await?;
                let script = "return [...arguments[0].options].find(option => option.label.trim() === arguments[1]) || null;";
                let body = json!({"script": script, "args": [{ELEMENT: list}, option]});
                let found = self.profile.wire.post("/execute/sync", body).await.map_err(|refused| refused.to_string())?;
                let element = found[ELEMENT].as_str().ok_or("there is no such choice")?;
                self.order(element, "click", json!({})).await
            })
            .await;
    }

    /// What is in the field with this label in this part.
    pub async fn value_of(&self, label: &str) -> String {
        let what = format!("reading {label:?}");
        self.profile
            .until(&what, async || {
                let element = self.the(FIELD, label).await?;
                let value = self.profile.wire.get(&format!("/element/{element}/property/value")).await;
                let value = value.map_err(|refused| refused.to_string())?;
                Ok(value.as_str().unwrap_or_default().to_owned())
            })
            .await
    }

    /// Waits until this part shows a text.
    pub async fn sees(&self, text: &str) {
        self.profile.wait_for_text(self.text, text, true).await;
    }

    /// Waits until this part shows a text no more.
    pub async fn sees_no(&self, text: &str) {
        self.profile.wait_for_text(self.text, text, false).await;
    }

    async fn order(&self, element: &str, order: &str, body: Value) -> Result<(), String> {
        let done = self.profile.wire.post(&format!("/element/{element}/{order}"), body).await;
        done.map(|_| ()).map_err(|refused| refused.to_string())
    }

    /// The one element of a kind that is shown, can be used and has this name.
    async fn the(&self, kinds: &str, name: &str) -> Result<String, String> {
        let body = json!({"script": format!("{PART}{CANDIDATES}"), "args": [kinds, name, self.text]});
        let found =
            self.profile.wire.post("/execute/sync", body).await.map_err(|refused| refused.to_string())?;
        if let Some(trouble) = found["trouble"].as_str() {
            return Err(trouble.to_owned());
        }
        let mut named = Vec::new();
        for candidate in found["candidates"].as_array().into_iter().flatten() {
            let element = candidate[ELEMENT].as_str().unwrap_or_default();
            if self.profile.name_of(element).await? == name {
                named.push(element.to_owned());
            }
        }
        match named.as_slice() {
            [element] => {
                let enabled = self.profile.wire.get(&format!("/element/{element}/enabled")).await;
                let enabled = enabled.map_err(|refused| refused.to_string())?;
                if enabled == true { Ok(element.clone()) } else { Err("it is disabled".to_owned()) }
            }
            [] => Err(format!("nothing of the kind has that name; there are {}", found["others"])),
            several => Err(format!("{} things have that name: say in which part", several.len())),
        }
    }
}
