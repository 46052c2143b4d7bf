//! What a chunk says of its own types: a tree of elements with attributes, whose strings stand in a table before it.

use std::collections::HashMap;
use std::rc::Rc;

use super::cursor::Cursor;
use super::error::{Fault, Result};
use super::text::Text;

/// The types of a chunk.
#[derive(Debug, Default)]
pub(super) struct Types {
    by_id: HashMap<u64, Class>,
}

/// A type, which an event is, too.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) name: Rc<str>,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Rc<str>,
    pub(super) type_id: u64,
    /// Whether the value stands in a constant pool, and its id here.
    pub(super) is_pooled: bool,
    pub(super) is_array: bool,
}

/// A Java of today has some thousands.
const MOST_STRINGS: usize = 1 << 20;
const MOST_ELEMENTS: usize = 1 << 20;
const MOST_ATTRIBUTES: usize = 1 << 10;
const MOST_DIGITS: usize = 20;
/// Annotations of fields are at depth 5.
const DEEPEST: usize = 16;

impl Types {
    /// The types that a metadata event describes, from behind its head.
    pub(super) fn read(mut event: Cursor<'_>) -> Result<Self> {
        // Start, duration, and which metadata it is.
        for _ in 0..3 {
            event.long()?;
        }
        let count = event.count()?;
        if count > MOST_STRINGS {
            return Err(Fault::TooLarge { what: "strings in the metadata", limit: MOST_STRINGS });
        }
        let text = |_| Ok(Rc::from(&*Text::read(&mut event)?.chars()));
        let strings = (0..count).map(text).collect::<Result<Vec<Rc<str>>>>()?;
        let mut reader = Reader { event, strings, elements: 0, types: Self::default() };
        reader.element(None, 0)?;
        Ok(reader.types)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Class> {
        self.by_id.get(&id)
    }

    /// The types of a name: two loaders may each have loaded one.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (u64, &Class)> {
        self.by_id.iter().filter(move |(_, class)| &*class.name == name).map(|(id, class)| (*id, class))
    }
}

struct Reader<'a> {
    event: Cursor<'a>,
    strings: Vec<Rc<str>>,
    elements: usize,
    types: Types,
}

impl Reader<'_> {
    /// Reads an element and those in it. `class` is the type that it is directly in.
    fn element(&mut self, class: Option<u64>, depth: usize) -> Result<()> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(Fault::TooLarge { what: "elements in the metadata", limit: MOST_ELEMENTS });
        }
        if depth > DEEPEST {
            return Err(Fault::TooLarge { what: "levels of elements in the metadata", limit: DEEPEST });
        }
        let at = self.event.at();
        let name = self.string()?;
        let attributes = self.attributes()?;
        let own = match (&*name, class) {
            ("class", _) => Some(self.class(at, &attributes)?),
            ("field", Some(class)) => {
                self.field(at, class, &attributes)?;
                None
            }
            _ => None,
        };
        for _ in 0..self.event.count()? {
            self.element(own, depth + 1)?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Rc<str>> {
        let at = self.event.at();
        let index = self.event.number(4)?;
        let text = usize::try_from(index).ok().and_then(|index| self.strings.get(index));
        let text = text.ok_or_else(|| {
            Fault::broken(at, "the place of a string in the metadata's table", index.to_string())
        })?;
        Ok(Rc::clone(text))
    }

    fn attributes(&mut self) -> Result<Vec<(Rc<str>, Rc<str>)>> {
        let count = self.event.count()?;
        if count > MOST_ATTRIBUTES {
            return Err(Fault::TooLarge { what: "attributes of an element", limit: MOST_ATTRIBUTES });
        }
        (0..count).map(|_| Ok((self.string()?, self.string()?))).collect()
    }

    fn class(&mut self, at: usize, attributes: &Attributes) -> Result<u64> {
        let id = number(at, attributes, "id")?;
        let name = get(attributes, "name").cloned().unwrap_or_else(|| Rc::from(""));
        self.types.by_id.insert(id, Class { name, fields: Vec::new() });
        Ok(id)
    }

    fn field(&mut self, at: usize, class: u64, attributes: &Attributes) -> Result<()> {
        let field = Field {
            name: get(attributes, "name").cloned().unwrap_or_else(|| Rc::from("")),
            type_id: number(at, attributes, "class")?,
            is_pooled: get(attributes, "constantPool").is_some_and(|value| &**value == "true"),
            is_array: get(attributes, "dimension").is_some_and(|value| &**value != "0"),
        };
        if let Some(class) = self.types.by_id.get_mut(&class) {
            class.fields.push(field);
        }
        Ok(())
    }
}

type Attributes = [(Rc<str>, Rc<str>)];

fn get<'t>(attributes: &'t Attributes, name: &str) -> Option<&'t Rc<str>> {
    attributes.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
}

fn number(at: usize, attributes: &Attributes, name: &str) -> Result<u64> {
    let value = get(attributes, name).map_or("", |value| value);
    let number = Some(value).filter(|value| value.len() <= MOST_DIGITS).and_then(|value| value.parse().ok());
    number.ok_or_else(|| Fault::broken(at, "the number of a type", format!("`{}`", super::shown(value))))
}
