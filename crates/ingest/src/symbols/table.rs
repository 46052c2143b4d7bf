//! A table of symbols, in which an address has the name that perf gives it.

use std::cmp::Reverse;

use object::{Object, ObjectSection, ObjectSymbol, SectionIndex, SectionKind, SymbolKind};

/// Functions by address.
pub(super) struct SymbolTable {
    /// Sorted by start.
    functions: Vec<Function>,
}

struct Function {
    start: u64,
    end: u64,
    name: String,
}

/// A symbol as files have it.
pub(super) struct Symbol {
    pub(super) start: u64,
    /// 0 where the file does not say.
    pub(super) size: u64,
    pub(super) binding: Binding,
    pub(super) name: String,
}

/// Who may use a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Weak,
    Local,
    Global,
}

impl Symbol {
    /// None if it is no function of the file, nor a label in its code, as assembly has them: `_start`.
    fn of<'data>(symbol: &impl ObjectSymbol<'data>, code: &[SectionIndex]) -> Option<Self> {
        let is_label = || symbol.section_index().is_some_and(|section| code.contains(&section));
        let is_function = match symbol.kind() {
            SymbolKind::Text => symbol.is_definition(),
            SymbolKind::Unknown | SymbolKind::Label => is_label(),
            _ => false,
        };
        let is_function = is_function && symbol.address() > 0;
        let name = symbol.name().ok().filter(|name| is_function && !name.is_empty())?;
        let binding = match () {
            () if symbol.is_weak() => Binding::Weak,
            () if symbol.is_local() => Binding::Local,
            () => Binding::Global,
        };
        Some(Self { start: symbol.address(), size: symbol.size(), binding, name: name.to_owned() })
    }
}

/// How many functions that begin before an address are looked at for one that has not ended there.
const NESTED: usize = 8;

impl SymbolTable {
    pub(super) fn of<'data>(file: &object::File<'data, impl object::ReadRef<'data>>) -> Self {
        let code: Vec<SectionIndex> =
            file.sections().filter(|one| one.kind() == SectionKind::Text).map(|one| one.index()).collect();
        let all = file.symbols().chain(file.dynamic_symbols());
        Self::new(all.filter_map(|one| Symbol::of(&one, &code)).collect())
    }

    pub(super) fn new(mut symbols: Vec<Symbol>) -> Self {
        symbols.sort_by_key(|symbol| symbol.start);
        // What has no size ends where the next one begins: of several without, only the last has a size then, as in
        // perf.
        let nexts: Vec<u64> = symbols.iter().skip(1).map(|symbol| symbol.start).chain([u64::MAX]).collect();
        for (symbol, next) in symbols.iter_mut().zip(nexts).filter(|(symbol, _)| symbol.size == 0) {
            symbol.size = next - symbol.start;
        }
        symbols.sort_by(|a, b| a.start.cmp(&b.start).then_with(|| preference(b).cmp(&preference(a))));
        symbols.dedup_by_key(|symbol| symbol.start);
        let function = |symbol: Symbol| {
            let Symbol { start, size, name, .. } = symbol;
            Function { start, end: start.saturating_add(size), name }
        };
        Self { functions: symbols.into_iter().map(function).collect() }
    }

    pub(super) fn find(&self, address: u64) -> Option<&str> {
        let behind = self.functions.partition_point(|function| function.start <= address);
        let before = self.functions[..behind].iter().rev().take(NESTED);
        before.into_iter().find(|function| address < function.end).map(|function| function.name.as_str())
    }
}

/// Of several symbols of one address, perf shows that which has a size, is not weak, is global, has the
/// fewest underscores in front, and is the longest, in this order.
fn preference(symbol: &Symbol) -> (bool, Binding, Reverse<usize>, usize, Reverse<&str>) {
    let name = symbol.name.as_str();
    let underscores = name.len() - name.trim_start_matches('_').len();
    (symbol.size > 0, symbol.binding, Reverse(underscores), name.len(), Reverse(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(symbols: &[(u64, u64, Binding, &str)]) -> SymbolTable {
        let symbol = |(start, size, binding, name): &(u64, u64, Binding, &str)| Symbol {
            start: *start,
            size: *size,
            binding: *binding,
            name: (*name).to_owned(),
        };
        SymbolTable::new(symbols.iter().map(symbol).collect())
    }

    #[test]
    fn of_several_names_of_an_address_the_one_that_perf_shows_is_taken() {
        use Binding::{Global, Local, Weak};
        // As Debian's libc has them, and what perf 6.1 shows of it.
        let check = |names: &[(Binding, &str)], expect: &str| {
            let symbols: Vec<_> = names.iter().map(|(binding, name)| (16, 8, *binding, *name)).collect();
            assert_eq!(table(&symbols).find(20), Some(expect));
        };
        check(&[(Local, "__GI__IO_setb"), (Global, "_IO_setb")], "_IO_setb");
        check(
            &[(Local, "__memcpy_avx_unaligned"), (Local, "__memmove_avx_unaligned")],
            "__memmove_avx_unaligned",
        );
        check(&[(Weak, "getppid"), (Global, "__getppid"), (Local, "__GI_getppid")], "__getppid");
        check(&[(Weak, "snprintf"), (Global, "__snprintf")], "__snprintf");
        // The kernel's table has no sizes.
        let sizeless =
            [(16, 0, Local, "__do_sys_x"), (16, 0, Global, "__ia32_sys_x"), (16, 0, Global, "__x64_sys_x")];
        assert_eq!(table(&sizeless).find(20), Some("__x64_sys_x"));
    }

    #[test]
    fn an_address_behind_a_function_is_in_none() {
        let table = table(&[
            (0x10, 0x100, Binding::Global, "outer"),
            (0x20, 0x10, Binding::Local, "within"),
            (0x200, 0, Binding::Global, "sizeless"),
            (0x300, 4, Binding::Global, "last"),
        ]);
        let check = |address, expect: Option<&str>| assert_eq!(table.find(address), expect, "{address:x}");
        check(0xf, None);
        check(0x10, Some("outer"));
        check(0x2f, Some("within"));
        check(0x30, Some("outer"));
        check(0x110, None);
        check(0x2ff, Some("sizeless"));
        check(0x304, None);
    }
}
