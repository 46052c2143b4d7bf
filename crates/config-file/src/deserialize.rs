//! Nodes for serde.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::build::below;
use crate::messages::{found, unknown_key};
use crate::report::shown;
use crate::{Key, Kind, Node, Report, scalar};

/// A value for serde. What is wanted decides: `1` is a text where a text is wanted.
///
/// Keys that a struct does not have become mistakes of grade `UnknownKey` in the report, and keys
/// without a value count as absent. Messages show no value of a secret key, except where a type's own
/// `Deserialize` puts the text it was given into its error.
#[derive(Clone, Debug)]
pub struct Deserializer<'a> {
    node: &'a Node,
    path: String,
    report: &'a Report,
}

/// What was expected and what was found; the place is for the caller to find, see [`Node::locate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeserializeError(String);

impl<'a> Deserializer<'a> {
    pub(crate) fn new(node: &'a Node, path: String, report: &'a Report) -> Self {
        Self { node, path, report }
    }

    fn refuse<T>(&self, expected: &dyn fmt::Display) -> Result<T, DeserializeError> {
        let found = found(self.node, self.report.is_secret(&self.path));
        Err(DeserializeError(format!("expected {expected}, found {found}")))
    }

    /// Shows no text: what stands in the place of a block may be a secret of the block's.
    fn refuse_kind<T>(&self, expected: &str, found: &Kind) -> Result<T, DeserializeError> {
        Err(DeserializeError(format!("expected {expected}, found {}", found.noun())))
    }

