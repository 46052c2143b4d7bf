//! Every typed call against a real server: set `PARCA_URL`, such as `http://127.0.0.1:7070`.
//!
//! The server must hold profiles of itself (process_cpu and memory) from the last minutes. Nothing
//! is sent that ends a Parca; one profile named `parca_client_test` is written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parca_client::{
    Client, Code, Filter, FrameCriteria, LabelsRequest, ProfileTypesRequest, Protocol, QueryAnswer,
    QueryRangeRequest, QueryRequest, RawSample, RawSeries, Report, ReportKind, Selection, ServingStatus,
    SourceReference, StringCondition, TargetHealth, TargetState, TargetsRequest, ValuesRequest,
    WriteRawRequest,
};
use profile_model::{TimeRange, Timestamp};

use crate::{PROTOCOLS, settings};

const CPU: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";
const MEMORY: &str = "memory:alloc_space:bytes:space:bytes";

struct Real {
    client: Client,
    range: TimeRange,
    protocol: Protocol,
}

#[tokio::test]
async fn every_call_against_a_real_server() {
    let Some(url) = test_support::needs("PARCA_URL") else { return };
    for protocol in PROTOCOLS {
        for gzip in [false, true] {
            let mut settings = settings(&url, protocol);
            settings.gzip = gzip;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
            let range = TimeRange::new(Timestamp::new(now - 60, 0), Timestamp::new(now, 0));
            let real = Real { client: Client::new(&settings).unwrap(), range, protocol };
            real.catalog().await;
            real.ranges().await;
            real.reports().await;
            real.diffs().await;
            real.errors().await;
            real.write().await;
            real.status().await;
        }
    }
}

impl Real {
    async fn report(&self, request: &QueryRequest) -> QueryAnswer {
        self.client
            .query(request)
            .await
            .unwrap_or_else(|error| panic!("{:?} {request:?}: {error:?}", self.protocol))
    }

