use foldhash::fast::RandomState;
use hashbrown::HashMap;
use profile_model::FlameNode;

use crate::{Flame, Limits, NodeName, Order, walk::Walk};

/// The functions of a tree and who calls whom, both in order of first sight.
pub(super) struct Calls<'a> {
    pub(super) functions: Vec<Function<'a>>,
    pub(super) calls: Vec<Call>,
}

/// A function, or a group of stacks.
pub(super) struct Function<'a> {
    pub(super) name: NodeName<'a>,
    pub(super) flat: i64,
    pub(super) cumulative: i64,
    pub(super) diff: i64,
    /// How large all that it did is, signs aside.
    pub(super) size: i64,
}

/// What one function spent in calls of another, by their positions.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) caller: usize,
    pub(super) callee: usize,
    pub(super) value: i64,
    /// How large that is, signs aside.
    pub(super) size: i64,
}

impl<'a> Calls<'a> {
    pub(super) fn of(flame: &Flame<'a>) -> Self {
        let mut counter = Counter::default();
        for visit in Walk::new(*flame, Order::FirstSight, Limits::default()) {
            if let Some(level) = visit.node.depth.checked_sub(1) {
                counter.leave(level as usize);
                counter.enter(flame.name(visit.node), visit.node, visit.width);
            }
        }
        Self { functions: counter.functions, calls: counter.calls }
    }
}

/// Sums along a walk; knows what is open on the way from the root, which is counted already.
#[derive(Default)]
struct Counter<'a> {
    functions: Vec<Function<'a>>,
    by_name: HashMap<NodeName<'a>, usize, RandomState>,
    open_functions: Vec<u32>,
    calls: Vec<Call>,
    by_pair: HashMap<(usize, usize), usize, RandomState>,
    open_calls: Vec<u32>,
    /// For each level its function and the call that led to it.
    path: Vec<(usize, Option<usize>)>,
}

impl<'a> Counter<'a> {
    fn leave(&mut self, level: usize) {
        while self.path.len() > level {
            let Some((function, call)) = self.path.pop() else { return };
            self.open_functions[function] -= 1;
            if let Some(call) = call {
                self.open_calls[call] -= 1;
            }
        }
    }

    fn enter(&mut self, name: NodeName<'a>, node: &FlameNode, size: i64) {
        let function = self.function(name);
        let caller = self.path.last().map(|(caller, _)| *caller);
        let call = caller.map(|caller| self.call(caller, function));
        let sums = &mut self.functions[function];
        sums.flat = sums.flat.saturating_add(node.flat);
        if self.open_functions[function] == 0 {
            sums.cumulative = sums.cumulative.saturating_add(node.cumulative);
            sums.diff = sums.diff.saturating_add(node.diff);
            sums.size = sums.size.saturating_add(size);
        }
        self.open_functions[function] += 1;
        if let Some(call) = call {
            let sums = &mut self.calls[call];
            if self.open_calls[call] == 0 {
                sums.value = sums.value.saturating_add(node.cumulative);
                sums.size = sums.size.saturating_add(size);
            }
            self.open_calls[call] += 1;
        }
        self.path.push((function, call));
    }

    fn function(&mut self, name: NodeName<'a>) -> usize {
        let Self { functions, open_functions, .. } = self;
        *self.by_name.entry(name).or_insert_with(|| {
            functions.push(Function { name, flat: 0, cumulative: 0, diff: 0, size: 0 });
            open_functions.push(0);
            functions.len() - 1
        })
    }

    fn call(&mut self, caller: usize, callee: usize) -> usize {
        let Self { calls, open_calls, .. } = self;
        *self.by_pair.entry((caller, callee)).or_insert_with(|| {
            calls.push(Call { caller, callee, value: 0, size: 0 });
            open_calls.push(0);
            calls.len() - 1
        })
    }
}
