//! What Rollcall is installed by: the command line's own documents, and the files under `deploy`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rollcall_tests::{Binary, Service};
use saphyr::{LoadableYamlNode, Yaml};

pub(crate) const UNIT: &str = include_str!("../../deploy/systemd/rollcall.service");
pub(crate) const MIGRATION: &str = include_str!("../../deploy/systemd/rollcall-migrate.service");
const ENVIRONMENT: &str = include_str!("../../deploy/systemd/environment.example");
const FOR_MIGRATION: &str = include_str!("../../deploy/systemd/migrate.example");
const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const CONTAINERFILE: &str = include_str!("../../deploy/Containerfile");
const REFERENCE: &str = include_str!("../../docs/configuration.md");

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn rollcall(arguments: &[&str]) -> Output {
    Binary::command(&[]).args(arguments).output().unwrap()
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every command, with those within it: `keys`, `keys rotate`.
fn commands() -> Vec<Vec<String>> {
    fn within(path: &[String], found: &mut Vec<Vec<String>>) {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = text(rollcall(&arguments));
        let Some((_, listed)) = help.split_once("Commands:\n") else { return };
        for line in listed.lines().take_while(|line| line.starts_with("  ")) {
            let Some(name) = line.split_whitespace().next().filter(|name| *name != "help") else { continue };
            // A description that goes on is further in.
            if line.starts_with("   ") {
                continue;
            }
            let path = [path, &[name.to_owned()]].concat();
            within(&path, found);
            found.push(path);
        }
    }
    let mut found = Vec::new();
    within(&[], &mut found);
    assert!(
        found.len() > 12 && found.contains(&vec!["operator".to_owned(), "reset-mfa".to_owned()]),
        "{found:?}"
    );
    found
}

#[test]
fn completions_know_every_command_in_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let script = text(rollcall(&["completions", shell]));
        for command in commands() {
            let name = command.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell} does not know {command:?}");
        }
        assert!(script.contains("rollcall"), "{shell}");
    }
    assert!(!rollcall(&["completions", "tcsh"]).status.success());
    // What bash would say about the script.
    let script = tempfile::NamedTempFile::new().unwrap();
    fs::write(script.path(), text(rollcall(&["completions", "bash"]))).unwrap();
    if let Ok(checked) = Command::new("bash").arg("-n").arg(script.path()).status() {
        assert!(checked.success());
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let page = text(rollcall(&["man"]));
    assert!(page.contains(".TH rollcall 1") && page.contains("ROLLCALL_ENV"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    text(rollcall(&["man", "--into", folder.path().to_str().unwrap()]));
    for command in commands() {
        let file = folder.path().join(format!("rollcall-{}.1", command.join("-")));
        assert!(file.exists(), "{command:?}: {}", file.display());
    }
    assert!(folder.path().join("rollcall.1").exists());
}

#[test]
fn what_nobody_reads_to_the_end_ends_quietly() {
    for arguments in [
        ["openapi"].as_slice(),
        &["man"],
        &["completions", "bash"],
        &["check-config", "--reference"],
        &["check-config"],
    ] {
        // As behind `head`, once that has seen enough.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Binary::command(&[]).args(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(
            ended.status.code() == Some(141) && said.is_empty(),
            "{arguments:?}: {:?} {said}",
            ended.status
        );
    }
}

#[test]
fn it_says_which_build_it_is() {
    let version = text(rollcall(&["--version"]));
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    assert!(
        version.starts_with("rollcall 0.1.0 (") && version.ends_with(&format!("{profile})\n")),
        "{version}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_can_ask_itself_whether_it_is_ready() {
    let asked = async |address: String| {
        let mut command = Binary::command(&[("ROLLCALL__HTTP__OPERATIONS_ADDRESS", address.as_str())]);
        command.arg("healthcheck");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let service = Service::start().await;
    let address = service.operations_address().to_string();
    assert!(text(asked(address.clone()).await).contains(r#""status":"ready""#));

    service.database.go_away().await;
    let unready = asked(address).await;
    let said = String::from_utf8(unready.stderr).unwrap();
    assert!(unready.status.code() == Some(1) && said.contains("not_ready"), "{said}");

    // Nobody at all: nothing listens at a port that only a superuser may take.
    let nobody = asked("127.0.0.1:1".to_owned()).await;
    let said = String::from_utf8(nobody.stderr).unwrap();
    assert!(nobody.status.code() == Some(1) && said.contains("nothing listens there"), "{said}");
    let anywhere = asked("127.0.0.1:0".to_owned()).await;
    assert!(String::from_utf8(anywhere.stderr).unwrap().contains("ROLLCALL__HTTP__OPERATIONS_ADDRESS"));
}

#[test]
fn who_may_change_the_schema_is_named_to_migrations_alone() {
    let whose = "ROLLCALL__DATABASE__MIGRATION_URL";
    assert!(!settings(UNIT).contains(whose) && !settings(ENVIRONMENT).contains(whose));
    assert!(settings(FOR_MIGRATION).contains(whose));
    let files = |unit: &'static str| -> Vec<&'static str> {
        unit.lines().filter_map(|line| line.strip_prefix("EnvironmentFile=")).collect()
    };
    assert_eq!(files(UNIT), ["/etc/rollcall/environment"]);
    assert_eq!(files(MIGRATION), ["/etc/rollcall/environment", "/etc/rollcall/migrate"]);
    // What keeps the service from almost everything keeps a migration from as much.
    let walls = |unit: &'static str| -> BTreeSet<&'static str> {
        let (_, walls) = unit.split_once("ProtectSystem=").unwrap();
        walls
            .lines()
            .take_while(|line| *line != "[Install]")
            .filter(|line| !line.starts_with("SocketBindAllow="))
            .collect()
    };
    assert_eq!(walls(UNIT), walls(MIGRATION));
}

/// Names of settings in a text.
fn settings(text: &str) -> BTreeSet<&str> {
    let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    names.filter(|name| name.starts_with("ROLLCALL__")).collect()
}

#[test]
fn every_setting_in_deploy_is_one() {
    let known = settings(REFERENCE);
    for (file, text) in [
        ("rollcall.service", UNIT),
        ("rollcall-migrate.service", MIGRATION),
        ("environment.example", ENVIRONMENT),
        ("migrate.example", FOR_MIGRATION),
        ("compose.yaml", COMPOSE),
        ("Containerfile", CONTAINERFILE),
    ] {
        let unknown: Vec<_> = settings(text).difference(&known).copied().collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

/// The environment of a service of the compose file, merged as compose does it, with secrets in the places of their names.
fn environment(service: &Yaml<'_>, secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    for (name, value) in service.as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        if name == "<<" {
            environment.extend(self::environment(value, secrets));
            continue;
        }
        let mut value = value.as_str().unwrap().to_owned();
        for (secret, is) in secrets {
            value = value.replace(&format!("${{{secret}:?run deploy/secrets}}"), is);
        }
        assert!(!value.contains("${"), "{name} names a secret that deploy/secrets does not make: {value}");
        environment.insert(name.to_owned(), value);
    }
    environment
}

#[test]
fn asvs_13_3_1_the_compose_file_is_a_production_that_can_be_used_with_secrets_of_its_own() {
    let documents = Yaml::load_from_str(COMPOSE).unwrap();
    let services = &documents[0]["services"];
    let drawn = || -> BTreeMap<String, String> {
        let drawn = Command::new("sh").arg(deploy().join("secrets")).output().unwrap();
        let drawn = text(drawn);
        drawn
            .lines()
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, is)| (name.to_owned(), is.to_owned()))
            .collect()
    };
    let (secrets, others) = (drawn(), drawn());
    assert!(secrets.iter().all(|(name, is)| others[name] != *is), "secrets are drawn anew");
    let migrating = environment(&services["migrate"]["environment"], &secrets);
    assert!(migrating["ROLLCALL__DATABASE__MIGRATION_URL"].contains(&secrets["OWNER_PASSWORD"]));
    let environment = environment(&services["rollcall"]["environment"], &secrets);
    assert!(environment.values().all(|is| !is.contains(&secrets["OWNER_PASSWORD"])), "nodes own no schema");
    let mut environment: Vec<_> = environment.iter().map(|(name, is)| (name.as_str(), is.as_str())).collect();
    environment.push(("ROLLCALL_ENV", "production"));
    // The tests' own cheap passwords are not part of it.
    let mut command = Binary::command(&environment);
    for name in
        ["ROLLCALL__PASSWORDS__MEMORY_KIB", "ROLLCALL__PASSWORDS__PASSES", "ROLLCALL__LIMITS__ENABLED"]
    {
        command.env_remove(name);
    }
    let checked = command.arg("check-config").output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    // The database is on the same machine, which it cannot know. Nothing else is unsafe.
    let found: Vec<_> = said.lines().filter(|line| line.starts_with("unsafe")).collect();
    assert_eq!(checked.status.code(), Some(3), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    assert!(found.len() == 1 && found[0].contains("ROLLCALL__DATABASE__URL"), "{found:?}");
    assert!(secrets.values().all(|secret| !said.contains(secret.as_str())), "{said}");
    // Whatever runs our code has nothing to write to and no rights; the catcher as well.
    let common = &documents[0]["x-rollcall"];
    for service in [common, &services["mail"]] {
        assert_eq!(service["read_only"].as_bool(), Some(true));
        assert_eq!(service["cap_drop"][0].as_str(), Some("ALL"));
        assert_eq!(service["security_opt"][0].as_str(), Some("no-new-privileges:true"));
    }
    // Its image has no shell, so whoever asks whether it is ready is the binary itself.
    let health: Vec<_> = services["rollcall"]["healthcheck"]["test"]
        .as_sequence()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    assert_eq!(health, ["CMD", "/usr/bin/rollcall", "healthcheck"]);
    let ports = services["rollcall"]["ports"].as_sequence().unwrap();
    assert!(
        ports.iter().all(|port| port.as_str().unwrap().starts_with("127.0.0.1:")),
        "only this machine gets in"
    );
}

#[test]
fn the_image_runs_as_nobody_from_a_base_that_is_named() {
    let instructions: Vec<&str> = CONTAINERFILE.lines().filter(|line| !line.starts_with('#')).collect();
    let stages: Vec<&str> = instructions.iter().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(stages.len(), 2);
    for stage in stages {
        let image = stage.split(' ').next().unwrap();
        let (_, tag) = image.rsplit_once(':').expect("a tag");
        assert!(tag != "latest" && image.contains('/'), "{image}");
    }
    let after = CONTAINERFILE.rsplit("\nFROM ").next().unwrap();
    let user = after.lines().find_map(|line| line.strip_prefix("USER ")).expect("a user");
    // By number, so that an orchestrator can see that it is not root.
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id >= 1000)), "{user}");
    assert!(!after.contains("RUN ") && after.contains(r#"ENTRYPOINT ["/usr/bin/rollcall"]"#));
    // A folder that only what it holds is copied of would be made by whatever builds the image, with a mode of its own.
    let mode = "install -d -m 0700 /out/var/lib/rollcall\n";
    let copied = format!("COPY --from=build --chown={user} /out/var/lib/ /var/lib/\n");
    assert!(CONTAINERFILE.contains(mode) && after.contains(&copied));
    assert!(CONTAINERFILE.contains("--locked"));
    let toolchain =
        include_str!("../../Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = "));
    let toolchain = toolchain.unwrap().trim_matches('"');
    assert!(CONTAINERFILE.contains(&format!("library/rust:{toolchain}-")), "built with {toolchain}");
}
