//! What the server says of itself on `/metrics`.

#[cfg(feature = "disk")]
mod disk;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use ops::Seldom;
use ops::metrics::{Family, Kind, Registry, Value};
use profile_store::Stats;
use tonic::{Code, Status};

use crate::stores::Stores;

/// Calls by method and code, and what is stored.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    calls: Counter<u64>,
    seconds: Histogram<f64>,
    refused: Counter<u64>,
    said: Arc<Seldom>,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry, stores: &Stores) -> Self {
        let meter = registry.meter("parca-embedded");
        let seconds = meter
            .f64_histogram("parca_embedded_call_seconds")
            .with_description("How long calls took, from the whole request to the whole answer.")
            .with_boundaries(vec![
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
            ])
            .build();
        let calls = meter
            .u64_counter("parca_embedded_calls")
            .with_description("Calls by method and gRPC code.")
            .build();
        let refused = meter
            .u64_counter("parca_embedded_refused_writes")
            .with_description("Writes that were not stored, by reason.")
            .build();
        store_gauges(registry, stores);
        #[cfg(feature = "disk")]
        disk::register(registry, stores);
        Self { calls, seconds, refused, said: Arc::new(Seldom::new(Duration::from_secs(1))) }
    }

    /// Counts a write that was not stored, and says so at most once a second.
    pub(crate) fn refused(&self, method: &'static str, reason: &'static str, error: &dyn std::error::Error) {
        self.refused.add(1, &[KeyValue::new("method", method), KeyValue::new("reason", reason)]);
        if let Some(more) = self.said.may_say() {
            tracing::warn!(method, reason, %error, not_logged = more, "a write was refused");
        }
    }

    /// Runs a call and notes how it went.
    pub(crate) async fn timed<T, E: Coded>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let answer = call.await;
        let code = answer.as_ref().err().map_or(Code::Ok, Coded::code);
        let method = KeyValue::new("method", method);
        self.seconds.record(started.elapsed().as_secs_f64(), std::slice::from_ref(&method));
        self.calls.add(1, &[method, KeyValue::new("grpc_code", format!("{code:?}"))]);
        answer
    }
}

/// An error with a code of gRPC.
pub(crate) trait Coded {
    fn code(&self) -> Code;
}

impl Coded for Status {
    fn code(&self) -> Code {
        Status::code(self)
    }
}

/// A number of something for each store that has it: the server's own without labels, those of tenants with their names.
fn of_each<S>(family: Family, stores: &[(Option<String>, S)], value: impl Fn(&S) -> Value) -> Family {
    stores.iter().fold(family, |family, (tenant, of)| {
        family.with(tenant.iter().map(|name| ("tenant", name.as_str())), value(of))
    })
}

type Read = fn(&Stats) -> u64;

const GAUGES: [(&str, &str, Read); 4] = [
    ("series", "Distinct profile types with their label sets.", |stats| stats.series),
    ("profiles", "Stored profiles, each sample type counted on its own.", |stats| stats.profiles),
    ("rows", "Stored stacks with values.", |stats| stats.rows),
    ("bytes", "Estimated memory of the store.", |stats| stats.bytes),
];

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn store_gauges(registry: &Registry, stores: &Stores) {
    let stores = stores.clone();
    registry.collect_with(move || {
        let stats: Vec<_> = stores.all().into_iter().map(|(tenant, store)| (tenant, store.stats())).collect();
        let gauges = GAUGES.iter().map(|(name, help, read)| {
            let family = Family::new(format!("parca_embedded_store_{name}"), *help, Kind::Gauge);
            of_each(family, &stats, |stats| Value::Gauge(read(stats) as f64))
        });
        let evicted = Family::new(
            "parca_embedded_store_evicted_rows_total",
            "Rows dropped, oldest first, to stay under the memory limit.",
            Kind::Counter,
        );
        let evicted = of_each(evicted, &stats, |stats| Value::Counter(stats.evicted_rows as f64));
        gauges.chain([evicted]).collect()
    });
}
