//! Data to look at, made over the API as anybody would make it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::process::{Result, cargo};

/// The password of everybody in the demo. It is good for nothing outside of it.
pub(crate) const PASSWORD: &str = "demo demo demo demo";
/// Whom the first organization is made of, by role.
const TEAM: [(&str, &str, &str); 4] = [
    ("admin", "Ada Lovelace", "admin@acme.example"),
    ("member", "Mary Somerville", "member@acme.example"),
    ("customer_support_agent", "Hedy Lamarr", "agent@acme.example"),
    ("viewer", "Sophie Germain", "viewer@acme.example"),
];

/// A service that has just been started, and ends with the value if nobody waits for its end.
pub(crate) struct Service {
    process: Child,
    /// Where it serves.
    pub(crate) address: String,
}

impl Service {
    /// Builds and starts it, with some of its settings given; it serves when this returns.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Result<Self> {
        let mut program = cargo();
        program.args(["run", "--quiet", "--package", "rollcall-server", "--"]);
        Self::start_program(program, settings)
    }

    /// The same with a program that is built already.
    pub(crate) fn start_program(mut program: Command, settings: &[(&str, &str)]) -> Result<Self> {
        let mut process =
            program.arg("serve").envs(settings.iter().copied()).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut service = Self { process, address: String::new() };
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            if let Some(address) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                address.clone_into(&mut service.address);
                return Ok(service);
            }
        }
        Err("the server did not start".into())
    }

    /// Waits until it ends.
    pub(crate) async fn wait(mut self) -> Result {
        tokio::task::spawn_blocking(move || self.process.wait()).await??;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Data to look at.
pub(crate) struct Demo {
    client: Client,
    address: String,
}

impl Demo {
    /// Data in the service at an address.
    pub(crate) fn at(address: &str) -> Result<Self> {
        // The client could speak TLS, and wants to know by whose cryptography.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { client, address: address.to_owned() })
    }

    /// Makes what is not there yet: two organizations, one of them with somebody in every role.
    pub(crate) async fn fill(&self) -> Result {
        let owner = self.owner("Grace Hopper", "owner@acme.example", "Acme Voice").await?;
        for (role, name, email) in TEAM {
            self.invited(&owner, role, name, email).await?;
        }
        self.owner("Rosalind Franklin", "owner@globex.example", "Globex Calls").await?;
        Ok(())
    }

    /// Says what there is to look at, and by whom.
    pub(crate) fn announce(&self) {
        println!("\nDemo accounts, all with the password `{PASSWORD}`:");
        println!("  owner                   owner@acme.example    (Acme Voice)");
        for (role, _, email) in TEAM {
            println!("  {role:<23} {email:<21} (Acme Voice)");
        }
        println!("  owner                   owner@globex.example  (Globex Calls)");
        println!("Pages: {0}  API: {0}/docs  mail: {0}/dev/mailbox\n", self.address);
    }

    /// Signs an Owner in, after signing them up if need be; gives back the session's token.
    pub(crate) async fn owner(&self, name: &str, email: &str, organization: &str) -> Result<String> {
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

    pub(crate) async fn invited(&self, owner: &str, role: &str, name: &str, email: &str) -> Result {
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

    pub(crate) async fn sign_in(&self, email: &str) -> Result<Option<String>> {
        let (_, answer) =
            self.post("/v1/sessions", None, &json!({"email": email, "password": PASSWORD})).await?;
        Ok(answer["session"]["token"].as_str().map(str::to_owned))
    }

    /// Asks for something that must succeed; gives back what was answered.
    pub(crate) async fn ask(&self, method: Method, path: &str, token: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.send(method, path, Some(token), body).await?;
        if status.is_success() { Ok(answer) } else { Err(format!("{path} failed: {answer}").into()) }
    }

    async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<(StatusCode, Value)> {
        self.send(Method::POST, path, token, body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.address)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        Ok((status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? }))
    }

    /// Leaves links in mails that nobody has followed yet: to finish a sign-up, to accept an invitation, to choose another password.
    pub(crate) async fn leave_links_open(&self) -> Result {
        let owner = self.owner("Grace Hopper", "owner@acme.example", "Acme Voice").await?;
        let invitation = json!({"email": "katherine@nasa.example", "role": "customer_support_agent"});
        let signup =
            json!({"email": "hypatia@museum.example", "name": "Hypatia", "organization_name": "Museion"});
        for (path, token, body) in [
            ("/v1/invitations", Some(owner.as_str()), invitation),
            ("/v1/signup", None, signup),
            ("/v1/password-resets", None, json!({"email": "viewer@acme.example"})),
        ] {
            let (status, answer) = self.post(path, token, &body).await?;
            if !status.is_success() {
                return Err(format!("{path} failed: {answer}").into());
            }
        }
        Ok(())
    }

    /// The token in the newest mail to an address, once it has come.
    async fn mailed_token(&self, email: &str) -> Result<String> {
        let link = self.mailed_link(email, "token=").await?;
        Ok(link.split_once("token=").ok_or("a link without a token")?.1.to_owned())
    }

    /// The link to a page in the newest mail to an address that has one, once it has come.
    pub(crate) async fn mailed_link(&self, email: &str, page: &str) -> Result<String> {
        for _ in 0..100 {
            let mails: Value =
                self.client.get(format!("{}/dev/mailbox.json", self.address)).send().await?.json().await?;
            let mails = mails["data"].as_array().into_iter().flatten().filter(|mail| mail["to"] == email);
            let mut links = mails.filter_map(|mail| mail["links"][0].as_str());
            if let Some(link) = links.find(|link| link.contains(page)) {
                return Ok(link.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("no mail came for {email}").into())
    }
}
