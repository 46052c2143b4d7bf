use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use super::{
    ArrowError,
    budget::Budget,
    column::{Integers, Nulls, Spans, Strings, paid_text},
};

/// A column of any depth: runs, dictionaries, structs and lists in each other, as agents nest them.
pub(super) enum Column<'a> {
    /// Nulls only, or of a type that nobody asks for.
    Nothing {
        kind: String,
        len: usize,
    },
    Integers(Integers<'a>),
    Strings(Strings<'a>),
    Views(Views<'a>),
    Struct {
        fields: Vec<(&'a str, Column<'a>)>,
        nulls: Nulls<'a>,
        len: usize,
    },
    List {
        rows: ListRows<'a>,
        items: Box<Column<'a>>,
        nulls: Nulls<'a>,
        len: usize,
    },
    Runs(Runs<'a>),
    Dictionary {
        keys: Integers<'a>,
        values: Rc<Column<'a>>,
    },
}

/// Where the items of each row are.
pub(super) enum ListRows<'a> {
    /// One row's after the other's.
    Spans(Spans<'a>),
    /// Anywhere, shared or not.
    Views { offsets: Integers<'a>, sizes: Integers<'a> },
}

/// Values with the rows at which each ends.
pub(super) struct Runs<'a> {
    ends: Integers<'a>,
    runs: usize,
    values: Box<Column<'a>>,
    len: usize,
    /// The run that was asked for last: most readers go from row to row.
    last: Cell<usize>,
}

/// Text of which short pieces stand in the rows themselves.
pub(super) struct Views<'a> {
    pub(super) heads: Cow<'a, [u8]>,
    pub(super) data: Vec<Cow<'a, [u8]>>,
    pub(super) nulls: Nulls<'a>,
    pub(super) len: usize,
}

/// Where the value of a row is, behind runs and dictionaries.
pub(super) type Place<'c, 'a> = Option<(&'c Column<'a>, usize)>;

impl<'a> Column<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nothing { len, .. } | Self::Struct { len, .. } | Self::List { len, .. } => *len,
            Self::Integers(integers) => integers.len(),
            Self::Strings(strings) => strings.len(),
            Self::Views(views) => views.len,
            Self::Runs(runs) => runs.len,
            Self::Dictionary { keys, .. } => keys.len(),
        }
    }

    /// A column of a struct, by its name.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct { fields, .. } => {
                fields.iter().find(|(known, _)| *known == name).map(|(_, column)| column)
            }
            _ => None,
        }
    }

    /// The column that holds the value of a row, and its place there; nothing where the row is null.
    pub(super) fn place(&self, row: usize) -> Result<Place<'_, 'a>, ArrowError> {
        let (mut column, mut row) = (self, row);
        loop {
            match column {
                Self::Runs(runs) => (column, row) = (&*runs.values, runs.run_of(row)?),
                Self::Dictionary { keys, values } => match keys.index(row, values.len())? {
                    Some(at) => (column, row) = (&**values, at),
                    None => return Ok(None),
                },
                other => return Ok((!other.is_null(row)).then_some((other, row))),
            }
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Nothing { .. } => true,
            Self::Struct { nulls, .. } | Self::List { nulls, .. } => nulls.is_null(row),
            Self::Views(views) => views.nulls.is_null(row),
            Self::Integers(integers) => integers.get(row).is_none(),
            Self::Strings(strings) => strings.bytes(row).is_none(),
            Self::Runs(_) | Self::Dictionary { .. } => false,
        }
    }

    /// A number, nothing where the row is null.
    pub(super) fn number(&self, row: usize) -> Result<Option<i64>, ArrowError> {
        match self.place(row)? {
            None => Ok(None),
            Some((Self::Integers(integers), at)) => Ok(integers.get(at)),
            Some((other, _)) => Err(other.wrong_type("integers")),
        }
    }

    /// The bytes of a text, nothing where the row is null.
    pub(super) fn bytes(&self, row: usize) -> Result<Option<&[u8]>, ArrowError> {
        match self.place(row)? {
            None => Ok(None),
            Some((Self::Strings(strings), at)) => Ok(strings.bytes(at)),
            Some((Self::Views(views), at)) => views.get(at).map(Some),
            Some((other, _)) => Err(other.wrong_type("text or bytes")),
        }
    }

    /// A text, its copy paid for; nothing where the row is null.
    pub(super) fn text(&self, row: usize, budget: &mut Budget) -> Result<Option<Cow<'_, str>>, ArrowError> {
        self.bytes(row)?.map(|bytes| paid_text(bytes, budget)).transpose()
    }

    /// The items of a row's list; nothing where the row is null.
    pub(super) fn list(&self, row: usize) -> Result<Option<(Range<usize>, &Self)>, ArrowError> {
        match self.place(row)? {
            None => Ok(None),
            Some((Self::List { rows, items, .. }, at)) => Ok(Some((rows.get(at, items.len())?, &**items))),
            Some((other, _)) => Err(other.wrong_type("a list")),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> ArrowError {
        let found = match self {
            Self::Nothing { kind, .. } => kind,
            Self::Integers(_) => "integers",
            Self::Strings(_) | Self::Views(_) => "text",
            Self::Struct { .. } => "a struct",
            Self::List { .. } => "a list",
            Self::Runs(_) => "runs",
            Self::Dictionary { .. } => "a dictionary",
        };
        ArrowError::Stream { expected, found: found.to_owned() }
    }
}

impl ListRows<'_> {
    fn get(&self, row: usize, items: usize) -> Result<Range<usize>, ArrowError> {
        match self {
            Self::Spans(spans) => Ok(spans.get(row)),
            Self::Views { offsets, sizes } => {
                let start = offsets.index(row, items + 1)?.unwrap_or(0);
                let size = sizes.index(row, items - start + 1)?.unwrap_or(0);
                Ok(start..start + size)
            }
        }
    }
}

