//! Configurations, profiles and servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use profile_codec::pprof;
use profile_model::{Profile, ValueType};
use report_render::folded;
use tempfile::TempDir;
use test_support::{Exit, Process};

pub(crate) const PROFILE_QUERY: &str = env!("CARGO_BIN_EXE_profile-query");

/// Stacks before something happened.
pub(crate) const BEFORE: &str = "main;serve;parse 200\nmain;serve;render 500\nmain;gc 300\n";
/// `parse` is slower by ten points of the total.
pub(crate) const AFTER: &str = "main;serve;parse 600\nmain;serve;render 800\nmain;gc 600\n";

/// A folder with a configuration, and whatever a test puts there.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// With `[pyroscope.deployments.prod]` at a URL.
    pub(crate) fn at(url: &str) -> Self {
        Self::with(&format!("[pyroscope.deployments.prod]\nurl = \"{url}\"\n"))
    }

    pub(crate) fn with(config: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.write("config.toml", config.as_bytes());
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file for its owner alone.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Writes a program.
    pub(crate) fn program(&self, name: &str, content: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write(name, content.as_bytes());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// The variables that make the program find this configuration and nothing else.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        [
            ("SRE_CONFIG", self.path("config.toml").to_str().unwrap()),
            ("PROFILE_QUERY", PROFILE_QUERY),
            ("HOME", self.folder.path().to_str().unwrap()),
            ("PROFILECLI_URL", ""),
            ("PROFILECLI_TOKEN", ""),
            ("NO_COLOR", "1"),
            ("TZ", "America/New_York"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Runs the program.
    pub(crate) async fn run<S: AsRef<str>>(&self, args: &[S]) -> Exit {
        Process::run(PROFILE_QUERY, args.iter().map(AsRef::as_ref), self.variables()).await
    }

    /// Runs it and expects success.
    pub(crate) async fn ok<S: AsRef<str>>(&self, args: &[S]) -> String {
        let exit = self.run(args).await;
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        assert_eq!(exit.code, Some(0), "{args:?}\n{exit:#?}");
        exit.stdout
    }

    /// Runs a script as it stands in the repository.
    pub(crate) async fn script<S: AsRef<str>>(&self, name: &str, args: &[S]) -> Exit {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(name);
        Process::run(path, args.iter().map(AsRef::as_ref), self.variables()).await
    }

    /// Sends a profile to a deployment. Labels are `k=v`.
    pub(crate) async fn send(&self, deployment: &str, file: &[u8], time: &str, labels: &[&str]) {
        let path = self.write("sent.pb.gz", file);
        let mut args = vec!["upload", deployment, &path, "--time", time];
        for label in labels {
            args.extend(["--label", label]);
        }
        self.ok(&args).await;
    }
}

/// A pprof file of folded stacks, of one type or of several with the same values.
pub(crate) fn pprof_of(stacks: &str, types: &[(&str, &str)], period: (&str, &str)) -> Vec<u8> {
    let one = folded::parse(stacks.as_bytes(), &folded::ParseOptions::default()).unwrap();
    let types: Vec<ValueType> = types.iter().map(|(name, unit)| ValueType::new(*name, *unit)).collect();
    let mut profile = Profile::new(types);
    profile.symbols = one.symbols.clone();
    for sample in one.samples.iter() {
        // Twice as much of each further type, so that they cannot be taken for one another.
        let values: Vec<i64> = (0..profile.sample_types.len()).map(|n| sample.values[0] << n).collect();
        let stack = sample.stack;
        profile.samples.push(profile_model::Sample { stack, values: &values, labels: &[] });
    }
    profile.period_type = Some(ValueType::new(period.0, period.1));
    profile.period = 1;
    profile.duration_nanos = 10_000_000_000;
    profile.time_nanos = now_nanos();
    pprof::encode_gzip(&profile)
}

/// CPU time, in milliseconds.
pub(crate) fn cpu(stacks: &str) -> Vec<u8> {
    let in_nanos: String = stacks
        .lines()
        .map(|line| {
            let (stack, value) = line.rsplit_once(' ').unwrap();
            format!("{stack} {}\n", value.parse::<i64>().unwrap() * 1_000_000)
        })
        .collect();
    pprof_of(&in_nanos, &[("cpu", "nanoseconds")], ("cpu", "nanoseconds"))
}

pub(crate) fn now_nanos() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap()
}
