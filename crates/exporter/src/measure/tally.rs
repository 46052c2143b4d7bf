//! How much each function took, from the tree of a window's stacks.
//!
//! A function counts once for a stack, however often it is in it; the server's own table adds the
//! stack's value again for each time (parca-dev/parca#6128).

use std::collections::HashMap;

use profile_codec::arrow::{FlameRow, FlameRows};
use profile_model::{Labels, StringId, Symbols};

use crate::matcher::{Field, MAX_STACK_PATTERNS, Pattern, Subject};
use crate::settings::{Functions, Unsymbolized};

/// What a function took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    /// Of stacks that end in it.
    pub(crate) flat: i64,
    /// Of stacks that it is in.
    pub(crate) cumulative: i64,
}

/// The functions of a tree that a query asks for.
#[derive(Debug)]
pub(crate) struct Tally {
    flame: FlameRows,
    children: Children,
    /// The function of each row of the tree.
    nodes: Vec<NodeRow>,
    patterns: Vec<Pattern>,
    /// The names of functions; sums are by position in it.
    names: Vec<Name>,
    /// One for each set of labels that stacks were grouped by; one without labels if there is no group.
    pub(crate) groups: Vec<Group>,
}

/// The stacks that share their labels.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) labels: Labels,
    /// The sum of all of its stacks.
    pub(crate) total: i64,
    /// By position of the function's name.
    pub(crate) sums: Vec<Sums>,
    /// The rows right below the root or the group's own.
    tops: Vec<u32>,
}

