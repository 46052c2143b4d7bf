//! Constant pools: what events refer to by ids. Values stay where they are in the file and are read when somebody asks.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::cursor::Cursor;
use super::error::{Fault, Result};
use super::layout::{Layout, Shapes, Value};
use super::metadata::Types;
use super::text::Text;

/// The constant pools of a chunk that are of use here.
#[derive(Debug)]
pub(super) struct Pools<'t, 'a> {
    shapes: Shapes<'t>,
    file: Cursor<'a>,
    room: usize,
    limit: usize,
    strings: Pool<1>,
    symbols: Pool<1>,
    classes: Pool<1>,
    methods: Pool<2>,
    stacks: Pool<1>,
    states: Pool<1>,
    threads: Pool<2>,
    frame: Option<Layout<2>>,
}

/// One pool: where in the file the value of an id stands.
#[derive(Debug)]
struct Pool<const N: usize> {
    /// The pool's type; none if the metadata does not describe it.
    of: Option<(u64, Layout<N>)>,
    places: HashMap<u64, usize, RandomState>,
}

/// A frame: the id of its method, and a line.
pub(super) type Frame = (u64, i64);

const STACK: &str = "jdk.types.StackTrace";
const FRAMES: &str = "frames";

impl<'t, 'a> Pools<'t, 'a> {
    /// Empty pools of a chunk, of up to `limit` values. `file` ends where the chunk does.
    pub(super) fn new(types: &'t Types, file: Cursor<'a>, limit: usize) -> Result<Self> {
        let mut shapes = Shapes::new(types);
        let at = file.at();
        Ok(Self {
            strings: Pool::new(&mut shapes, types, at, "java.lang.String", [""])?,
            symbols: Pool::new(&mut shapes, types, at, "jdk.types.Symbol", ["string"])?,
            classes: Pool::new(&mut shapes, types, at, "java.lang.Class", ["name"])?,
            methods: Pool::new(&mut shapes, types, at, "jdk.types.Method", ["type", "name"])?,
            stacks: Pool::new(&mut shapes, types, at, STACK, [FRAMES])?,
            states: Pool::new(&mut shapes, types, at, "jdk.types.ThreadState", ["name"])?,
            threads: Pool::new(&mut shapes, types, at, "java.lang.Thread", ["javaName", "osName"])?,
            frame: frame(&mut shapes, types, at)?,
            shapes,
            file,
            room: limit,
            limit,
        })
    }

    /// Adds the values of a checkpoint event, from behind its head. Of two values of an id the later one holds.
    pub(super) fn add(&mut self, mut event: Cursor<'a>) -> Result<()> {
        // Start, duration, and where the checkpoint before this one is.
        for _ in 0..3 {
            event.long()?;
        }
        event.byte()?;
        for _ in 0..event.count()? {
            let at = event.at();
            let id = event.long()?;
            let count = event.count()?;
            self.fill(id, at, count, &mut event)?;
        }
        Ok(())
    }

    fn fill(&mut self, id: u64, at: usize, count: usize, event: &mut Cursor<'a>) -> Result<()> {
        let full = Fault::TooLarge { what: "values in the constant pools of a chunk", limit: self.limit };
        self.room = self.room.checked_sub(count).ok_or(full)?;
        match id {
            _ if self.strings.is_of(id) => self.strings.fill(count, event),
            _ if self.symbols.is_of(id) => self.symbols.fill(count, event),
            _ if self.classes.is_of(id) => self.classes.fill(count, event),
            _ if self.methods.is_of(id) => self.methods.fill(count, event),
            _ if self.stacks.is_of(id) => self.stacks.fill(count, event),
            _ if self.states.is_of(id) => self.states.fill(count, event),
            _ if self.threads.is_of(id) => self.threads.fill(count, event),
            _ => {
                let shape = self.shapes.shape(id, at)?;
                (0..count).try_for_each(|_| {
                    event.long()?;
                    shape.skip(event)
                })
            }
        }
    }

    /// The layout of an event.
    pub(super) fn layout<const N: usize>(
        &mut self,
        id: u64,
        at: usize,
        wanted: [&str; N],
    ) -> Result<Layout<N>> {
        self.shapes.layout(id, at, wanted)
    }

