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

    /// Waits until the page asks whether it is really to be left, and stays.
    pub async fn stays_when_asked(&self) {
        self.answer("dismiss").await;
    }

    /// Waits until the page asks whether it is really to be left, and leaves it.
    pub async fn leaves_when_asked(&self) {
        self.answer("accept").await;
    }

    async fn answer(&self, answer: &str) {
        self.until("the page asks", async || {
            let answered = self.wire.post(&format!("/alert/{answer}"), json!({})).await;
            answered.map(|_| ()).map_err(|refused| refused.to_string())
        })
        .await;
    }

    /// From the next page on, pages run no scripts here.
    pub async fn forbid_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }
}