    async fn catalog(&self) {
        let types = self.client.profile_types(&ProfileTypesRequest::default()).await.unwrap();
        assert!(types.iter().any(|t| t.to_string() == CPU), "{types:?}");
        assert!(types.is_sorted());
        let recent =
            self.client.profile_types(&ProfileTypesRequest { range: Some(self.range) }).await.unwrap();
        assert!(!recent.is_empty());
        let mut labels = LabelsRequest::default();
        assert!(self.client.labels(&labels).await.unwrap().contains(&"job".to_owned()));
        labels.range = Some(self.range);
        labels.profile_type = Some(CPU.parse().unwrap());
        labels.matchers = vec![r#"job!="none""#.to_owned()];
        assert!(self.client.labels(&labels).await.unwrap().contains(&"job".to_owned()));
        assert!(!self.client.values(&ValuesRequest::new("job")).await.unwrap().is_empty());
        assert_eq!(
            self.client.values(&ValuesRequest::new("no_such_label")).await.unwrap(),
            Vec::<String>::new()
        );
        assert!(self.client.has_profile_data().await.unwrap());
    }

    async fn ranges(&self) {
        let mut request = QueryRangeRequest::new(CPU, self.range, Duration::from_secs(10));
        request.sum_by = vec!["job".to_owned()];
        let series = self.client.query_range(&request).await.unwrap();
        assert!(series[0].labels.get("job").is_some());
        assert_eq!(series[0].sample_type.as_ref().unwrap().to_string(), "cpu/nanoseconds");
        assert!(series[0].samples.iter().all(|s| s.timestamp.seconds() % 10 == 0 && s.duration_nanos > 0));
        let total = QueryRangeRequest::new(CPU, self.range, Duration::ZERO);
        assert_eq!(self.client.query_range(&total).await.unwrap()[0].samples[0].timestamp, Timestamp::EPOCH);
    }

    async fn reports(&self) {
        let merge = |report| QueryRequest::merge(CPU, self.range, report);
        let top = self.report(&merge(ReportKind::Top)).await;
        let Some(Report::Top(rows)) = &top.report else { panic!("{top:?}") };
        assert!(top.total > 0 && rows.unit == "nanoseconds" && !rows.rows.is_empty());
        assert!(rows.rows.iter().any(|row| row.frame.to_string().contains("runtime.")), "{rows:?}");
        for report in [ReportKind::Flamegraph, ReportKind::FlamegraphTable] {
            let answer = self.report(&merge(report)).await;
            let Some(Report::Flamegraph(tree)) = &answer.report else { panic!("{answer:?}") };
            assert_eq!((tree.nodes[0].parent, tree.nodes[0].frame), (None, None));
            assert!(
                tree.nodes[0].cumulative > 0
                    && tree.nodes.len() > 10
                    && tree.frames.len() <= tree.nodes.len()
            );
            assert!(
                tree.nodes
                    .iter()
                    .any(|node| tree.frame(node).is_some_and(|f| f.to_string().contains("runtime.")))
            );
        }
        let pprof = self.report(&merge(ReportKind::Pprof)).await;
        assert!(matches!(&pprof.report, Some(Report::Pprof(bytes)) if bytes.starts_with(&[0x1f, 0x8b])));
        let callgraph = self.report(&merge(ReportKind::Callgraph)).await;
        assert!(matches!(&callgraph.report, Some(Report::Callgraph(graph)) if !graph.edges.is_empty()));
        let arrow = self.report(&merge(ReportKind::FlamegraphArrow)).await;
        assert!(matches!(&arrow.report, Some(Report::FlamegraphArrow(arrow)) if !arrow.record.is_empty()));
        let table = self.report(&merge(ReportKind::TableArrow)).await;
        assert!(matches!(&table.report, Some(Report::TableArrow(table)) if table.unit == "nanoseconds"));
        let metadata = self.report(&merge(ReportKind::ProfileMetadata)).await;
        assert!(
            matches!(&metadata.report, Some(Report::ProfileMetadata(m)) if m.labels.contains(&"job".to_owned()))
        );
        // What these two answer depends on the server's debug information and the profiles' timestamps.
        let _ = self.client.query(&merge(ReportKind::Source(SourceReference::default()))).await;
        let _ = self.client.query(&merge(ReportKind::Flamechart)).await;
        self.options(top.total).await;
    }

    async fn options(&self, total: i64) {
        let mut request = QueryRequest::merge(CPU, self.range, ReportKind::FlamegraphArrow);
        request.filters = vec![
            Filter::Stack(FrameCriteria::function(StringCondition::Contains("runtime".to_owned()))),
            Filter::Frame(FrameCriteria::function(StringCondition::NotEqual("x".to_owned()))),
        ];
        request.group_by = vec!["labels.job".to_owned()];
        request.invert = true;
        request.trim_percent = Some(1.0);
        let answer = self.report(&request).await;
        assert!(answer.total > 0 && answer.total + answer.filtered >= total, "{total} {answer:?}");
        let mut sandwich = QueryRequest::merge(CPU, self.range, ReportKind::FlamegraphArrow);
        sandwich.sandwich_by = Some("runtime.mcall".to_owned());
        self.report(&sandwich).await;
    }

    async fn diffs(&self) {
        let memory = QueryRangeRequest::new(MEMORY, self.range, Duration::ZERO);
        let series = self.client.query_range(&memory).await.unwrap();
        let time = series[0].samples.last().unwrap().timestamp;
        let single = Selection::single(MEMORY, time);
        let merge = Selection::merge(MEMORY, TimeRange::new(time, time));
        let answer = self.report(&QueryRequest::single(MEMORY, time, ReportKind::Top)).await;
        assert!(answer.total > 0);
        let nothing = self.report(&QueryRequest::single(MEMORY, time, ReportKind::ProfileMetadata)).await;
        assert_eq!(nothing.report, None);
        for report in [ReportKind::Top, ReportKind::FlamegraphTable, ReportKind::Pprof] {
            self.report(&QueryRequest::diff(single.clone(), merge.clone(), report)).await;
        }
        let metadata = QueryRequest::diff(single.clone(), merge, ReportKind::ProfileMetadata);
        assert!(self.report(&metadata).await.report.is_some());
        let refused = QueryRequest::diff(single.clone(), single, ReportKind::ProfileMetadata);
        assert_eq!(self.client.query(&refused).await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn errors(&self) {
        let never = TimeRange::new(Timestamp::YEAR_ONE, Timestamp::from_nanos(-1));
        let error =
            self.client.query_range(&QueryRangeRequest::new(CPU, never, Duration::ZERO)).await.unwrap_err();
        assert!(error.is_no_data(), "{error:?}");
        let single = QueryRequest::single(CPU, Timestamp::from_nanos(1), ReportKind::Top);
        assert!(self.client.query(&single).await.unwrap_err().is_no_data());
        let answer = self.report(&QueryRequest::merge(CPU, never, ReportKind::Top)).await;
        assert_eq!(answer.total, 0);
        let broken = QueryRangeRequest::new("cpu{", self.range, Duration::ZERO);
        let error = self.client.query_range(&broken).await.unwrap_err();
        assert_eq!((error.code(), error.is_no_data()), (Code::InvalidArgument, false), "{error:?}");
        assert_eq!(self.client.health("no.such.Service").await.unwrap_err().code(), Code::NotFound);
    }

    async fn write(&self) {
        let series = |name: &str, pprof: Bytes| {
            let labels =
                vec![("__name__".to_owned(), name.to_owned()), ("node".to_owned(), "here".to_owned())];
            WriteRawRequest::new(vec![RawSeries { labels, samples: vec![RawSample::new(pprof)] }])
        };
        let request = QueryRequest::merge(CPU, self.range, ReportKind::Pprof);
        let Some(Report::Pprof(pprof)) = self.report(&request).await.report else {
            panic!("asked for pprof")
        };
        self.client.write_raw(&series("parca_client_test", pprof.clone())).await.unwrap();
        assert!(
            self.client
                .agents()
                .await
                .unwrap()
                .iter()
                .any(|agent| agent.id == "here" && agent.last_error.is_empty())
        );
        let error = self.client.write_raw(&series("not-a-name", pprof)).await.unwrap_err();
        assert_eq!(error.code(), Code::Unknown, "{error:?}");
    }

    async fn status(&self) {
        assert_eq!(self.client.health("").await.unwrap(), ServingStatus::Serving);
        let targets = self.client.targets(&TargetsRequest { state: TargetState::Any }).await.unwrap();
        assert!(
            targets
                .iter()
                .any(|target| target.health == TargetHealth::Good && target.last_scrape > Timestamp::EPOCH)
        );
        let active = TargetsRequest { state: TargetState::Active };
        assert!(self.client.targets(&active).await.unwrap().iter().all(|target| !target.url.is_empty()));
    }
}
