/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    Read,
    Write,
}

/// Paths that write; the last two parts count, as gRPC-Web comes under any prefix.
const WRITES: [&str; 5] = [
    "parca.profilestore.v1alpha1.ProfileStoreService/",
    "parca.debuginfo.v1alpha1.DebuginfoService/",
    "opentelemetry.proto.collector.",
    "push.v1.PusherService/",
    "v1development/profiles",
];

/// What a path needs. What is not known may be a page of something that is stored.
pub(super) fn of_path(path: &str) -> Need {
    let tail = path.rsplit('/').next().unwrap_or("");
    if ["healthz", "readyz", "ready"].contains(&tail) || path.ends_with("grpc.health.v1.Health/Check") {
        return Need::Nothing;
    }
    if tail == "ingest" || WRITES.iter().any(|write| path.contains(write)) {
        return Need::Write;
    }
    Need::Read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_need_what_they_do() {
        let check = |path: &str, expect: Need| assert_eq!(of_path(path), expect, "{path}");
        for path in ["/healthz", "/readyz", "/ready", "/prefix/ready", "/grpc.health.v1.Health/Check"] {
            check(path, Need::Nothing);
        }
        for path in [
            "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw",
            "/api/parca.profilestore.v1alpha1.ProfileStoreService/WriteArrow",
            "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            "/push.v1.PusherService/Push",
            "/ingest",
            "//ingest",
            "/pyroscope/ingest",
            "/v1development/profiles",
            "/parca.debuginfo.v1alpha1.DebuginfoService/ShouldInitiateUpload",
        ] {
            check(path, Need::Write);
        }
        for path in [
            "/",
            "/metrics",
            "/debug/pprof/profile",
            "/targets",
            "/parca.query.v1alpha1.QueryService/Query",
            "/parca.profilestore.v1alpha1.AgentsService/Agents",
            "/querier.v1.QuerierService/Series",
            "/pyroscope/render",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/whatever",
        ] {
            check(path, Need::Read);
        }
    }
}
