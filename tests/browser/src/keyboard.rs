//! What a person does who has no mouse.

use serde_json::json;

use crate::{Profile, acting::ELEMENT};

/// Where the keyboard is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Focus {
    /// What it is: `button`, `link`, `textbox`…
    pub role: String,
    /// Its name, as it is read out.
    pub name: String,
    /// Whether one can see that it is there.
    pub visible: bool,
    element: String,
}

/// What the Tab key must come to, and a note of each that it comes to from now on. `arguments` are none; gives back how often it takes.
const WATCH: &str = r#"
const kinds = 'a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], [tabindex]';
const stops = [...document.querySelectorAll(kinds)].filter(element =>
  element.checkVisibility({ visibilityProperty: true }) && element.tabIndex >= 0 && !element.disabled);
const watched = window.rollcallKeyboard = { stops, met: new Set(), unseen: new Set() };
document.addEventListener('focusin', ({ target }) => {
  const look = getComputedStyle(target);
  watched.met.add(target);
  if ((look.outlineStyle === 'none' || look.outlineWidth === '0px') && look.boxShadow === 'none') watched.unseen.add(target);
}, true);
const first = document.createElement('span');
first.tabIndex = -1;
document.body.prepend(first);
first.focus();
first.remove();
// A day has three numbers and a calendar, and sound has its buttons.
const several = { date: 6, AUDIO: 20 };
return stops.reduce((sum, stop) => sum + (several[stop.type] || several[stop.tagName] || 1), 2);
"#;

/// What it has not come to, and what did not show that it was there. One of several radio buttons stands for all.
const MISSED: &str = r#"
const { stops, met, unseen } = window.rollcallKeyboard;
const told = element => (element.ariaLabel || element.innerText || element.name || element.outerHTML).slice(0, 80);
const group = element => element.type === 'radio' &&
  [...met].some(other => other.type === 'radio' && other.name === element.name && other.form === element.form);
return [
  ...stops.filter(stop => stop.isConnected && !met.has(stop) && !group(stop)).map(stop => `no key leads to ${told(stop)}`),
  ...[...unseen].filter(stop => stop.isConnected && stop.tabIndex >= 0).map(stop => `one cannot see that the keyboard is at ${told(stop)}`),
];
"#;

/// More things than a keyboard is walked through.
const MOST: usize = 300;

impl Profile {
    /// Presses a key: `"\u{E007}"` is Enter, `"\u{E004}"` Tab, `" "` the space bar (WebDriver, section 17.4.2).
    pub async fn press(&self, key: &str) {
        let keys = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let actions = json!([{"type": "key", "id": "keyboard", "actions": keys}]);
        self.wire.post("/actions", json!({"actions": actions})).await.unwrap();
        self.no_complaints().await;
    }

    /// Where the keyboard is; nowhere, if only the page has it.
    pub async fn focus(&self) -> Option<Focus> {
        let element = self.wire.get("/element/active").await.ok()?;
        let element = element[ELEMENT].as_str()?.to_owned();
        let script = "
            const [focused] = arguments, look = getComputedStyle(focused);
            return [focused === document.body || focused === document.documentElement,
                look.outlineStyle !== 'none' && look.outlineWidth !== '0px' || look.boxShadow !== 'none'];";
        let seen = self.script(script, &[json!({ELEMENT: element})]).await;
        if seen[0] == true {
            return None;
        }
        let role = self.wire.get(&format!("/element/{element}/computedrole")).await.unwrap();
        let role = role.as_str().unwrap().to_owned();
        let name = self.name_of(&element).await.unwrap();
        Some(Focus { role, name, visible: seen[1] == true, element })
    }

    /// Goes through the page with the Tab key, as somebody does who has no mouse; tells what they do not get to, and where they do not see
    /// that they are there.
    pub async fn keyboard_problems(&self) -> Vec<String> {
        let times = self.script(WATCH, &[]).await.as_u64().unwrap();
        let tab =
            [json!({"type": "keyDown", "value": "\u{E004}"}), json!({"type": "keyUp", "value": "\u{E004}"})];
        let keys: Vec<_> = (0..times).flat_map(|_| tab.clone()).collect();
        let actions = json!([{"type": "key", "id": "keyboard", "actions": keys}]);
        self.wire.post("/actions", json!({"actions": actions})).await.unwrap();
        self.no_complaints().await;
        let missed = self.script(MISSED, &[]).await;
        missed.as_array().unwrap().iter().map(|missed| missed.as_str().unwrap().to_owned()).collect()
    }

    /// Goes through the page with the Tab key, from its beginning until the keyboard comes round; tells where it has been.
    pub async fn keyboard_order(&self) -> Vec<Focus> {
        // What has the keyboard may be in the middle. It goes on from where it was, also when that is no more.
        let script = "
            const first = document.createElement('span');
            first.tabIndex = -1;
            document.body.prepend(first);
            first.focus();
            first.remove();";
        self.script(script, &[]).await;
        let mut order: Vec<Focus> = Vec::new();
        for _ in 0..MOST {
            self.press("\u{E004}").await;
            match self.focus().await {
                Some(focus) if !order.iter().any(|before| before.element == focus.element) => {
                    order.push(focus)
                }
                // Round, or out of the page.
                _ => return order,
            }
        }
        panic!("the keyboard never comes round: {order:?}");
    }
}