/// The rows right below each row, one after the other.
#[derive(Debug)]
struct Children {
    /// Where those of a row begin; one more than there are rows.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Children {
    fn of(rows: &[FlameRow]) -> Self {
        let mut starts = vec![0_u32; rows.len() + 1];
        for row in rows.iter().skip(1) {
            starts[row.parent as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut ends = starts.clone();
        let mut children = vec![0; rows.len().saturating_sub(1)];
        for (at, row) in rows.iter().enumerate().skip(1) {
            let end = &mut ends[row.parent as usize];
            children[*end as usize] = at as u32;
            *end += 1;
        }
        Self { starts, rows: children }
    }

    fn below(&self, row: u32) -> &[u32] {
        let (start, end) = (self.starts[row as usize], self.starts[row as usize + 1]);
        &self.rows[start as usize..end as usize]
    }
}

/// What a function is called.
#[derive(Debug)]
enum Name {
    Of(StringId),
    /// A row with no function behind it, such as `[unsymbolized]`.
    Synthetic(String),
}

/// A node's function, and the stacks that count for it there.
#[derive(Clone, Copy, Debug)]
struct NodeRow {
    /// `NONE`: not asked for.
    row: u32,
    /// Bit 0: all stacks; bit `i + 1`: those that pattern `i` matches.
    mask: u64,
}

const NONE: u32 = u32::MAX;
const REFUSED: NodeRow = NodeRow { row: NONE, mask: 0 };
const ALL_STACKS: u64 = 1;

impl Tally {
    pub(crate) fn of(flame: FlameRows, functions: &Functions) -> Self {
        let patterns = patterns(functions);
        let mut rows = Rows::new(&flame.symbols, functions, &patterns);
        let nodes: Vec<NodeRow> =
            flame.rows.iter().enumerate().map(|(at, row)| rows.of(row, at == 0)).collect();
        let names = rows.names;
        let children = Children::of(&flame.rows);
        let groups = groups(&flame, &children);
        let mut tally = Self { flame, children, nodes, patterns, names, groups };
        let sums: Vec<_> = tally.groups.iter().map(|group| tally.sums(group, Some)).collect();
        for (group, sums) in tally.groups.iter_mut().zip(sums) {
            group.sums = sums;
        }
        tally
    }

    /// How many functions there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of the function at this position.
    pub(crate) fn name(&self, at: usize) -> &str {
        match &self.names[at] {
            Name::Of(id) => self.flame.symbols.string(*id),
            Name::Synthetic(text) => text,
        }
    }

    /// What several functions took together: a stack that has more than one of them counts once.
    pub(crate) fn together(&self, group: &Group, is_one: impl Fn(u32) -> bool) -> Sums {
        self.sums(group, |row| is_one(row).then_some(0)).first().copied().unwrap_or_default()
    }

    fn sums(&self, group: &Group, row_of: impl Fn(u32) -> Option<u32>) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); self.names.len()];
        match self.patterns.is_empty() {
            true => self.add_all_stacks(group, row_of, &mut sums),
            false => self.add_some_stacks(group, row_of, &mut sums),
        }
        sums
    }

    /// Every stack counts, so a node's sum counts unless the function is above it already.
    fn add_all_stacks(&self, group: &Group, row_of: impl Fn(u32) -> Option<u32>, sums: &mut [Sums]) {
        let mut above = vec![0_u32; sums.len()];
        let mut walk: Vec<Step> = group.tops.iter().map(|top| Step::Enter(*top)).collect();
        while let Some(step) = walk.pop() {
            let at = match step {
                Step::Enter(at) => at,
                Step::Leave(row) => {
                    above[row as usize] -= 1;
                    continue;
                }
            };
            let row = match self.nodes[at as usize].row {
                NONE => None,
                row => row_of(row),
            };
            if let Some(row) = row {
                walk.push(Step::Leave(row));
                let row = row as usize;
                let node = &self.flame.rows[at as usize];
                sums[row].flat = sums[row].flat.saturating_add(node.flat);
                if above[row] == 0 {
                    sums[row].cumulative = sums[row].cumulative.saturating_add(node.cumulative);
                }
                above[row] += 1;
            }
            walk.extend(self.children.below(at).iter().map(|child| Step::Enter(*child)));
        }
    }

    /// Stacks are looked at one by one: whether one counts depends on its text and on the function.
    fn add_some_stacks(&self, group: &Group, row_of: impl Fn(u32) -> Option<u32>, sums: &mut [Sums]) {
        let mut path: Vec<u32> = Vec::new();
        let mut text = String::new();
        let mut seen = vec![0_u64; sums.len()];
        let mut stack_number = 0;
        let mut walk: Vec<(u32, usize, usize)> = group.tops.iter().map(|top| (*top, 0, 0)).collect();
        while let Some((id, depth, text_len)) = walk.pop() {
            path.truncate(depth);
            path.push(id);
            text.truncate(text_len);
            self.push_name(id, &mut text);
            let node = &self.flame.rows[id as usize];
            if node.flat != 0 {
                stack_number += 1;
                let stack = self.stack_mask(&text);
                for (at, on_path) in path.iter().rev().enumerate() {
                    let NodeRow { row, mask } = self.nodes[*on_path as usize];
                    let counts = row != NONE && mask & stack != 0;
                    let Some(row) = counts.then(|| row_of(row)).flatten() else { continue };
                    let row = row as usize;
                    if at == 0 {
                        sums[row].flat = sums[row].flat.saturating_add(node.flat);
                    }
                    if seen[row] != stack_number {
                        seen[row] = stack_number;
                        sums[row].cumulative = sums[row].cumulative.saturating_add(node.flat);
                    }
                }
            }
            let (depth, text_len) = (path.len(), text.len());
            walk.extend(self.children.below(id).iter().map(|child| (*child, depth, text_len)));
        }
    }

    fn push_name(&self, at: u32, text: &mut String) {
        let row = &self.flame.rows[at as usize];
        if row.group.is_some() {
            return;
        }
        if !text.is_empty() {
            text.push(';');
        }
        text.push_str(named(row, &self.flame.symbols).map_or("", |name| self.flame.symbols.string(name)));
    }

    fn stack_mask(&self, text: &str) -> u64 {
        let matching = self.patterns.iter().enumerate().filter(|(_, pattern)| pattern.is_match(text));
        matching.fold(ALL_STACKS, |mask, (at, _)| mask | (1 << (at + 1)))
    }
}

/// The distinct stack patterns, in the order of the matchers.
fn patterns(functions: &Functions) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for pattern in functions.matchers.iter().filter_map(|matcher| matcher.stack.as_ref()) {
        if !patterns.contains(pattern) && patterns.len() < MAX_STACK_PATTERNS {
            patterns.push(pattern.clone());
        }
    }
    patterns
}

/// A step of a walk through the tree: into a row, or out of one of a function.
enum Step {
    Enter(u32),
    Leave(u32),
}

fn groups(flame: &FlameRows, children: &Children) -> Vec<Group> {
    let empty = |labels: Labels, total| Group { labels, total, sums: Vec::new(), tops: Vec::new() };
    let mut loose = empty(Labels::default(), 0);
    let mut groups = Vec::new();
    for at in children.below(0) {
        let row = &flame.rows[*at as usize];
        let labels = row.group.and_then(|group| flame.groups.get(group as usize));
        match labels {
            Some(labels) => {
                let mut one = empty(labels.clone(), row.cumulative);
                one.tops = children.below(*at).to_vec();
                groups.push(one);
            }
            None => {
                loose.total = loose.total.saturating_add(row.cumulative);
                loose.tops.push(*at);
            }
        }
    }
    if groups.is_empty() || !loose.tops.is_empty() {
        groups.push(loose);
    }
    groups
}

/// The function's name, or else the one that the linker knows.
fn named(row: &FlameRow, symbols: &Symbols) -> Option<StringId> {
    let full = |id: &StringId| !symbols.string(*id).is_empty();
    row.function.filter(full).or(row.system_name.filter(full))
}

