//! A small writer of recordings: chunks with whatever types, pools and events a test wants.

use std::collections::HashMap;

pub(super) const BOOLEAN: u64 = 4;
pub(super) const CHAR: u64 = 5;
pub(super) const FLOAT: u64 = 6;
pub(super) const DOUBLE: u64 = 7;
pub(super) const SHORT: u64 = 9;
pub(super) const INT: u64 = 10;
pub(super) const LONG: u64 = 11;
pub(super) const STRING: u64 = 20;
pub(super) const CLASS: u64 = 21;
pub(super) const THREAD: u64 = 22;
pub(super) const STATE: u64 = 25;
pub(super) const STACK: u64 = 26;
pub(super) const FRAME: u64 = 27;
pub(super) const METHOD: u64 = 28;
pub(super) const SYMBOL: u64 = 30;
pub(super) const EXECUTION: u64 = 101;
pub(super) const WALL: u64 = 102;
pub(super) const IN_TLAB: u64 = 103;
pub(super) const OUTSIDE_TLAB: u64 = 104;
pub(super) const ALLOCATION: u64 = 105;
pub(super) const MONITOR: u64 = 106;
pub(super) const PARK: u64 = 107;
pub(super) const LIVE: u64 = 108;
pub(super) const MALLOC: u64 = 109;
pub(super) const SETTING: u64 = 110;
/// An event that nobody reads, with a value of every kind.
pub(super) const OTHER: u64 = 111;
/// A type within that event.
pub(super) const PAIR: u64 = 112;

pub(super) const RUNNABLE: u64 = 1;
pub(super) const SLEEPING: u64 = 2;

/// A field: its name, its type, and whether it stands in a pool (`p`) or is an array (`a`).
pub(super) type Field = (&'static str, u64, &'static str);

/// Whether numbers are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Compressed,
    BigEndian,
}

/// How strings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Pooled,
    Utf8,
    Units,
    Latin1,
}

/// Bytes of values, one after another.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    form: Form,
    pub(super) bytes: Vec<u8>,
}

impl Bytes {
    pub(super) fn new(form: Form) -> Self {
        Self { form, bytes: Vec::new() }
    }

    pub(super) fn number(mut self, width: usize, value: u64) -> Self {
        match self.form {
            Form::BigEndian => self.bytes.extend(&value.to_be_bytes()[8 - width..]),
            Form::Compressed => compress(value, &mut self.bytes),
        }
        self
    }

    pub(super) fn long(self, value: u64) -> Self {
        self.number(8, value)
    }

    pub(super) fn int(self, value: u64) -> Self {
        self.number(4, value)
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.raw(&[3]).int(text.len() as u64).raw(text.as_bytes())
    }
}