    fn scalar<T>(&self, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, DeserializeError> {
        let value = match &self.node.kind {
            Kind::Scalar { text, .. } => read(text),
            _ => None,
        };
        value.map_or_else(|| self.refuse(&expected), Ok)
    }

    fn signed(&self) -> Result<i64, DeserializeError> {
        self.scalar("a whole number", |text| scalar::integer(text)?.try_into().ok())
    }

    fn unsigned(&self) -> Result<u64, DeserializeError> {
        self.scalar("a whole number, not below 0", |text| scalar::integer(text)?.try_into().ok())
    }

    fn entries(&self) -> Result<&'a [(Key, Node)], DeserializeError> {
        match &self.node.kind {
            Kind::Mapping(entries) => Ok(entries),
            Kind::Null => Ok(&[]),
            other => self.refuse_kind("a mapping", other),
        }
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Sequence(_) => self.deserialize_seq(visitor),
            Kind::Mapping(_) => self.deserialize_map(visitor),
            Kind::Scalar { text, quoted: true } => visitor.visit_borrowed_str(text),
            Kind::Scalar { text, .. } => plain(text, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_bool(self.scalar("`true` or `false`", scalar::boolean)?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_f64(self.scalar("a number", scalar::float)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.node.kind {
            Kind::Scalar { text, .. } => visitor.visit_borrowed_str(text),
            Kind::Null => visitor.visit_borrowed_str(""),
            _ => self.refuse(&"a text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let items: &[Node] = match &self.node.kind {
            Kind::Sequence(items) => items,
            Kind::Null => &[],
            other => return self.refuse_kind("a list", other),
        };
        visitor.visit_seq(Items { items: items.iter().enumerate(), parent: self })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let entries = self.entries()?.iter().collect::<Vec<_>>().into_iter();
        visitor.visit_map(Entries { entries, value: None, parent: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let mut wanted = Vec::new();
        for entry in self.entries()? {
            if !fields.contains(&entry.0.text.as_str()) {
                self.report.add(unknown_key(&entry.0, &self.path, fields.iter().copied()));
            } else if !entry.1.is_null() {
                wanted.push(entry);
            }
        }
        visitor.visit_map(Entries { entries: wanted.into_iter(), value: None, parent: self })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let expected = variants.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        let known = |text: &str| variants.iter().copied().find(|word| *word == text);
        let word: StrDeserializer<'_, DeserializeError> = self.scalar(&expected, known)?.into_deserializer();
        visitor.visit_enum(word)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// A text without quotes where anything is welcome.
fn plain<'de, V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, DeserializeError> {
    if let "true" | "false" = text {
        return visitor.visit_bool(text == "true");
    }
    match (text.parse::<u64>(), text.parse::<i64>(), scalar::float(text)) {
        (Ok(number), ..) => visitor.visit_u64(number),
        (_, Ok(number), _) => visitor.visit_i64(number),
        (.., Some(number)) => visitor.visit_f64(number),
        _ => visitor.visit_borrowed_str(text),
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
    parent: Deserializer<'de>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DeserializeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let path = format!("{}[{index}]", self.parent.path);
        seed.deserialize(Deserializer::new(node, path, self.parent.report)).map(Some)
    }
}

struct Entries<'de> {
    entries: std::vec::IntoIter<&'de (Key, Node)>,
    value: Option<&'de (Key, Node)>,
    parent: Deserializer<'de>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        self.value = self.entries.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        seed.deserialize(de::value::BorrowedStrDeserializer::new(&key.text)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let (key, node) =
            self.value.take().ok_or_else(|| DeserializeError("expected a key first".to_owned()))?;
        let path = below(&self.parent.path, &shown(&key.text, 64));
        seed.deserialize(Deserializer::new(node, path, self.parent.report))
    }
}

impl de::Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DeserializeError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use serde::Deserialize;

    use crate::{Field, Report, parse};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Block {
        text: Option<String>,
        flag: bool,
        count: u32,
        share: f64,
        files: Vec<PathBuf>,
        more: BTreeMap<String, String>,
        word: Option<Word>,
        inner: Option<Box<Block>>,
        pair: Option<(u16, i64)>,
        ignored: Option<serde::de::IgnoredAny>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        One,
        Two,
    }

    #[track_caller]
    fn check(text: &str, expect: Result<Block, &str>, mistakes: &str) {
        let report = Report::new(|path| path.ends_with("count"));
        let root = parse(text, &report).unwrap();
        let field = Field::new(&root, "block".to_owned(), root.at, &report);
        let found = Block::deserialize(field.deserializer()).map_err(|error| error.to_string());
        assert_eq!(found, expect.map_err(str::to_owned), "{text}");
        assert_eq!(report.finish("f").to_string(), mistakes, "{text}");
    }

    #[test]
    fn what_is_wanted_decides() {
        check("{}", Ok(Block::default()), "");
        let all = "text: 12\nflag: yes\ncount: '7'\nshare: 1\nfiles: [a, 1]\nmore: {a: 1, b: true}\n\
                   word: two\ninner: {text: null, flag: off}\nignored: {a: [b]}\npair:\n";
        let expect = Block {
            text: Some("12".to_owned()),
            flag: true,
            count: 7,
            share: 1.0,
            files: vec!["a".into(), "1".into()],
            more: [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "true".to_owned())].into(),
            word: Some(Word::Two),
            inner: Some(Box::default()),
            pair: None,
            ignored: Some(serde::de::IgnoredAny),
        };
        check(all, Ok(expect), "");
    }

    #[test]
    fn what_does_not_fit_is_told_without_secrets() {
        check("flag: maybe", Err("expected `true` or `false`, found `maybe`"), "");
        check(
            "count: hunter2",
            Err("expected a whole number, not below 0, found another text, which is not shown"),
            "",
        );
        check("share: [1]", Err("expected a number, found a list"), "");
        check("files: a", Err("expected a list, found a text"), "");
        check("text: {a: b}", Err("expected a text, found a mapping"), "");
        check("word: three", Err("expected `one` or `two`, found `three`"), "");
    }

    #[test]
    fn unknown_keys_are_collected() {
        let expect = Block { inner: Some(Box::default()), ..Block::default() };
        let mistakes = "f:1:1: warning: block.txet: unknown key\n  hint: did you mean `text`?\n\
                        f:2:9: warning: block.inner.x: unknown key";
        check("txet: 1\ninner: {x: 1}", Ok(expect), mistakes);
    }

    #[test]
    fn anything_is_welcome() {
        let report = Report::new(|_| false);
        let root = parse("[1, -1, 1.5, true, yes, '1', ~, {a: b}]", &report).unwrap();
        let field = Field::new(&root, String::new(), root.at, &report);
        let found = serde_json::Value::deserialize(field.deserializer()).unwrap();
        assert_eq!(found, serde_json::json!([1, -1, 1.5, true, "yes", "1", null, {"a": "b"}]));
    }
}
