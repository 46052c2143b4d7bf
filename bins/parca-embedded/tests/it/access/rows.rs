//! What each method and each path needs. What has no row here is found by [`every_method_and_route_has_a_row`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parca_proto::json::{PARCA, PYROSCOPE};

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    Read,
    Write,
}

use Need::{Nothing, Read, Write};

/// Services with their methods.
pub(super) const METHODS: &[(Need, &str, &[&str])] = &[
    (
        Read,
        "parca.query.v1alpha1.QueryService",
        &[
            "QueryRange",
            "Query",
            "Series",
            "ProfileTypes",
            "Labels",
            "Values",
            "ShareProfile",
            "HasProfileData",
        ],
    ),
    (Read, "parca.profilestore.v1alpha1.AgentsService", &["Agents"]),
    (Read, "parca.scrape.v1alpha1.ScrapeService", &["Targets"]),
    (Write, "parca.profilestore.v1alpha1.ProfileStoreService", &["WriteRaw", "Write", "WriteArrow"]),
    (
        Write,
        "parca.debuginfo.v1alpha1.DebuginfoService",
        &["Upload", "ShouldInitiateUpload", "InitiateUpload", "MarkUploadFinished"],
    ),
    (Write, "opentelemetry.proto.collector.profiles.v1development.ProfilesService", &["Export"]),
    // What agents send beside profiles: answered with UNIMPLEMENTED, to those who may write.
    (Write, "opentelemetry.proto.collector.logs.v1.LogsService", &["Export"]),
    (Write, "opentelemetry.proto.collector.trace.v1.TraceService", &["Export"]),
    (Read, "parca.telemetry.v1alpha1.TelemetryService", &["ReportPanic"]),
    (
        Read,
        "querier.v1.QuerierService",
        &[
            "ProfileTypes",
            "LabelValues",
            "LabelNames",
            "Series",
            "SelectMergeStacktraces",
            "SelectMergeSpanProfile",
            "SelectMergeProfile",
            "SelectSeries",
            "SelectHeatmap",
            "Diff",
            "GetProfileStats",
            "AnalyzeQuery",
        ],
    ),
    (Write, "push.v1.PusherService", &["Push"]),
    (Nothing, "grpc.health.v1.Health", &["Check"]),
    (Read, "grpc.health.v1.Health", &["Watch"]),
    (Read, "grpc.reflection.v1.ServerReflection", &["ServerReflectionInfo"]),
    (Read, "grpc.reflection.v1alpha.ServerReflection", &["ServerReflectionInfo"]),
];

/// Services whose methods are spoken by Connect, too.
pub(super) const BY_CONNECT: [&str; 2] = ["querier.v1.QuerierService", "push.v1.PusherService"];

/// Whose a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Everybody's who may come in: a tenant sees the tenant's.
    Each,
    /// The whole server's: tenants have none.
    Server,
}

use Whose::{Each, Server};

/// One path of plain HTTP: what is asked, and the route that answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) need: Need,
    pub(super) whose: Whose,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) route: &'static str,
}

const fn row(need: Need, whose: Whose, method: &'static str, path: &'static str) -> Row {
    Row { need, whose, method, path, route: path }
}

const fn routed(row: Row, route: &'static str) -> Row {
    Row { route, ..row }
}

pub(super) const PATHS: &[Row] = &[
    row(Nothing, Server, "GET", "/healthz"),
    row(Nothing, Server, "GET", "/readyz"),
    row(Nothing, Each, "GET", "/ready"),
    row(Read, Server, "GET", "/metrics"),
    routed(row(Read, Server, "GET", "/debug/pprof/profile?seconds=x"), "/debug/pprof/profile"),
    row(Read, Server, "GET", "/"),
    routed(row(Read, Server, "GET", "/ui/page.js"), "/ui/{}"),
    row(Read, Server, "GET", "/api/source"),
    row(Read, Server, "GET", "/api/types"),
    row(Read, Server, "GET", "/api/labels"),
    row(Read, Server, "GET", "/api/values"),
    row(Read, Server, "GET", "/api/series"),
    row(Read, Server, "GET", "/api/history"),
    row(Read, Server, "GET", "/api/profile"),
    row(Read, Server, "GET", "/api/report"),
    row(Read, Server, "GET", "/api/health"),
    row(Read, Server, "GET", "/targets"),
    row(Read, Server, "GET", "/targets.json"),
    row(Read, Each, "GET", "/api/profiles/query_range"),
    row(Read, Each, "GET", "/api/profiles/query"),
    row(Read, Each, "GET", "/api/profiles/series"),
    row(Read, Each, "GET", "/api/profiles/types"),
    row(Read, Each, "GET", "/api/profiles/labels"),
    routed(
        row(Read, Each, "GET", "/api/profiles/labels/ready/values"),
        "/api/profiles/labels/{label_name}/values",
    ),
    row(Read, Each, "GET", "/api/profiles/has_profile_data"),
    routed(row(Read, Each, "GET", "/pyroscope/render?query=a:b:c:d:e"), "/pyroscope/render"),
    row(Read, Each, "GET", "/pyroscope/render-diff"),
    routed(row(Write, Each, "POST", "/ingest?name=a"), "/ingest"),
    routed(row(Write, Each, "POST", "/pyroscope/ingest?name=a"), "/pyroscope/ingest"),
    row(Write, Each, "POST", "/v1development/profiles"),
    row(Read, Each, "POST", "/settings.v1.SettingsService/Get"),
];

