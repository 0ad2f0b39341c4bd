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
