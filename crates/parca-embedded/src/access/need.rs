/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    Read,
    Write,
}

/// Services that only write.
const WRITES: [&str; 3] = [
    "parca.profilestore.v1alpha1.ProfileStoreService",
    "parca.debuginfo.v1alpha1.DebuginfoService",
    "push.v1.PusherService",
];

/// What a path needs, by its last two parts and nothing before them: gRPC-Web comes under any prefix, which must not say
/// what the rest may do. What is not known may be a page of something that is stored.
pub(super) fn of_path(path: &str) -> Need {
    let mut parts = path.rsplit('/');
    let (method, service) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    match (service, method) {
        (_, "healthz" | "readyz" | "ready") | ("grpc.health.v1.Health", "Check") => Need::Nothing,
        (_, "ingest") | ("v1development", "profiles") => Need::Write,
        _ if WRITES.contains(&service) || service.starts_with("opentelemetry.proto.collector.") => {
            Need::Write
        }
        _ => Need::Read,
    }
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
            // A prefix says nothing of what is asked.
            "/push.v1.PusherService/parca.query.v1alpha1.QueryService/Query",
            "/opentelemetry.proto.collector.profiles/parca.query.v1alpha1.QueryService/Query",
            "/v1development/profiles/parca.query.v1alpha1.QueryService/Query",
            "/ready/parca.query.v1alpha1.QueryService/Query",
            "/grpc.health.v1.Health/Check/parca.query.v1alpha1.QueryService/Query",
        ] {
            check(path, Need::Read);
        }
    }
}