fn compress(mut value: u64, into: &mut Vec<u8>) {
    for _ in 0..8 {
        if value < 0x80 {
            return into.push(value as u8);
        }
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// A chunk that is being written.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) form: Form,
    pub(super) encoding: Encoding,
    pub(super) types: Vec<(u64, &'static str, Vec<Field>)>,
    /// Of each pool the values, in the order in which they were added.
    pools: Vec<(u64, u64, Vec<u8>)>,
    ids: HashMap<(u64, Vec<u8>), u64>,
    events: Vec<u8>,
    /// How many pools' values were written already.
    written: usize,
    pub(super) version: u16,
    pub(super) ticks_per_second: u64,
    pub(super) start_nanos: u64,
    pub(super) duration_nanos: u64,
}

impl Chunk {
    pub(super) fn new(form: Form, encoding: Encoding) -> Self {
        let mut chunk = Self {
            form,
            encoding,
            types: types(),
            pools: Vec::new(),
            ids: HashMap::new(),
            events: Vec::new(),
            written: 0,
            version: 2,
            ticks_per_second: 1_000_000_000,
            start_nanos: 1_700_000_000_000_000_000,
            duration_nanos: 10_000_000_000,
        };
        for (id, name) in [(RUNNABLE, "STATE_RUNNABLE"), (SLEEPING, "STATE_SLEEPING")] {
            let name = chunk.string(chunk.bytes(), name);
            chunk.pools.push((STATE, id, name.bytes));
        }
        chunk
    }

    pub(super) fn bytes(&self) -> Bytes {
        Bytes::new(self.form)
    }

    /// A text in the chunk's encoding.
    pub(super) fn string(&mut self, bytes: Bytes, text: &str) -> Bytes {
        match self.encoding {
            Encoding::Utf8 => bytes.text(text),
            Encoding::Latin1 => {
                let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
                bytes.raw(&[5]).int(latin.len() as u64).raw(&latin)
            }
            Encoding::Units => {
                let units: Vec<u16> = text.encode_utf16().collect();
                let head = bytes.raw(&[4]).int(units.len() as u64);
                units.iter().fold(head, |bytes, unit| bytes.number(2, u64::from(*unit)))
            }
            Encoding::Pooled => {
                let value = self.bytes().text(text);
                let id = self.pooled(STRING, value);
                bytes.raw(&[2]).long(id)
            }
        }
    }

    /// The id of a value in a pool.
    pub(super) fn pooled(&mut self, pool: u64, value: Bytes) -> u64 {
        let next = 7 + self.ids.len() as u64 * 1000;
        let id = *self.ids.entry((pool, value.bytes.clone())).or_insert(next);
        if id == next {
            self.pools.push((pool, id, value.bytes));
        }
        id
    }

    pub(super) fn symbol(&mut self, text: &str) -> u64 {
        let value = self.string(self.bytes(), text);
        self.pooled(SYMBOL, value)
    }

    /// The id of a stack of classes, methods and lines, leaf first.
    pub(super) fn stack(&mut self, frames: &[(&str, &str, i32)]) -> u64 {
        let mut stack = self.bytes().raw(&[0]).int(frames.len() as u64);
        for (class, method, line) in frames {
            let (class, method) = (self.symbol(class), self.symbol(method));
            let class = self.pooled(CLASS, self.bytes().long(0).long(class));
            let method = self.pooled(METHOD, self.bytes().long(class).long(method).long(0).int(0));
            stack = stack.long(method).int(u64::from(*line as u32)).int(5).long(0);
        }
        self.pooled(STACK, stack)
    }

    pub(super) fn thread(&mut self, name: &str) -> u64 {
        let value = self.string(self.bytes().raw(&[0]).long(9), name).long(9);
        self.pooled(THREAD, value)
    }

    pub(super) fn event(&mut self, type_id: u64, body: Bytes) {
        sized(self.form, type_id, &body.bytes, &mut self.events);
    }

    pub(super) fn execution(&mut self, stack: u64, state: u64) {
        let body = self.bytes().long(5).long(0).long(stack).long(state);
        self.event(EXECUTION, body.long(0).long(0).long(0));
    }

    pub(super) fn setting(&mut self, id: u64, name: &str, value: &str) {
        let body = self.bytes().long(5).long(id);
        let body = self.string(body, name);
        let body = self.string(body, value);
        self.event(SETTING, body);
    }

    /// An event that nobody reads.
    pub(super) fn other(&mut self) {
        let body = self.other_value();
        self.event(OTHER, body);
    }

    pub(super) fn other_value(&self) -> Bytes {
        let body = self.bytes().raw(&[1]).number(2, 0xffff).raw(&[9; 4]).raw(&[9; 8]).int(3);
        let pair = |bytes: Bytes, value: u64| bytes.number(2, value).raw(&[5]).int(1).raw(b"x");
        let body = pair(body, 1).int(2);
        let body = pair(pair(body, 300), 7);
        body.int(2).long(u64::MAX).long(9).raw(&[0]).raw(&[1]).int(5)
    }

    /// Writes what pools have and no checkpoint before has.
    pub(super) fn checkpoint(&mut self) {
        let fresh = self.pools[self.written..].to_vec();
        self.written = self.pools.len();
        let mut body = self.bytes().long(5).long(0).long(0).raw(&[1]).int(fresh.len() as u64);
        for (pool, id, value) in fresh {
            body = body.long(pool).int(1).long(id).raw(&value);
        }
        self.event(1, body);
    }

    pub(super) fn metadata(&mut self) {
        let body = metadata(self.form, &self.types);
        self.event(0, body);
    }

    /// The chunk with types and pools behind its events.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.metadata();
        self.checkpoint();
        self.finish_as_it_is()
    }

    pub(super) fn finish_as_it_is(self) -> Vec<u8> {
        let mut chunk = b"FLR\0".to_vec();
        chunk.extend(self.version.to_be_bytes());
        chunk.extend([0, 1]);
        let size = 68 + self.events.len() as u64;
        // Where types and pools are, which a reader need not be told, and when the ticks began.
        for number in [size, 0, 0, self.start_nanos, self.duration_nanos, 0, self.ticks_per_second] {
            chunk.extend(number.to_be_bytes());
        }
        chunk.extend([0, 0, 0, u8::from(self.form == Form::Compressed)]);
        chunk.extend(self.events);
        chunk
    }
}

/// An event with its size in front, which the size itself is part of.
fn sized(form: Form, type_id: u64, body: &[u8], into: &mut Vec<u8>) {
    let rest = Bytes::new(form).long(type_id).raw(body).bytes;
    let fits = |length: &usize| Bytes::new(form).int((rest.len() + length) as u64).bytes.len() == *length;
    let length = (1..10).find(fits).unwrap();
    into.extend(Bytes::new(form).int((rest.len() + length) as u64).bytes);
    into.extend(rest);
}

fn types() -> Vec<(u64, &'static str, Vec<Field>)> {
    let time = ("startTime", LONG, "");
    let (stack, thread) = (("stackTrace", STACK, "p"), ("eventThread", THREAD, "p"));
    let sampled = ("sampledThread", THREAD, "p");
    let sized = |name| vec![time, thread, stack, ("objectClass", CLASS, "p"), (name, LONG, "")];
    vec![
        (BOOLEAN, "boolean", vec![]),
        (CHAR, "char", vec![]),
        (FLOAT, "float", vec![]),
        (DOUBLE, "double", vec![]),
        (8, "byte", vec![]),
        (SHORT, "short", vec![]),
        (INT, "int", vec![]),
        (LONG, "long", vec![]),
        (STRING, "java.lang.String", vec![]),
        (CLASS, "java.lang.Class", vec![("classLoader", 23, "p"), ("name", SYMBOL, "p")]),
        (
            THREAD,
            "java.lang.Thread",
            vec![
                ("osName", STRING, ""),
                ("osThreadId", LONG, ""),
                ("javaName", STRING, ""),
                ("javaThreadId", LONG, ""),
            ],
        ),
        (23, "jdk.types.ClassLoader", vec![("type", CLASS, "p")]),
        (24, "jdk.types.FrameType", vec![("description", STRING, "")]),
        (STATE, "jdk.types.ThreadState", vec![("name", STRING, "")]),
        (STACK, "jdk.types.StackTrace", vec![("truncated", BOOLEAN, ""), ("frames", FRAME, "a")]),
        (
            FRAME,
            "jdk.types.StackFrame",
            vec![
                ("method", METHOD, "p"),
                ("lineNumber", INT, ""),
                ("bytecodeIndex", INT, ""),
                ("type", 24, "p"),
            ],
        ),
        (
            METHOD,
            "jdk.types.Method",
            vec![
                ("type", CLASS, "p"),
                ("name", SYMBOL, "p"),
                ("descriptor", SYMBOL, "p"),
                ("modifiers", INT, ""),
            ],
        ),
        (SYMBOL, "jdk.types.Symbol", vec![("string", STRING, "")]),
        (
            EXECUTION,
            "jdk.ExecutionSample",
            vec![
                time,
                sampled,
                stack,
                ("state", STATE, "p"),
                ("contextId", LONG, ""),
                ("spanId", LONG, ""),
                ("spanName", LONG, ""),
            ],
        ),
        (
            WALL,
            "profiler.WallClockSample",
            vec![time, sampled, stack, ("state", STATE, "p"), ("samples", INT, "")],
        ),
        (IN_TLAB, "jdk.ObjectAllocationInNewTLAB", sized("tlabSize")),
        (OUTSIDE_TLAB, "jdk.ObjectAllocationOutsideTLAB", sized("allocationSize")),
        (ALLOCATION, "jdk.ObjectAllocationSample", sized("weight")),
        (MONITOR, "jdk.JavaMonitorEnter", sized("duration")),
        (PARK, "jdk.ThreadPark", sized("duration")),
        (LIVE, "profiler.LiveObject", sized("allocationSize")),
        (MALLOC, "profiler.Malloc", sized("size")),
        (
            SETTING,
            "jdk.ActiveSetting",
            vec![time, ("id", LONG, ""), ("name", STRING, ""), ("value", STRING, "")],
        ),
        (
            OTHER,
            "test.Other",
            vec![
                ("a", BOOLEAN, ""),
                ("b", CHAR, ""),
                ("c", FLOAT, ""),
                ("d", DOUBLE, ""),
                ("e", INT, ""),
                ("f", PAIR, ""),
                ("g", PAIR, "a"),
                ("h", CLASS, "pa"),
                ("i", STRING, ""),
                ("j", STRING, ""),
                ("nothing", 113, "a"),
            ],
        ),
        (PAIR, "test.Pair", vec![("left", SHORT, ""), ("right", STRING, "")]),
        (113, "test.Nothing", vec![]),
    ]
}

/// The body of a metadata event.
pub(super) fn metadata(form: Form, types: &[(u64, &'static str, Vec<Field>)]) -> Bytes {
    let mut strings = Strings(Vec::new());
    let mut tree = Bytes::new(form);
    tree = strings.element(tree, "root", &[], 2);
    tree = strings.element(tree, "metadata", &[], types.len());
    for (id, name, fields) in types {
        let id = id.to_string();
        tree = strings.element(
            tree,
            "class",
            &[("id", &id), ("name", name), ("superType", "x")],
            fields.len() + 1,
        );
        for (name, type_id, flags) in fields {
            let type_id = type_id.to_string();
            let mut attributes = vec![("name", *name), ("class", &type_id)];
            attributes.extend(flags.contains('p').then_some(("constantPool", "true")));
            attributes.extend(flags.contains('a').then_some(("dimension", "1")));
            tree = strings.element(tree, "field", &attributes, 1);
            tree = strings.element(tree, "annotation", &[("class", "1"), ("value", "a label")], 0);
        }
        tree = strings.element(tree, "annotation", &[("class", "1")], 0);
    }
    tree = strings.element(tree, "region", &[("locale", "en"), ("gmtOffset", "0")], 0);
    let head = Bytes::new(form).long(5).long(0).long(1).int(strings.0.len() as u64);
    strings.0.iter().fold(head, |bytes, text| bytes.text(text)).raw(&tree.bytes)
}

struct Strings(Vec<String>);

impl Strings {
    fn id(&mut self, text: &str) -> u64 {
        let known = self.0.iter().position(|known| known == text);
        let at = known.unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        });
        at as u64
    }

    fn element(&mut self, bytes: Bytes, name: &str, attributes: &[(&str, &str)], children: usize) -> Bytes {
        let mut bytes = bytes.int(self.id(name)).int(attributes.len() as u64);
        for (key, value) in attributes {
            bytes = bytes.int(self.id(key)).int(self.id(value));
        }
        bytes.int(children as u64)
    }
}