/// Finds the function of each node; equal questions are answered once.
struct Rows<'a> {
    symbols: &'a Symbols,
    functions: &'a Functions,
    patterns: &'a [Pattern],
    by_name_only: bool,
    known: HashMap<Key, NodeRow>,
    /// By the name's id, where nothing else is looked at.
    known_names: Vec<Option<NodeRow>>,
    /// The position of a name, by the name's id.
    of_name: Vec<u32>,
    /// The position of a name of ours.
    of_ours: HashMap<String, u32>,
    names: Vec<Name>,
}

/// What a function is told apart by: name, linker's name, file, binary.
type Key = [Option<StringId>; 4];

impl<'a> Rows<'a> {
    fn new(symbols: &'a Symbols, functions: &'a Functions, patterns: &'a [Pattern]) -> Self {
        let fields = [Field::SystemName, Field::File, Field::Binary];
        let looks = |field| functions.matchers.iter().any(|matcher| matcher.looks_at(field));
        Self {
            symbols,
            functions,
            patterns,
            by_name_only: !fields.into_iter().any(looks),
            known: HashMap::new(),
            known_names: vec![None; symbols.strings().len()],
            of_name: vec![NONE; symbols.strings().len()],
            of_ours: HashMap::new(),
            names: Vec::new(),
        }
    }

    fn of(&mut self, row: &FlameRow, is_root: bool) -> NodeRow {
        if is_root || row.group.is_some() {
            return REFUSED;
        }
        // Most rows: a name that was looked at before, and nothing else to look at.
        if self.by_name_only
            && let Some(name) = row.function
            && let Some(known) = self.known_names[name.index()]
        {
            return known;
        }
        let Some(name) = named(row, self.symbols) else { return self.unsymbolized(row) };
        if self.by_name_only {
            let found = self.found(&[Some(name), None, None, None], name);
            self.known_names[name.index()] = Some(found);
            return found;
        }
        let key = [Some(name), row.system_name, row.file, row.mapping_file];
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let found = self.found(&key, name);
        self.known.insert(key, found);
        found
    }

    fn found(&mut self, key: &Key, name: StringId) -> NodeRow {
        match self.mask(key) {
            0 => REFUSED,
            mask => NodeRow { row: self.row(name), mask },
        }
    }

    /// The stacks that count for a function: those of every matcher that means it.
    fn mask(&self, key: &Key) -> u64 {
        let text = |id: Option<StringId>| id.map_or("", |id| self.symbols.string(id));
        let [function, system_name, file, binary] = key.map(text);
        let subject = Subject { function, system_name, file, binary };
        let matching = self.functions.matchers.iter().filter(|matcher| matcher.matches(&subject));
        matching.fold(0, |mask, matcher| mask | self.stacks(matcher.stack.as_ref()))
    }

    fn stacks(&self, pattern: Option<&Pattern>) -> u64 {
        match pattern {
            None => ALL_STACKS,
            Some(pattern) => {
                let at = self.patterns.iter().position(|known| known == pattern);
                at.map_or(0, |at| 1 << (at + 1))
            }
        }
    }

    /// Equal names have equal ids.
    fn row(&mut self, name: StringId) -> u32 {
        let known = &mut self.of_name[name.index()];
        if *known == NONE {
            *known = self.names.len() as u32;
            self.names.push(Name::Of(name));
        }
        *known
    }

    /// A function may really be called so.
    fn row_of_ours(&mut self, text: &str) -> u32 {
        if let Some(name) = self.symbols.find_string(text) {
            return self.row(name);
        }
        if let Some(row) = self.of_ours.get(text) {
            return *row;
        }
        let row = self.names.len() as u32;
        self.names.push(Name::Synthetic(text.to_owned()));
        self.of_ours.insert(text.to_owned(), row);
        row
    }

    fn unsymbolized(&mut self, row: &FlameRow) -> NodeRow {
        let at = match self.functions.unsymbolized {
            Unsymbolized::Drop => NONE,
            Unsymbolized::Aggregate => self.row_of_ours(UNSYMBOLIZED),
            Unsymbolized::PerBinary => {
                let path = row.mapping_file.map_or("", |file| self.symbols.string(file));
                match path.rsplit('/').next() {
                    None | Some("") => self.row_of_ours(UNSYMBOLIZED),
                    Some(file) => self.row_of_ours(&format!("{UNSYMBOLIZED} {file}")),
                }
            }
        };
        NodeRow { row: at, mask: ALL_STACKS }
    }
}

/// The name of frames that no function is known for.
pub(crate) const UNSYMBOLIZED: &str = "[unsymbolized]";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
