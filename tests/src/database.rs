//! A database for each test, made from a template that is migrated once.

use std::{env, path::PathBuf};

use rollcall_private_postgres::{
    Error, PrivatePostgres, Settings, TEST_DATABASE_URL, docker_answers, with_database,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt, core::IntoContainerPort, core::WaitFor, runners::AsyncRunner,
};
use tokio::sync::OnceCell;

use crate::until;

/// Held while the template is made, by whichever test comes first.
const TEMPLATE_LOCK: i64 = 0x726f_6c6c_6361_6c6c;

/// Where this process's databases are, when nobody has named a server. It is there until the process ends.
static OURS: OnceCell<Server> = OnceCell::const_new();

enum Server {
    Private(PrivatePostgres),
    Container(Box<ContainerAsync<GenericImage>>, u16),
}

impl Server {
    async fn start() -> Self {
        let data_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../target/test-postgres")
            .join(std::process::id().to_string());
        let settings = Settings { data_dir, durable: false, max_connections: 400, download: false };
        match PrivatePostgres::start(&settings).await {
            Ok(postgres) => Self::Private(postgres),
            Err(Error::NotFound { hint }) => {
                assert!(docker_answers(), "{hint}");
                let image = GenericImage::new("postgres", "17-alpine")
                    .with_exposed_port(5432.tcp())
                    .with_wait_for(WaitFor::message_on_stderr(
                        "database system is ready to accept connections",
                    ))
                    .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
                    .with_cmd(["-c", "fsync=off", "-c", "max_connections=400"]);
                let container = image.start().await.expect("a container with PostgreSQL");
                let port = container.get_host_port_ipv4(5432).await.expect("its port");
                Self::Container(Box::new(container), port)
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn url(&self, database: &str) -> String {
        match self {
            Self::Private(postgres) => postgres.url(database),
            Self::Container(_container, port) => format!("postgres://postgres@127.0.0.1:{port}/{database}"),
        }
    }
}

/// A superuser's URL of a database on the server that tests use.
async fn server_url(database: &str) -> String {
    match env::var(TEST_DATABASE_URL) {
        Ok(url) => with_database(&url, database),
        Err(_) => OURS.get_or_init(Server::start).await.url(database),
    }
}

/// A database of a test's own, migrated. It is dropped when the value is.
pub struct TestDatabase {
    name: String,
    url: String,
    admin_url: String,
}

impl TestDatabase {
    /// Makes one.
    pub async fn create() -> Self {
        Self::create_from(Some(&template().await)).await
    }

    /// Makes one without a schema.
    pub async fn create_empty() -> Self {
        Self::create_from(None).await
    }

    /// Makes one, migrated, on a server of the test's own; `url` is a superuser's, of any database there.
    pub async fn create_on(url: &str) -> Self {
        let name = format!("rollcall_test_{}", uuid::Uuid::from_u128(random()).simple());
        let mut admin = PgConnection::connect(url).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let database = Self::found_on(url, &name);
        rollcall_adapter_postgres::migrate(database.url()).await.unwrap();
        database
    }

    /// One that is there already, on a server of the test's own; `url` is a superuser's, of any database there.
    pub fn found_on(url: &str, name: &str) -> Self {
        Self { url: with_database(url, name), name: name.to_owned(), admin_url: url.to_owned() }
    }

    async fn create_from(template: Option<&str>) -> Self {
        let name = format!("rollcall_test_{}", uuid::Uuid::from_u128(random()).simple());
        let admin_url = server_url("postgres").await;
        let mut admin = PgConnection::connect(&admin_url).await.unwrap();
        let from = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}{from}"))).await.unwrap();
        Self { url: server_url(&name).await, name, admin_url }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A superuser's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection as superuser, for looking behind the scenes.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// A connection as the role that the service works as, with nothing said about what it may touch.
    pub async fn connect_as_service(&self) -> PgConnection {
        let mut connection = self.connect().await;
        connection.execute("SET ROLE rollcall_app").await.unwrap();
        connection
    }

    /// Runs a statement, as superuser.
    pub async fn execute(&self, statement: &str) {
        self.connect().await.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }

    /// Takes it away, under another name, and throws out whoever is in it.
    pub async fn go_away(&self) {
        let (name, mut elsewhere) = (&self.name, PgConnection::connect(&self.admin_url).await.unwrap());
        until("it is gone", async || {
            // A service comes back again and again, so the moment has to be met.
            let out =
                format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            elsewhere.execute(AssertSqlSafe(out)).await.unwrap();
            let rename = format!("ALTER DATABASE {name} RENAME TO {name}_gone");
            elsewhere.execute(AssertSqlSafe(rename)).await.ok()
        })
        .await;
    }

    /// Puts it back where it was.
    pub async fn come_back(&self) {
        let (name, mut elsewhere) = (&self.name, PgConnection::connect(&self.admin_url).await.unwrap());
        let rename = format!("ALTER DATABASE {name}_gone RENAME TO {name}");
        elsewhere.execute(AssertSqlSafe(rename)).await.unwrap();
    }

    /// Rows of a query, as superuser, each as JSON.
    pub async fn rows(&self, query: &str) -> Vec<serde_json::Value> {
        let query = format!("SELECT to_jsonb(q) FROM ({query}) q");
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut self.connect().await).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (name, admin_url) = (self.name.clone(), self.admin_url.clone());
        // Dropping cannot wait for the test's own runtime, so it has one of its own for a moment.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                if let Ok(mut admin) = PgConnection::connect(&admin_url).await {
                    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    let _ = admin.execute(AssertSqlSafe(drop)).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// The name of the migrated template; the first test of all makes it.
async fn template() -> String {
    static MADE: OnceCell<String> = OnceCell::const_new();
    MADE.get_or_init(async || {
        let migrations = rollcall_adapter_postgres::migrations_fingerprint();
        let name = format!("rollcall_template_{migrations}");
        let mut admin = PgConnection::connect(&server_url("postgres").await).await.unwrap();
        sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut admin).await.unwrap();
        let there: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)",
        )
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .unwrap();
        if !there {
            admin
                .execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
                .await
                .unwrap();
            admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
            rollcall_adapter_postgres::migrate(&server_url(&name).await).await.unwrap();
            admin.execute(AssertSqlSafe(format!("ALTER DATABASE {name} IS_TEMPLATE true"))).await.unwrap();
        }
        admin.close().await.unwrap();
        name
    })
    .await
    .clone()
}

/// Bits that no other test has.
pub fn random() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    half() << 64 | half()
}
