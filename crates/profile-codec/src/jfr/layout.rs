//! How the values of a type lie one after another, and where among them those are that are wanted.

use std::collections::HashMap;
use std::rc::Rc;

use super::cursor::Cursor;
use super::error::{Fault, Result};
use super::metadata::{Class, Field, Types};
use super::text::Text;

/// The values of a type, of which up to `N` are wanted.
#[derive(Clone, Debug)]
pub(super) struct Layout<const N: usize> {
    steps: Vec<(Shape, Option<usize>)>,
    /// How many steps lead to the last wanted value.
    wanted: usize,
}

/// A value that was wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Value<'a> {
    /// The type has no such field.
    #[default]
    Absent,
    Number(u64),
    Text(Text<'a>),
    /// An array or a structure begins here.
    Part(Cursor<'a>),
}

impl<'a> Value<'a> {
    pub(super) fn number(self) -> Option<u64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    pub(super) fn text(self) -> Text<'a> {
        if let Self::Text(text) = self { text } else { Text::Empty }
    }
}

/// What a value looks like in the bytes.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Byte,
    /// A number that takes so many bytes where numbers are not compressed.
    Number(usize),
    /// So many bytes, compressed or not.
    Fixed(usize),
    Text,
    Structure(Rc<[Shape]>),
    /// A count, then so many values.
    Array(Rc<Shape>),
}

/// Types within types.
const DEEPEST: usize = 32;

/// The shapes of a chunk's types, each made once.
#[derive(Debug)]
pub(super) struct Shapes<'t> {
    types: &'t Types,
    known: HashMap<u64, Shape>,
    /// The types that are being looked at, each within the one before.
    open: Vec<u64>,
}

impl<'t> Shapes<'t> {
    pub(super) fn new(types: &'t Types) -> Self {
        Self { types, known: HashMap::new(), open: Vec::new() }
    }

    /// The layout of a type in which fields of these names are wanted. The value of a type that is no structure is the
    /// first wanted one.
    pub(super) fn layout<const N: usize>(
        &mut self,
        id: u64,
        at: usize,
        wanted: [&str; N],
    ) -> Result<Layout<N>> {
        let Some(class) = self.types.get(id).filter(|class| primitive(&class.name).is_none()) else {
            return Ok(Layout::new(vec![(self.shape(id, at)?, (N > 0).then_some(0))]));
        };
        let mut steps = Vec::with_capacity(class.fields.len());
        for field in &class.fields {
            let shape = self.shape_of(field, at)?;
            if !shape.is_nothing() {
                steps.push((shape, wanted.iter().position(|name| **name == *field.name)));
            }
        }
        Ok(Layout::new(steps))
    }

    /// The shape of a type. `at` is where it is spoken of, if something is wrong.
    pub(super) fn shape(&mut self, id: u64, at: usize) -> Result<Shape> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let types = self.types;
        let class = types
            .get(id)
            .ok_or_else(|| Fault::broken(at, "a type that the metadata describes", format!("type {id}")))?;
        let shape = match primitive(&class.name) {
            Some(shape) => shape,
            None => self.structure(id, class, at)?,
        };
        self.known.insert(id, shape.clone());
        Ok(shape)
    }

    fn structure(&mut self, id: u64, class: &'t Class, at: usize) -> Result<Shape> {
        if self.open.contains(&id) {
            let name = format!("`{}`", super::shown(&class.name));
            return Err(Fault::broken(at, "types that do not contain themselves", name));
        }
        if self.open.len() == DEEPEST {
            return Err(Fault::TooLarge { what: "types within types", limit: DEEPEST });
        }
        self.open.push(id);
        let fields = class.fields.iter().map(|field| self.shape_of(field, at)).collect::<Result<Vec<_>>>();
        self.open.pop();
        // What takes no bytes is left out: each step takes at least one, and so work is bounded by bytes.
        Ok(Shape::Structure(fields?.into_iter().filter(|shape| !shape.is_nothing()).collect()))
    }

    fn shape_of(&mut self, field: &Field, at: usize) -> Result<Shape> {
        let one = if field.is_pooled { Shape::Number(8) } else { self.shape(field.type_id, at)? };
        Ok(if field.is_array { Shape::Array(Rc::new(one)) } else { one })
    }
}

fn primitive(name: &str) -> Option<Shape> {
    Some(match name {
        "boolean" | "byte" => Shape::Byte,
        "char" | "short" => Shape::Number(2),
        "int" => Shape::Number(4),
        "long" => Shape::Number(8),
        "float" => Shape::Fixed(4),
        "double" => Shape::Fixed(8),
        "java.lang.String" => Shape::Text,
        _ => return None,
    })
}

impl Shape {
    /// Whether it takes no bytes.
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Structure(fields) if fields.is_empty())
    }

    pub(super) fn skip(&self, cursor: &mut Cursor<'_>) -> Result<()> {
        match self {
            Self::Byte => cursor.byte().map(drop),
            Self::Number(width) => cursor.number(*width).map(drop),
            Self::Fixed(width) => cursor.take(*width).map(drop),
            Self::Text => Text::read(cursor).map(drop),
            Self::Structure(fields) => fields.iter().try_for_each(|field| field.skip(cursor)),
            Self::Array(element) => {
                let count = count(element, cursor)?;
                (0..count).try_for_each(|_| element.skip(cursor))
            }
        }
    }

    fn read<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Value<'a>> {
        Ok(match self {
            Self::Byte => Value::Number(u64::from(cursor.byte()?)),
            Self::Number(width) => Value::Number(cursor.number(*width)?),
            Self::Text => Value::Text(Text::read(cursor)?),
            Self::Fixed(_) | Self::Structure(_) | Self::Array(_) => {
                let part = *cursor;
                self.skip(cursor)?;
                Value::Part(part)
            }
        })
    }
}

/// The count of an array. Elements that take no bytes are none, however many there are said to be.
fn count(element: &Shape, cursor: &mut Cursor<'_>) -> Result<usize> {
    if element.is_nothing() { cursor.number(4).map(|_| 0) } else { cursor.count() }
}

impl<const N: usize> Layout<N> {
    fn new(steps: Vec<(Shape, Option<usize>)>) -> Self {
        let wanted = steps.iter().rposition(|(_, wanted)| wanted.is_some()).map_or(0, |last| last + 1);
        Self { steps, wanted }
    }

    /// The wanted values. What lies behind the last of them is not looked at.
    pub(super) fn read<'a>(&self, cursor: &mut Cursor<'a>) -> Result<[Value<'a>; N]> {
        let mut values = [Value::Absent; N];
        for (shape, wanted) in &self.steps[..self.wanted] {
            match wanted {
                Some(place) => values[*place] = shape.read(cursor)?,
                None => shape.skip(cursor)?,
            }
        }
        Ok(values)
    }

    /// The wanted values of a value that others follow.
    pub(super) fn read_whole<'a>(&self, cursor: &mut Cursor<'a>) -> Result<[Value<'a>; N]> {
        let values = self.read(cursor)?;
        self.steps[self.wanted..].iter().try_for_each(|(shape, _)| shape.skip(cursor))?;
        Ok(values)
    }

    pub(super) fn skip(&self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.steps.iter().try_for_each(|(shape, _)| shape.skip(cursor))
    }

    /// Whether a value takes no bytes.
    pub(super) fn is_nothing(&self) -> bool {
        self.steps.is_empty()
    }
}
