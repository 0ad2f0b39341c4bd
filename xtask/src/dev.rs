//! Serves with demo data, made over the API as anybody would make it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::process::{Result, cargo};

/// The password of everybody in the demo. It is good for nothing outside of it.
const PASSWORD: &str = "demo demo demo demo";
/// Whom the first organization is made of, by role.
const TEAM: [(&str, &str, &str); 4] = [
    ("admin", "Ada Lovelace", "admin@acme.example"),
    ("member", "Mary Somerville", "member@acme.example"),
    ("customer_support_agent", "Hedy Lamarr", "agent@acme.example"),
    ("viewer", "Sophie Germain", "viewer@acme.example"),
];

/// Serves until interrupted.
pub(crate) async fn run() -> Result {
    let mut server = cargo()
        .args(["run", "--quiet", "--package", "rollcall-server", "--", "serve"])
        .stdout(Stdio::piped())
        .spawn()?;
    if let Err(error) = fill(&mut server).await {
        server.kill()?;
        server.wait()?;
        return Err(error);
    }
    // The server gets the terminal's interrupt as well, and stops in good order.
    tokio::task::spawn_blocking(move || server.wait()).await??;
    Ok(())
}

/// Waits until the server serves, and fills it.
async fn fill(server: &mut Child) -> Result {
    let address = address(server)?;
    // The client could speak TLS, and wants to know by whose cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let demo = Demo { client: Client::builder().timeout(Duration::from_secs(30)).build()?, address };
    demo.fill().await
}

/// The address out of the line that the server prints when it serves.
fn address(server: &mut Child) -> Result<String> {
    let output = server.stdout.take().ok_or("the server has no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(address) = line.split_whitespace().find(|word| word.starts_with("http://")) {
            return Ok(address.to_owned());
        }
    }
    Err("the server did not start".into())
}

struct Demo {
    client: Client,
    address: String,
}

impl Demo {
    async fn fill(&self) -> Result {
        let owner = self.owner("Grace Hopper", "owner@acme.example", "Acme Voice").await?;
        for (role, name, email) in TEAM {
            self.invited(&owner, role, name, email).await?;
        }
        self.owner("Rosalind Franklin", "owner@globex.example", "Globex Calls").await?;
        println!("\nDemo accounts, all with the password `{PASSWORD}`:");
        println!("  owner                   owner@acme.example    (Acme Voice)");
        for (role, _, email) in TEAM {
            println!("  {role:<23} {email:<21} (Acme Voice)");
        }
        println!("  owner                   owner@globex.example  (Globex Calls)");
        println!("Pages: {0}  API: {0}/docs  mail: {0}/dev/mailbox\n", self.address);
        Ok(())
    }

    /// Signs an Owner in, after signing them up if need be; gives back the session's token.
    async fn owner(&self, name: &str, email: &str, organization: &str) -> Result<String> {
        if let Some(token) = self.sign_in(email).await? {
            return Ok(token);
        }
        let signup = json!({"email": email, "name": name, "organization_name": organization});
        self.post("/v1/signup", None, &signup).await?;
        let token = self.mailed_token(email).await?;
        let (_, answer) =
            self.post("/v1/signup/complete", None, &json!({"token": token, "password": PASSWORD})).await?;
        Ok(answer["session"]["token"].as_str().ok_or("no session")?.to_owned())
    }

    async fn invited(&self, owner: &str, role: &str, name: &str, email: &str) -> Result {
        if self.sign_in(email).await?.is_some() {
            return Ok(());
        }
        let (status, answer) =
            self.post("/v1/invitations", Some(owner), &json!({"email": email, "role": role})).await?;
        if status != StatusCode::CREATED {
            return Err(format!("{email} was not invited: {answer}").into());
        }
        let token = self.mailed_token(email).await?;
        let account = json!({"token": token, "name": name, "password": PASSWORD});
        let (status, answer) = self.post("/v1/invitations/accept", None, &account).await?;
        if status != StatusCode::CREATED {
            return Err(format!("{email} did not come in: {answer}").into());
        }
        Ok(())
    }

    async fn sign_in(&self, email: &str) -> Result<Option<String>> {
        let (_, answer) =
            self.post("/v1/sessions", None, &json!({"email": email, "password": PASSWORD})).await?;
        Ok(answer["session"]["token"].as_str().map(str::to_owned))
    }

    async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<(StatusCode, Value)> {
        let mut request = self.client.post(format!("{}{path}", self.address)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }

    /// The token in the newest mail to an address, once it has come.
    async fn mailed_token(&self, email: &str) -> Result<String> {
        for _ in 0..100 {
            let mails: Value =
                self.client.get(format!("{}/dev/mailbox.json", self.address)).send().await?.json().await?;
            let mails = mails["data"].as_array().into_iter().flatten();
            let link = mails.filter(|mail| mail["to"] == email).find_map(|mail| mail["links"][0].as_str());
            if let Some((_, token)) = link.and_then(|link| link.split_once("token=")) {
                return Ok(token.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("no mail came for {email}").into())
    }
}
