//! Samples of a chunk, out of its events.

use std::cell::Cell;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use profile_model::{StackId, StringId};

use super::chunk::{CHECKPOINT, Chunk, METADATA};
use super::draft::{Correlation, Draft};
use super::error::{Fault, JfrError, Result};
use super::kinds::{Kind, Measures, SOURCES};
use super::layout::{Layout, Value};
use super::metadata::Types;
use super::pools::Pools;
use super::settings::{self, Settings};
use super::stacks::Stacks;
use super::{Options, Recording};

/// Reads a chunk. Nothing of one that ends before its types or its constant pools can be read, which is `false`.
pub(super) fn read(
    chunk: &Chunk<'_>,
    options: &Options,
    draft: &mut Draft<'_>,
    recording: &mut Recording,
) -> std::result::Result<bool, JfrError> {
    let within = |event: &'static str| move |fault: Fault| fault.within(chunk.number, event);
    let Some(types) = types(chunk).map_err(within("the metadata"))? else {
        let none = Fault::broken(chunk.events.at(), "an event that describes the types of events", "none");
        return if chunk.is_whole() { Err(none.within(chunk.number, "the chunk")) } else { Ok(false) };
    };
    let limit = options.limits.max_table_entries;
    let mut pools = Pools::new(&types, chunk.events, limit).map_err(within("the metadata"))?;
    if !fill(&mut pools, chunk).map_err(within("a checkpoint"))? && !chunk.is_whole() {
        return Ok(false);
    }
    let settings = Settings::read(chunk, &types, &mut pools).map_err(within(settings::EVENT))?;
    let events = events(&types, &mut pools, chunk.events.at()).map_err(within("the metadata"))?;
    draft.saw(chunk.start_nanos, chunk.duration_nanos);
    let sleeping = pools.states("STATE_SLEEPING");
    let mut samples = Samples {
        chunk,
        options,
        settings: &settings,
        sleeping,
        stacks: Stacks::new(&pools),
        draft,
        recording,
    };
    let current = Cell::new("an event");
    let read = chunk.each_event(|mut event| {
        let Some(source) = events.get(&event.type_id) else { return Ok(()) };
        current.set(source.name);
        samples.add(source, source.layout.read(&mut event.body)?)
    });
    read.map_err(|fault| fault.within(chunk.number, current.get()))?;
    recording.event = settings.event.or(recording.event.take());
    Ok(true)
}

/// The types of a chunk, as the last event that describes them has them: those before it know fewer.
fn types(chunk: &Chunk<'_>) -> Result<Option<Types>> {
    let mut last = None;
    chunk.each_event(|event| {
        if event.type_id == METADATA {
            last = Some(event.body);
        }
        Ok(())
    })?;
    last.map(Types::read).transpose()
}

/// Whether there was something to fill the pools with.
fn fill<'a>(pools: &mut Pools<'_, 'a>, chunk: &Chunk<'a>) -> Result<bool> {
    let mut is_filled = false;
    chunk.each_event(|event| {
        if event.type_id == CHECKPOINT {
            is_filled = true;
            pools.add(event.body)?;
        }
        Ok(())
    })?;
    Ok(is_filled)
}

/// An event that is read.
struct Known {
    name: &'static str,
    measures: Measures,
    layout: Layout<9>,
}

/// The values of an event, in the order in which they are asked for.
type Values<'a> = [Value<'a>; 9];

fn events(types: &Types, pools: &mut Pools<'_, '_>, at: usize) -> Result<HashMap<u64, Known, RandomState>> {
    let mut events = HashMap::default();
    for source in &SOURCES {
        for (id, _) in types.named(source.event) {
            let wanted = [
                "stackTrace",
                "state",
                source.thread,
                source.amount,
                "contextId",
                "spanId",
                "spanName",
                "traceIdHi",
                "traceIdLo",
            ];
            let layout = pools.layout(id, at, wanted)?;
            events.insert(id, Known { name: source.event, measures: source.measures, layout });
        }
    }
    Ok(events)
}

struct Samples<'s, 'p, 't, 'a, 'd, 'o> {
    chunk: &'s Chunk<'a>,
    options: &'s Options,
    settings: &'s Settings,
    /// The states of threads that sleep.
    sleeping: HashSet<u64, RandomState>,
    stacks: Stacks<'p, 't, 'a>,
    draft: &'d mut Draft<'o>,
    recording: &'s mut Recording,
}

impl Samples<'_, '_, '_, '_, '_, '_> {
    fn add(&mut self, known: &Known, values: Values<'_>) -> Result<()> {
        let [stack, state, thread, amount, context, span, span_name, high, low] = values.map(Value::number);
        let Draft { symbols, room, .. } = &mut *self.draft;
        let Some(stack) = self.stacks.stack(stack.unwrap_or_default(), symbols, room)? else {
            self.recording.without_stack += 1;
            return Ok(());
        };
        let thread = match thread.filter(|_| self.options.has_threads) {
            Some(thread) => self.stacks.thread(thread, symbols, room)?,
            None => StringId::EMPTY,
        };
        let contexts = &self.options.contexts;
        let signed = |value: Option<u64>| value.unwrap_or_default() as i64;
        let about = Correlation {
            context: Some(signed(context)).filter(|id| contexts.has_labels(*id)).unwrap_or_default(),
            span: span.unwrap_or_default(),
            span_name: Some(signed(span_name))
                .filter(|id| contexts.string(*id).is_some())
                .unwrap_or_default(),
            trace: [high, low].map(Option::unwrap_or_default),
            thread,
        };
        let amount = i64::try_from(amount.unwrap_or_default()).unwrap_or(i64::MAX);
        let is_sleeping = state.is_some_and(|state| self.sleeping.contains(&state));
        self.measure(known.measures, stack, about, amount, is_sleeping)
    }

    fn measure(
        &mut self,
        measures: Measures,
        stack: StackId,
        about: Correlation,
        amount: i64,
        is_sleeping: bool,
    ) -> Result<()> {
        let given = self.options.period;
        let mut push = |kind, values, period| self.draft.push(kind, stack, about, values, period);
        match measures {
            Measures::Execution => {
                let period = self.settings.period(given);
                if !is_sleeping {
                    push(Kind::Cpu, [period, 0], period)?;
                }
                if self.settings.is_wall() {
                    push(Kind::Wall, [period, 0], period)?;
                }
                Ok(())
            }
            Measures::Wall => {
                let period = self.settings.wall_period(given);
                push(Kind::Wall, [amount.saturating_mul(period), 0], period)
            }
            Measures::Size(kind) => push(kind, [1, amount], 1),
            Measures::Delay(kind) => push(kind, [1, nanoseconds(amount, self.chunk.ticks_per_second)], 1),
            Measures::One(kind) => push(kind, [1, 0], 1),
        }
    }
}

/// How long so many ticks are.
fn nanoseconds(ticks: i64, per_second: i64) -> i64 {
    let nanoseconds = i128::from(ticks) * 1_000_000_000 / i128::from(per_second.max(1));
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}
