//! What a person takes along from a page, and what a page asks of them before they leave it.

use std::fs;

use serde_json::json;

use crate::Profile;

impl Profile {
    /// The file whose name begins so, once it has been downloaded whole.
    pub async fn downloaded(&self, beginning: &str) -> Vec<u8> {
        let folder = self.folder.path().join("downloads");
        self.until(&format!("a file {beginning}…"), async || {
            let files = fs::read_dir(&folder).map_err(|error| error.to_string())?;
            let names: Vec<String> =
                files.flatten().map(|file| file.file_name().to_string_lossy().into_owned()).collect();
            // What is still on its way has another name.
            let whole =
                names.iter().find(|name| name.starts_with(beginning) && !name.ends_with(".crdownload"));
            let whole = whole.ok_or_else(|| format!("there are {names:?}"))?;
            fs::read(folder.join(whole)).map_err(|error| error.to_string())
        })
        .await
    }

    /// What was copied last, as the page that is open would paste it.
    pub async fn copied(&self) -> String {
        let permission = json!({"descriptor": {"name": "clipboard-read"}, "state": "granted"});
        self.wire.post("/permissions", permission).await.unwrap();
        let script = "const [done] = arguments; navigator.clipboard.readText().then(done, error => done(String(error)));";
        self.script_that_calls_back(script, &[]).await.as_str().unwrap().to_owned()
    }

    /// Whether the page would ask before it is left. The driver answers such a question by itself, so the page is told that it is
    /// left, and is not.
    pub async fn asks_before_it_is_left(&self) -> bool {
        let script = "return !dispatchEvent(new Event('beforeunload', {cancelable: true}));";
        self.script(script, &[]).await == true
    }

    /// From the next page on, pages run no scripts here.
    pub async fn forbid_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }
}
