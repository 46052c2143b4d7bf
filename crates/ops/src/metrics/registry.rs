//! Where a process' metrics meet.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderMap, header};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::proto::MetricType;

use super::family::{Family, Histogram, Kind, Sample, Value};
use super::negotiate::Format;
use super::{protobuf, text};

type Collector = Box<dyn Fn() -> Vec<Family> + Send + Sync>;

/// Instruments and collectors of one process. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    gathered: prometheus::Registry,
    provider: SdkMeterProvider,
    collectors: Mutex<Vec<Collector>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// A registry that already has the `process_*` families, where the system gives them.
    pub fn new() -> Self {
        let gathered = prometheus::Registry::new();
        // `otel_scope_*` and `target_info` would be labels and a family that no original has.
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(gathered.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
            .expect("a new registry has no other collector to collide with");
        #[cfg(target_os = "linux")]
        gathered
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("a new registry has no process collector yet");
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        Self { inner: Arc::new(Inner { gathered, provider, collectors: Mutex::default() }) }
    }

    /// An OpenTelemetry meter; what it makes appears on `/metrics`.
    pub fn meter(&self, scope: &'static str) -> Meter {
        self.inner.provider.meter(scope)
    }

    /// Adds families that are made when a scrape comes.
    pub fn collect_with(&self, collector: impl Fn() -> Vec<Family> + Send + Sync + 'static) {
        self.collectors().push(Box::new(collector));
    }

    /// Every family now, sorted by name.
    pub fn gather(&self) -> Vec<Family> {
        let mut families: Vec<Family> =
            self.inner.gathered.gather().iter().filter_map(from_prometheus).collect();
        for collector in self.collectors().iter() {
            families.extend(collector());
        }
        cpu_seconds(&mut families);
        families.push(panics());
        families.sort_by(|a, b| a.name.cmp(&b.name));
        families
    }

    /// The body of `/metrics`.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let families = self.gather();
        match format {
            Format::Text => {
                let mut out = String::new();
                families.iter().for_each(|family| text::encode(family, &mut out));
                out.into_bytes()
            }
            Format::Protobuf => {
                let mut out = Vec::new();
                families.iter().for_each(|family| protobuf::encode(family, &mut out));
                out
            }
        }
    }

    /// `GET /metrics` in the format that the scraper prefers.
    pub fn routes(&self) -> Router {
        let registry = self.clone();
        let answer = move |headers: HeaderMap| async move {
            let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
            let format = Format::from_accept(accept);
            ([(header::CONTENT_TYPE, format.content_type())], registry.encode(format)).into_response()
        };
        Router::new().route("/metrics", get(answer))
    }

    fn collectors(&self) -> std::sync::MutexGuard<'_, Vec<Collector>> {
        // A collector that panicked leaves the list as it was.
        self.inner.collectors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The collector of the process' families counts whole seconds only; a quiet process would seem to use none.
fn cpu_seconds(families: &mut [Family]) {
    let used = || {
        let stat = procfs::process::Process::myself().ok()?.stat().ok()?;
        Some((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
    };
    let cpu = families.iter_mut().find(|family| family.name == "process_cpu_seconds_total");
    if let (Some(sample), Some(seconds)) = (cpu.and_then(|family| family.samples.first_mut()), used()) {
        sample.value = Value::Counter(seconds);
    }
}

fn panics() -> Family {
    let help = "Panics of tasks and threads, each a mistake in the program.";
    Family::new("process_panics_total", help, Kind::Counter)
        .with([("", ""); 0], Value::Counter(crate::panics() as f64))
}

fn from_prometheus(family: &prometheus::proto::MetricFamily) -> Option<Family> {
    let kind = match family.get_field_type() {
        MetricType::COUNTER => Kind::Counter,
        MetricType::GAUGE => Kind::Gauge,
        MetricType::HISTOGRAM => Kind::Histogram,
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    let samples = family.get_metric().iter().map(|metric| Sample {
        labels: metric.get_label().iter().map(|l| (l.name().to_owned(), l.value().to_owned())).collect(),
        value: match kind {
            Kind::Counter => Value::Counter(metric.get_counter().get_value()),
            Kind::Gauge => Value::Gauge(metric.get_gauge().get_value()),
            Kind::Histogram => Value::Histogram(classic(metric.get_histogram())),
        },
    });
    Some(Family { samples: samples.collect(), ..Family::new(family.name(), family.help(), kind) })
}

fn classic(histogram: &prometheus::proto::Histogram) -> Histogram {
    let buckets = histogram.get_bucket().iter().map(|b| (b.upper_bound(), b.cumulative_count()));
    Histogram {
        count: histogram.get_sample_count(),
        sum: histogram.get_sample_sum(),
        buckets: buckets.filter(|(bound, _)| bound.is_finite()).collect(),
        native: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_collectors_and_the_process_are_all_there() {
        let registry = Registry::new();
        registry.meter("test").u64_counter("jobs").with_description("Jobs done.").build().add(3, &[]);
        registry.collect_with(|| {
            vec![Family::new("own", "Own.", Kind::Gauge).with([("a", "b")], Value::Gauge(2.0))]
        });
        let text = String::from_utf8(registry.encode(Format::Text)).unwrap_or_default();
        for line in ["jobs_total 3", "own{a=\"b\"} 2", "# TYPE process_cpu_seconds_total counter"] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        assert!(!text.contains("otel_scope"), "{text}");
    }
}