/// Services that clients of Pyroscope try, and that are not served: a question like any other.
pub(super) const NOT_SERVED: [&str; 6] = [
    "/settings.v1.SettingsService/Set",
    "/settings.v1.RecordingRulesService/ListRecordingRules",
    "/vcs.v1.VCSService/GithubApp",
    "/adhocprofiles.v1.AdHocProfileService/List",
    "/capabilities.v1.FeatureFlagsService/GetFeatureFlags",
    "/version.v1.Version/Version",
];

/// Paths that say one thing and are about another: the first part of a path must not say what the rest may do.
pub(super) const DECEIVING: &[(Need, &str)] = &[
    (Read, "/push.v1.PusherService/parca.query.v1alpha1.QueryService/ProfileTypes"),
    (Read, "/opentelemetry.proto.collector.profiles/parca.query.v1alpha1.QueryService/Query"),
    (Read, "/v1development/profiles/parca.query.v1alpha1.QueryService/Query"),
    (Read, "/ready/parca.query.v1alpha1.QueryService/Query"),
    (Read, "/grpc.health.v1.Health/Check/parca.query.v1alpha1.QueryService/Query"),
    (Write, "/api/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw"),
    (Write, "/parca.query.v1alpha1.QueryService/parca.profilestore.v1alpha1.ProfileStoreService/WriteArrow"),
];

/// Routes that are in the sources and not in this program.
pub(super) const NOT_HERE: [&str; 1] = ["/parcaquery"];

/// Sources that routes of the program are in. Files of tests are none.
const SOURCES: [&str; 6] = [
    "../../crates/ops/src",
    "../../crates/parca-embedded/src",
    "../../crates/pyroscope-api/src",
    "../../crates/profile-ui/src",
    "../../crates/ingest/src/web",
    "src",
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, into),
            false if path.extension().is_some_and(|of| of == "rs") && !path.ends_with("tests.rs") => {
                into.push(path)
            }
            false => {}
        }
    }
}

/// The texts that `route(` is called with.
fn routes_in(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or("");
    code.split(".route(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start().trim_start_matches("&format!(");
        rest.strip_prefix('"')?.split('"').next()
    })
}

#[test]
fn every_method_and_route_has_a_row() {
    let known = |service: &str, method: &str| {
        METHODS.iter().any(|(_, of, methods)| *of == service && methods.contains(&method))
    };
    let mut methods = 0;
    for service in PARCA.services().chain(PYROSCOPE.services()) {
        for method in service.methods() {
            methods += 1;
            assert!(
                known(service.full_name(), method.name()),
                "`{}` has no row: say what it needs",
                method.full_name()
            );
        }
    }
    assert!(methods > 30, "{methods}");

    let mut files = Vec::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    SOURCES.iter().for_each(|folder| sources(&here.join(folder), &mut files));
    let mut found = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for route in routes_in(&source) {
            let is_method = route.strip_prefix('/').and_then(|path| path.split_once('/')).is_some_and(
                |(service, method)| {
                    known(service, method) || (method == "{method}" && BY_CONNECT.contains(&service))
                },
            );
            let is_known = PATHS.iter().any(|row| row.route == route) || NOT_HERE.contains(&route);
            let has_row = is_method || is_known;
            assert!(has_row, "`{route}` in {} has no row: say what it needs", file.display());
            found.insert(route.to_owned());
        }
    }
    // What is not there any more needs no row, but for those whose path is a constant.
    let constant = ["/healthz", "/readyz"];
    for row in PATHS.iter().filter(|row| !constant.contains(&row.route)) {
        assert!(found.contains(row.route), "`{}` is no route any more", row.route);
    }
}
