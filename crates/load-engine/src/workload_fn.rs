use std::time::Instant;

use crate::{CallContext, Outcome, SeriesKey, Tick, Verdict, Workload};

/// A workload of one kind of call; see [`workload_fn`].
#[derive(Debug)]
pub struct WorkloadFn<F> {
    key: SeriesKey,
    call: F,
}

/// Makes a workload of an async closure: one call for each tick, recorded under `key` with the code
/// `ok` or `failed`.
pub fn workload_fn<F, T, E>(key: SeriesKey, call: F) -> WorkloadFn<F>
where
    F: AsyncFn(&Tick) -> Result<T, E> + 'static,
{
    WorkloadFn { key, call }
}

impl<F, T, E> Workload for WorkloadFn<F>
where
    F: AsyncFn(&Tick) -> Result<T, E> + 'static,
{
    type Lane = ();
    type Call = ();

    fn calls(&self, _: &Tick) -> Vec<()> {
        vec![()]
    }

    fn series(&self, (): &()) -> SeriesKey {
        self.key.clone()
    }

    async fn call(&self, (): &(), context: &CallContext<'_>) -> Outcome {
        let sent = Instant::now();
        let (code, verdict) = match (self.call)(context.tick).await {
            Ok(_) => ("ok", Verdict::Success),
            Err(_) => ("failed", Verdict::Failure),
        };
        Outcome::new(code, verdict, sent, Instant::now())
    }
}
