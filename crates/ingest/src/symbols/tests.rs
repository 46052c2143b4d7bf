use profile_model::{Location, Mapping, MappingFlags, Sample, ValueType};

use super::*;

#[test]
fn maps_of_jits_are_read_and_later_code_counts() {
    let map = PerfMap::parse("1000 10 old\n2000 8 JS:~fn node:internal/x:432:46\nbroken\n1000 20 new one\n");
    let name = |address| map.names(address).first().map(|line| line.name.clone()).unwrap_or_default();
    assert_eq!(
        (name(0x1005), name(0x101f), name(0x1020)),
        ("new one".into(), "new one".into(), String::new())
    );
    assert_eq!((name(0x2007), name(0xfff)), ("JS:~fn node:internal/x:432:46".into(), String::new()));
}

/// The test's own binary has its debug information or symbols, and a build id or none.
#[test]
fn a_binary_gives_names_only_if_it_is_the_recorded_one() {
    let path = std::env::current_exe().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    use object::{Object, ObjectSegment, ObjectSymbol};
    let symbol = file.symbols().find(|symbol| symbol.name().is_ok_and(|name| name == "main")).unwrap();
    let segment = file
        .segments()
        .find(|segment| symbol.address().wrapping_sub(segment.address()) < segment.file_range().1);
    let segment = segment.unwrap();
    let offset = symbol.address() - segment.address() + segment.file_range().0;
    let start = 0x7f00_0000_0000;
    let symbolised = |build_id: &str| {
        let mut profile = Profile::new(vec![ValueType::new("samples", "count")]);
        let symbols = &mut profile.symbols;
        let (file, build_id) =
            (symbols.intern_string(path.to_str().unwrap()), symbols.intern_string(build_id));
        let flags = MappingFlags::default();
        let mapping = Mapping { start, limit: start + (1 << 32), offset: 0, file, build_id, flags };
        let mapping = Some(symbols.intern_mapping(mapping));
        let location = Location { mapping, address: start + offset + 1, is_folded: false, lines: &[] };
        let location = symbols.intern_location(location);
        let stack = symbols.intern_stack(&[location]);
        profile.samples.push(Sample { stack, values: &[1], labels: &[] });
        let (named, unnamed) = symbolise(&profile, &SymbolOptions::default());
        let location = named.symbols.location(named.symbols.stack(named.samples.stacks()[0])[0]);
        let name = location
            .lines
            .last()
            .map(|line| named.symbols.string(named.symbols.function(line.function.unwrap()).name).to_owned());
        (name, unnamed.into_values().next())
    };
    assert_eq!(symbolised(""), (Some("main".to_owned()), None));
    let (name, reason) = symbolised("0123456789abcdef0123456789abcdef01234567");
    assert_eq!(name, None);
    assert!(reason.unwrap().starts_with("it was replaced: expected the build id 0123"));
}