    /// A text, looked up if it stands in the pool of strings.
    pub(super) fn text(&self, text: Text<'a>) -> Text<'a> {
        match text {
            Text::Pooled(id) => self.strings.get(self.file, id).map(|[text]| text.text()).unwrap_or_default(),
            known => known,
        }
    }

    fn symbol(&self, reference: Value<'a>) -> Text<'a> {
        // A name may stand there itself, as in `java.lang.Thread`.
        let Some(id) = reference.number() else { return self.text(reference.text()) };
        self.symbols.get(self.file, id).map(|[text]| self.text(text.text())).unwrap_or_default()
    }

    /// The names of a method's class and of the method; none if either is not in the pools.
    pub(super) fn method(&self, id: u64) -> Option<[Text<'a>; 2]> {
        let [class, name] = self.methods.get(self.file, id)?;
        let [class] = self.classes.get(self.file, class.number()?)?;
        Some([self.symbol(class), self.symbol(name)])
    }

    /// The frames of a stack, leaf first.
    pub(super) fn frames(&self, id: u64) -> Option<Result<Vec<Frame>>> {
        let [frames] = self.stacks.get(self.file, id)?;
        let Value::Part(frames) = frames else { return Some(Ok(Vec::new())) };
        self.frame.as_ref().map_or_else(|| Some(Ok(Vec::new())), |frame| Some(read_frames(frame, frames)))
    }

    /// The thread's name in Java, or else the operating system's.
    pub(super) fn thread(&self, id: u64) -> Text<'a> {
        let [java, system] = self.threads.get(self.file, id).unwrap_or_default();
        match self.text(java.text()) {
            Text::Empty => self.text(system.text()),
            name => name,
        }
    }

    /// The ids of states whose name is this one.
    pub(super) fn states(&self, name: &str) -> HashSet<u64, RandomState> {
        let is_it = |id: &&u64| {
            self.states.get(self.file, **id).is_some_and(|[text]| self.text(text.text()).is(name))
        };
        self.states.places.keys().filter(is_it).copied().collect()
    }
}

/// The layout of frames; none if stacks have none, or not one after another.
fn frame(shapes: &mut Shapes<'_>, types: &Types, at: usize) -> Result<Option<Layout<2>>> {
    let stack = types.named(STACK).min_by_key(|(id, _)| *id);
    let frames = stack.and_then(|(_, class)| class.fields.iter().find(|field| &*field.name == FRAMES));
    let inside = frames.filter(|field| field.is_array && !field.is_pooled);
    let layout =
        inside.map(|field| shapes.layout(field.type_id, at, ["method", "lineNumber"])).transpose()?;
    Ok(layout.filter(|layout| !layout.is_nothing()))
}

fn read_frames(frame: &Layout<2>, mut array: Cursor<'_>) -> Result<Vec<Frame>> {
    let count = array.count()?;
    let mut frames = Vec::with_capacity(count.min(1 << 10));
    for _ in 0..count {
        let [method, line] = frame.read_whole(&mut array)?;
        // An `int`, which is -1 where no line is known.
        let line = line.number().unwrap_or_default() as u32 as i32;
        frames.push((method.number().unwrap_or_default(), i64::from(line.max(0))));
    }
    Ok(frames)
}

impl<const N: usize> Pool<N> {
    fn new(shapes: &mut Shapes<'_>, types: &Types, at: usize, name: &str, wanted: [&str; N]) -> Result<Self> {
        let id = types.named(name).map(|(id, _)| id).min();
        let of = id.map(|id| Ok((id, shapes.layout(id, at, wanted)?))).transpose()?;
        Ok(Self { of, places: HashMap::default() })
    }

    fn is_of(&self, id: u64) -> bool {
        self.of.as_ref().is_some_and(|(known, _)| *known == id)
    }

    fn fill(&mut self, count: usize, event: &mut Cursor<'_>) -> Result<()> {
        let Some((_, layout)) = &self.of else { return Ok(()) };
        for _ in 0..count {
            let key = event.long()?;
            self.places.insert(key, event.at());
            layout.skip(event)?;
        }
        Ok(())
    }

    fn get<'a>(&self, file: Cursor<'a>, id: u64) -> Option<[Value<'a>; N]> {
        let (_, layout) = self.of.as_ref()?;
        // It was passed over once, so that it can be read.
        layout.read(&mut file.moved_to(*self.places.get(&id)?)).ok()
    }
}
