//! The tests of packages and containers, which are shell scripts: they need root, podman, and the Debian root that
//! `deploy/test/debian-root` makes (DEBIAN_ROOT names the file), and take minutes.

use crate::files::top;

/// Runs `deploy/test/NAME` where this machine has what it needs.
fn script(name: &str, needs: &[&str]) {
    let Some(root) = test_support::needs("DEBIAN_ROOT") else { return };
    if !needs.iter().all(|need| test_support::needs(need).is_some()) {
        return;
    }
    let output = std::process::Command::new(top().join("deploy/test").join(name)).arg(root).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(words.trim_end().ends_with("all good"), "{words}");
}

#[test]
fn packages_install_start_upgrade_and_purge() {
    script("packages", &["podman", "cargo-deb"]);
}

#[test]
fn images_are_built_offline_and_each_does_its_work() {
    script("containers", &["podman", "buildah", "prometheus", "openssl", "python3"]);
}
