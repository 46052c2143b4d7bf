//! Columns in a given width: the least important are left out, and no line is longer.

/// One column.
pub(super) struct Column {
    title: &'static str,
    /// Columns of lower rank are left out first; the highest stays.
    rank: u8,
    is_number: bool,
    /// Whether a cell may be shortened.
    is_free: bool,
    cells: Vec<String>,
}

const SEPARATOR: &str = "  ";
/// A shortened cell says nothing in less.
const SHORTEST: usize = 6;

impl Column {
    /// What the rows are of; never left out.
    pub(super) fn names(title: &'static str, cells: impl Iterator<Item = String>) -> Self {
        Self { title, rank: u8::MAX, is_number: false, is_free: false, cells: cells.collect() }
    }

    /// Numbers stand at the right, and are not shortened.
    pub(super) fn numbers(title: &'static str, rank: u8, cells: impl Iterator<Item = String>) -> Self {
        Self { title, rank, is_number: true, is_free: false, cells: cells.collect() }
    }

    /// Text, which may be shortened where it is the last column.
    pub(super) fn text(title: &'static str, rank: u8, cells: impl Iterator<Item = String>) -> Self {
        Self { title, rank, is_number: false, is_free: true, cells: cells.collect() }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| words::columns(cell));
        cells.chain([self.title.len()]).max().unwrap_or_default()
    }

    fn cell(&self, row: Option<usize>) -> &str {
        row.map_or(self.title, |row| &self.cells[row])
    }
}

/// A line for the titles and one for each row, each in at most `width` columns.
pub(super) fn fitted(columns: &[Column], width: usize) -> Vec<String> {
    let mut kept: Vec<&Column> = columns.iter().collect();
    while needed(&kept) > width && kept.len() > 1 {
        let least = (0..kept.len()).min_by_key(|at| kept[*at].rank).unwrap_or_default();
        kept.remove(least);
    }
    let rows = columns.first().map_or(0, |column| column.cells.len());
    std::iter::once(None).chain((0..rows).map(Some)).map(|row| line(&kept, row, width)).collect()
}

/// What the columns take at least: a last one of text may be shortened.
fn needed(columns: &[&Column]) -> usize {
    let widths = columns.iter().enumerate().map(|(at, column)| match column.is_free {
        true if at + 1 == columns.len() => column.width().min(SHORTEST.max(column.title.len())),
        _ => column.width(),
    });
    widths.sum::<usize>() + SEPARATOR.len() * columns.len().saturating_sub(1)
}

fn line(columns: &[&Column], row: Option<usize>, width: usize) -> String {
    let mut line = String::new();
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            line.push_str(SEPARATOR);
        }
        let left = width.saturating_sub(words::columns(&line));
        let cell = cut(column.cell(row), left);
        let blank = " ".repeat(column.width().min(left).saturating_sub(words::columns(&cell)));
        match column.is_number {
            true => line.extend([&*blank, &*cell]),
            false => line.extend([&*cell, &*blank]),
        }
    }
    line.trim_end().to_owned()
}

/// The beginning of a text, as much as fits.
fn cut(text: &str, width: usize) -> String {
    if words::columns(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        if words::columns(&cut) + 2 > width {
            break;
        }
        cut.push(c);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: usize) -> Vec<String> {
        let columns = [
            Column::names("lane", ["query-merge".to_owned()].into_iter()),
            Column::numbers("calls", 8, ["12".to_owned()].into_iter()),
            Column::numbers("received", 2, ["6.2MiB".to_owned()].into_iter()),
            Column::text("errors", 5, ["6 deadline_exceeded, 4 unavailable".to_owned()].into_iter()),
        ];
        fitted(&columns, width)
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        for width in 1..100 {
            let lines = table(width);
            assert!(lines.iter().all(|line| words::columns(line) <= width), "{width}: {lines:#?}");
        }
    }

    #[test]
    fn the_least_important_columns_go_first() {
        assert_eq!(
            table(80),
            [
                "lane         calls  received  errors",
                "query-merge     12    6.2MiB  6 deadline_exceeded, 4 unavailable"
            ]
        );
        assert_eq!(table(30), ["lane         calls  errors", "query-merge     12  6 deadlin…"]);
        assert_eq!(table(20), ["lane         calls", "query-merge     12"]);
        assert_eq!(table(12)[1], "query-merge");
        assert_eq!(table(8)[1], "query-m…");
    }
}
