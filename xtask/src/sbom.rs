//! What the binary is made of: a software bill of materials (CycloneDX 1.6, in JSON), of what `Cargo.lock` says. The same lock gives
//! the same file, to the letter: no time, no chance, no path of this machine.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

use crate::process::{Result, root};

/// The package whose binary it is.
const BINARY: &str = "rollcall-server";

/// For which machines.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Prints it.
pub(crate) fn run() -> Result {
    println!("{}", serde_json::to_string_pretty(&document()?)?);
    Ok(())
}

fn document() -> Result<Value> {
    let options = ["--locked", "--offline", "--filter-platform", TARGET].map(str::to_owned);
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::SomeFeatures(Vec::new()))
        .other_options(options)
        .exec()?;
    let needed = needed(&metadata)?;
    let packages: BTreeMap<&PackageId, &Package> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let (mut components, mut dependencies, mut main) = (BTreeMap::new(), BTreeMap::new(), Value::Null);
    for (id, needs) in &needed {
        let package = packages[id];
        let component = component(package);
        let needs: BTreeSet<String> = needs.iter().map(|id| purl(packages[id])).collect();
        dependencies.insert(purl(package), json!({"ref": purl(package), "dependsOn": needs}));
        if package.name.as_str() == BINARY {
            main = component;
        } else {
            components.insert(purl(package), component);
        }
    }
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main, "properties": [{"name": "cdx:rustc:target", "value": TARGET}]},
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    }))
}

/// What gets into the binary, and what each of it needs: not what only builds or tests it.
fn needed(metadata: &Metadata) -> Result<BTreeMap<PackageId, BTreeSet<PackageId>>> {
    let resolved = metadata.resolve.as_ref().ok_or("cargo has not said who needs whom")?;
    let nodes: BTreeMap<_, _> = resolved.nodes.iter().map(|node| (&node.id, node)).collect();
    let binary = metadata.packages.iter().find(|package| package.name.as_str() == BINARY);
    let mut waiting = vec![binary.ok_or("there is no rollcall-server")?.id.clone()];
    let mut needed = BTreeMap::new();
    while let Some(id) = waiting.pop() {
        if needed.contains_key(&id) {
            continue;
        }
        let needs = nodes[&id].deps.iter();
        let needs =
            needs.filter(|needs| needs.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        let needs: BTreeSet<PackageId> = needs.map(|needs| needs.pkg.clone()).collect();
        waiting.extend(needs.iter().cloned());
        needed.insert(id, needs);
    }
    Ok(needed)
}

fn component(package: &Package) -> Value {
    let is_main = package.name.as_str() == BINARY;
    let mut component = json!({
        "type": if is_main { "application" } else { "library" },
        "bom-ref": purl(package),
        "name": package.name.as_str(),
        "version": package.version.to_string(),
        "purl": purl(package),
    });
    if let Some(license) = &package.license {
        // Cargo's older way of saying OR.
        component["licenses"] = json!([{"expression": license.replace('/', " OR ")}]);
    }
    if let Some(description) = &package.description {
        component["description"] = json!(description.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if let Some(repository) = &package.repository {
        component["externalReferences"] = json!([{"type": "vcs", "url": repository}]);
    }
    component
}

/// The package's name all over the world (package-url).
fn purl(package: &Package) -> String {
    // A version may hold what has a meaning in a URL.
    format!("pkg:cargo/{}@{}", package.name, package.version.to_string().replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_bill_names_what_the_binary_is_made_of_and_is_the_same_each_time() {
        let document = document().expect("a document");
        let names: BTreeSet<_> = document["components"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|component| component["name"].as_str())
            .collect();
        for is_in in ["tokio", "sqlx", "rollcall-domain", "opentelemetry_sdk"] {
            assert!(names.contains(is_in), "{is_in}");
        }
        for is_not in ["proptest", "mockall", "testcontainers", "xtask", "rollcall-tests", "rollcall-server"]
        {
            assert!(!names.contains(is_not), "{is_not}");
        }
        let text = document.to_string();
        assert_eq!(text, super::document().expect("a document").to_string());
        assert!(!text.contains(root().to_str().expect("text")), "where it was made is nobody's business");
        let lock = fs::read_to_string(Path::new(&root()).join("Cargo.lock")).expect("a lock");
        for component in document["components"].as_array().into_iter().flatten() {
            let (name, version) = (&component["name"], &component["version"]);
            assert!(lock.contains(&format!("name = {name}\nversion = {version}\n")), "{name} {version}");
            assert!(component["licenses"].is_array(), "{name} has no licence");
        }
        let known: BTreeSet<_> = document["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|of| &of["ref"])
            .map(Value::to_string)
            .collect();
        for needs in document["dependencies"].as_array().into_iter().flatten() {
            let needs = needs["dependsOn"].as_array().into_iter().flatten();
            assert!(needs.map(Value::to_string).all(|needs| known.contains(&needs)));
        }
    }
}