impl<'a> Runs<'a> {
    /// Checks that the ends ascend and reach the last row.
    pub(super) fn new(ends: Integers<'a>, values: Column<'a>, len: usize) -> Result<Self, ArrowError> {
        let mut last = 0;
        for run in 0..ends.len() {
            let end = ends.index(run, usize::MAX)?.unwrap_or(0);
            if end <= last {
                return Err(ends.error(run, "ends of runs in ascending order", end));
            }
            last = end;
        }
        if last < len {
            return Err(ends.error(ends.len(), "runs that reach the last row", last));
        }
        if values.len() < ends.len() {
            return Err(ends.error(ends.len(), "a value for each run", values.len()));
        }
        Ok(Self { runs: ends.len(), ends, values: Box::new(values), len, last: Cell::new(0) })
    }

    fn run_of(&self, row: usize) -> Result<usize, ArrowError> {
        let last = self.last.get();
        let run = if self.has(last, row) {
            last
        } else if self.has(last + 1, row) {
            last + 1
        } else {
            self.search(row)?
        };
        self.last.set(run);
        Ok(run)
    }

    fn has(&self, run: usize, row: usize) -> bool {
        let begins = run.checked_sub(1).map_or(0, |before| self.end(before));
        run < self.runs && (begins..self.end(run)).contains(&row)
    }

    fn search(&self, row: usize) -> Result<usize, ArrowError> {
        let (mut low, mut high) = (0, self.runs);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.end(middle) <= row { low = middle + 1 } else { high = middle }
        }
        if low == self.runs { Err(self.ends.error(row, "a row that has a run", row)) } else { Ok(low) }
    }

    fn end(&self, run: usize) -> usize {
        self.ends.get(run).and_then(|end| usize::try_from(end).ok()).unwrap_or(0)
    }
}

impl Views<'_> {
    /// Sixteen bytes a row: a length, then up to twelve bytes of text or where the text is.
    fn get(&self, row: usize) -> Result<&[u8], ArrowError> {
        let outside =
            || ArrowError::Stream { expected: "a view of text inside its data", found: format!("row {row}") };
        let (start, number) = (row * 16, |at: usize| {
            let bytes = self.heads.get(at..)?.first_chunk::<4>()?;
            usize::try_from(i32::from_le_bytes(*bytes)).ok()
        });
        let len = number(start).ok_or_else(outside)?;
        if len <= 12 {
            return self.heads.get(start + 4..start + 4 + len).ok_or_else(outside);
        }
        let (buffer, offset) = number(start + 8).zip(number(start + 12)).ok_or_else(outside)?;
        self.data.get(buffer).and_then(|data| data.get(offset..offset + len)).ok_or_else(outside)
    }
}
