//! Nodes: real processes of `rollcall serve`, each with a way to the database of its own.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
    sync::{Mutex, RwLock},
    time::Duration,
};

use reqwest::Method;
use rollcall_tests::{Answer, Caller};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::Mutex as Turn,
    time::timeout,
};

use crate::{
    cluster::{DATABASE, SERVICE},
    proxy::Proxy,
    steps::{Moment, Trap},
};

/// The longest that one answer may take on the service's side; the suite's clients wait longer.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How long it may take to say that it serves, and to end when it is told to. Then it is killed.
const BOUND: Duration = Duration::from_secs(60);
/// How long the suite waits for an answer.
const PATIENCE: Duration = Duration::from_secs(6);
/// A keyring for all nodes.
const RING: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The token of the platform's own staff.
pub(crate) const OPERATOR: &str = "a token of the platform's own staff";

/// What all nodes have in common.
#[derive(Clone)]
pub(crate) struct Setting {
    /// The program.
    pub(crate) rollcall: PathBuf,
    /// Where files and logs go.
    pub(crate) folder: PathBuf,
    /// The mail server.
    pub(crate) smtp: String,
}

impl Setting {
    /// Where the sound of calls lies.
    pub(crate) fn recordings(&self) -> PathBuf {
        self.folder.join("recordings")
    }
}

/// A node.
pub(crate) struct Node {
    name: String,
    setting: Setting,
    /// Its way to the database.
    pub(crate) proxy: Proxy,
    caller: RwLock<Caller>,
    process: Turn<Option<Child>>,
    /// More of its environment, as of its next start.
    environment: Mutex<Vec<(String, String)>>,
}

/// A command of the program, at a database.
pub(crate) fn rollcall(setting: &Setting, database_url: &str) -> Command {
    let mut command = Command::new(&setting.rollcall);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLLCALL")) {
        command.env_remove(name);
    }
    command.env("ROLLCALL__DATA_DIR", setting.folder.join("data"));
    command.env("ROLLCALL__RECORDINGS__STORE", setting.recordings());
    command.envs([
        ("ROLLCALL__DATABASE__URL", database_url),
        ("ROLLCALL__DATABASE__MIGRATE_ON_START", "false"),
        ("ROLLCALL__DATABASE__ACQUIRE_TIMEOUT_SECONDS", "2"),
        ("ROLLCALL__DATABASE__STATEMENT_TIMEOUT_SECONDS", "3"),
        ("ROLLCALL__HTTP__ADDRESS", "127.0.0.1:0"),
        ("ROLLCALL__HTTP__OPERATIONS_ADDRESS", "127.0.0.1:0"),
        ("ROLLCALL__HTTP__PUBLIC_URL", "http://rollcall.localhost"),
        ("ROLLCALL__HTTP__TIMEOUT_SECONDS", &TIMEOUT.as_secs().to_string()),
        ("ROLLCALL__EMAIL__SMTP_URL", &setting.smtp),
        ("ROLLCALL__KEYS__RING", RING),
        ("ROLLCALL__PASSWORDS__MEMORY_KIB", "64"),
        ("ROLLCALL__PASSWORDS__PASSES", "1"),
        ("ROLLCALL__LIMITS__ENABLED", "false"),
        ("ROLLCALL__WEBHOOKS__ANYWHERE", "true"),
        ("ROLLCALL__OPERATOR__TOKEN", OPERATOR),
        ("ROLLCALL__LOG__LEVEL", "warn"),
    ]);
    command.kill_on_drop(true);
    command
}

impl Node {
    /// A node that does not run yet.
    pub(crate) fn new(name: String, setting: Setting, proxy: Proxy) -> Self {
        let caller = RwLock::new(Caller::anonymous("http://127.0.0.1:9"));
        Self { name, setting, proxy, caller, process: Turn::default(), environment: Mutex::default() }
    }

    /// Starts it. It is killed when it gets to a step, if one is named, however early that is; then there is nobody to serve.
    pub(crate) async fn start(&self, at: Option<(String, Moment)>) {
        let mut process = self.process.lock().await;
        let mut command = rollcall(&self.setting, &self.proxy.url(SERVICE, DATABASE));
        command.arg("serve").envs(self.environment.lock().unwrap().iter().cloned());
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        if let Some((statement, moment)) = at {
            let process = child.id().expect("a process that nobody has waited for");
            self.proxy.steps.set(Trap { statement, moment, process });
        }
        let mut output = BufReader::new(child.stdout.take().unwrap());
        *process = Some(child);
        drop(process);
        let says_where = async {
            let mut line = String::new();
            // Whatever it writes before that is its log's. It may be killed at any moment.
            while output.read_line(&mut line).await.unwrap_or(0) != 0 {
                if let Some(base) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                    *self.caller.write().unwrap() = Caller::anonymous(base);
                    break;
                }
                line.clear();
            }
        };
        if timeout(BOUND, says_where).await.is_err() {
            // Whoever waits until it is ready says so.
            self.kill().await;
        }
        tokio::spawn(async move {
            let mut rest = Vec::new();
            // It may have more to say, and must not find that nobody listens.
            let _ = output.read_to_end(&mut rest).await;
        });
    }

    /// Sets more of its environment, as of its next start.
    pub(crate) fn set_environment(&self, environment: &[(&str, &str)]) {
        let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        *self.environment.lock().unwrap() = owned.collect();
    }

    /// Waits for a step at which it is to be killed.
    pub(crate) async fn kill_at(&self, statement: &str, moment: Moment) {
        let process = self.process.lock().await;
        if let Some(process) = process.as_ref().and_then(Child::id) {
            self.proxy.steps.set(Trap { statement: statement.to_owned(), moment, process });
        }
    }

    /// `kill -9`, if it still runs.
    pub(crate) async fn kill(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            let _ = process.kill().await;
        }
    }

    /// SIGTERM, and the end in good order that follows.
    ///
    /// # Errors
    /// When it takes too long, and it had to be killed.
    pub(crate) async fn terminate(&self) -> Result<(), String> {
        let Some(mut process) = self.process.lock().await.take() else { return Ok(()) };
        let pid = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(BOUND, process.wait()).await.is_ok() {
            return Ok(());
        }
        let _ = process.kill().await;
        Err(format!("{} has not ended {BOUND:?} after SIGTERM: {}", self.name, self.last_words()))
    }

    /// Whether its process is there. One that was killed, or has given up, is not.
    pub(crate) async fn runs(&self) -> bool {
        let mut process = self.process.lock().await;
        process.as_mut().is_some_and(|process| process.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    /// Whether it says that it is ready.
    pub(crate) async fn is_ready(&self) -> bool {
        self.ask(Method::GET, "/readyz", None).await.is_ok_and(|answer| answer.status == 200)
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: Method, path: &str, token: Option<&str>) -> reqwest::RequestBuilder {
        let caller = self.caller.read().unwrap().clone();
        let caller = token.map_or(caller.clone(), |token| caller.with_token(token));
        caller.request(method, path).timeout(PATIENCE)
    }

    /// Asks it.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
    ) -> reqwest::Result<Answer> {
        Answer::try_of(self.request(method, path, token)).await
    }

    /// The last lines that it wrote.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(4)..].join(" / ")
    }

    fn log(&self) -> PathBuf {
        self.setting.folder.join(format!("{}.log", self.name))
    }

    /// How it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
