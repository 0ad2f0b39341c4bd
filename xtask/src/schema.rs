//! Tries the contract: everything that the OpenAPI document allows is sent to the service, and much that it forbids, and every answer is
//! compared with the document (schemathesis).

use std::{fs, path::PathBuf, process::Command};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    demo::{Demo, Service},
    postgres::ThrowAway,
    process::{self, Result, is_there, root},
    workspace,
};

/// The schemathesis that is installed.
const SCHEMATHESIS: &str = "4.32.5";
/// Tokens that are good nowhere else.
const OPERATOR: &str = "a token of the operator for a service on this machine";
const SERVICE: &str = "a token of a service for a service on this machine";

/// Operations that end what everything else is tried with: the session, the organization, or what its plan has. Each is tried by somebody
/// of its own when all others have been.
const LAST: [&str; 8] = [
    "sign_out",
    "switch_organization",
    "update_security",
    "change_plan",
    "set_plan",
    "suspend_organization",
    "delete_organization",
    "delete_me",
];

/// How much is tried.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The most requests of each kind for each operation.
    #[arg(long, default_value_t = 10)]
    examples: u32,
    /// What chance follows from. By itself it is another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Only operations whose path matches this regular expression.
    #[arg(long)]
    path: Option<String>,
}

/// Installs schemathesis under `target` if it is not there, starts the service on a database of its own, and tries it.
pub(crate) async fn run(arguments: &Arguments) -> Result {
    let schemathesis = tokio::task::block_in_place(installed)?;
    let programs = tokio::task::block_in_place(workspace::build)?;
    let postgres =
        ThrowAway::start().await?.ok_or("trying the contract needs a PostgreSQL on this machine")?;
    let name = format!("rollcall_contract_{}", std::process::id());
    let mut server = PgConnection::connect(&postgres.url("postgres")).await?;
    server.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let tried = try_it(arguments, schemathesis, programs.join("rollcall"), &postgres.url(&name)).await;
    server.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
    server.close().await?;
    postgres.stop().await?;
    tried
}

async fn try_it(
    arguments: &Arguments,
    schemathesis: PathBuf,
    rollcall: PathBuf,
    database_url: &str,
) -> Result {
    let data = tempfile::tempdir()?;
    let data_dir = data.path().to_str().ok_or("a folder without a name")?;
    let service = tokio::task::block_in_place(|| {
        Service::start_program(
            Command::new(rollcall),
            &[
                ("ROLLCALL__DATABASE__URL", database_url),
                ("ROLLCALL__DATA_DIR", data_dir),
                ("ROLLCALL__HTTP__ADDRESS", "127.0.0.1:0"),
                ("ROLLCALL__HTTP__OPERATIONS_ADDRESS", "127.0.0.1:0"),
                ("ROLLCALL__LIMITS__ENABLED", "false"),
                ("ROLLCALL__LOG__LEVEL", "warn"),
                ("ROLLCALL__PASSWORDS__MEMORY_KIB", "64"),
                ("ROLLCALL__PASSWORDS__PASSES", "1"),
                ("ROLLCALL__OPERATOR__TOKEN", OPERATOR),
                ("ROLLCALL__SERVICE__TOKEN", SERVICE),
            ],
        )
    })?;
    let credentials = Credentials::at(&service.address).await?;
    let tries = |session: &str, filters: &[&str]| {
        let mut command = Command::new(&schemathesis);
        command
            .args(["--no-color", "--config-file"])
            .arg(root().join("tests/schemathesis.toml"))
            .arg("run")
            .arg(root().join("docs/openapi.json"))
            .args(["--url", &service.address, "--phases", "examples,coverage,fuzzing"])
            .args(["--max-examples", &arguments.examples.to_string(), "--generation-database", "none"])
            .args(filters)
            .current_dir(data.path())
            .env("ROLLCALL_SESSION", session)
            .env("ROLLCALL_API_KEY", &credentials.api_key)
            .env("ROLLCALL_OPERATOR", OPERATOR)
            .env("ROLLCALL_SERVICE", SERVICE);
        if let Some(seed) = arguments.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        tokio::task::block_in_place(|| process::run(&mut command))
    };
    if let Some(path) = &arguments.path {
        return tries(&credentials.session, &["--include-path-regex", path.as_str()]);
    }
    let all_but_last: Vec<&str> = LAST.into_iter().flat_map(|id| ["--exclude-operation-id", id]).collect();
    tries(&credentials.session, &all_but_last)?;
    let demo = Demo::at(&service.address)?;
    for id in LAST {
        let session = demo.owner("Ada Lovelace", &format!("{id}@acme.example"), "Acme Voice").await?;
        tries(&session, &["--include-operation-id", id])?;
    }
    Ok(())
}

/// What the service is tried with.
struct Credentials {
    session: String,
    api_key: String,
}

impl Credentials {
    /// Those of an Owner whose organization has all that there is, and of a program that may do all that programs may.
    async fn at(address: &str) -> Result<Self> {
        let demo = Demo::at(address)?;
        let session = demo.owner("Grace Hopper", "owner@acme.example", "Acme Voice").await?;
        let shown = demo.ask(Method::GET, "/v1/session", &session, &Value::Null).await?;
        let organization = shown["organization"]["id"].as_str().ok_or("no organization")?;
        let plan = format!("/operator/v1/organizations/{organization}/plan");
        demo.ask(Method::PUT, &plan, OPERATOR, &json!({"plan": "enterprise"})).await?;
        let on = json!({"enabled": true});
        let controls = json!({"audit_log": on, "call_recording": on, "end_to_end_encryption": on});
        demo.ask(Method::PATCH, "/v1/security", &session, &controls).await?;
        let key = json!({"name": "Everything", "scopes": scopes()?});
        let made = demo.ask(Method::POST, "/v1/api-keys", &session, &key).await?;
        let api_key = made["secret"].as_str().ok_or("no API key")?.to_owned();
        Ok(Self { session, api_key })
    }
}

/// Every scope that an API key can have, as the contract has it.
fn scopes() -> Result<Value> {
    let contract: Value = serde_json::from_str(&fs::read_to_string(root().join("docs/openapi.json"))?)?;
    let key = &contract["components"]["schemas"]["CreateApiKeyRequest"];
    Ok(key["properties"]["scopes"]["items"]["enum"].clone())
}

/// The program, installed under `target`.
fn installed() -> Result<PathBuf> {
    let folder = workspace::target()?.join(format!("tools/schemathesis-{SCHEMATHESIS}"));
    let program = folder.join("bin/schemathesis");
    if program.exists() {
        return Ok(program);
    }
    let mut version = Command::new("python3");
    version.arg("--version");
    if !is_there(version) {
        return Err("schemathesis is written in Python, and there is no python3: install Python 3.10 or later, with venv \
                    (Debian: apt-get install python3-venv)"
            .into());
    }
    println!("Installing schemathesis {SCHEMATHESIS} under {}.", folder.display());
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    process::run(Command::new(folder.join("bin/pip")).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        &format!("schemathesis=={SCHEMATHESIS}"),
    ]))?;
    Ok(program)
}
