//! The units of systemd, as systemd-analyze sees them.

use std::{fs, process::Command};

use rollcall_tests::Binary;

use crate::packaging::{MIGRATION, UNIT};

#[test]
fn the_systemd_units_are_some_and_keep_the_service_from_almost_everything() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("rollcall.service", UNIT), ("rollcall-migrate.service", MIGRATION)] {
        let unit = folder.path().join(name);
        // The manual and the binary are not installed here.
        let binary = Binary::path();
        let here = text.replace("/usr/bin/rollcall", binary.to_str().unwrap());
        let here: Vec<_> = here.lines().filter(|line| !line.starts_with("Documentation=")).collect();
        fs::write(&unit, here.join("\n")).unwrap();
        let verified = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains(name), "{said}");
        // Of 10.0, which is exposed to everything.
        let security = ["security", "--offline=true", "--threshold=15"];
        let looked = Command::new("systemd-analyze").args(security).arg(&unit).output().unwrap();
        assert!(looked.status.success(), "{name}: {}", String::from_utf8_lossy(&looked.stdout));
    }
}
