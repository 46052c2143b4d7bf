//! Memory maps at the end of a profile: `/proc/self/maps`, or shorter forms of other tools.

use profile_model::{Mapping, MappingFlags, MappingId, Symbols};

/// A mapped file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Map {
    pub(super) start: u64,
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) file: String,
    pub(super) build_id: String,
}

/// Whether a line starts the maps.
pub(super) fn is_start(line: &str) -> bool {
    line.contains("--- Memory map: ---") || line.contains("MAPPED_LIBRARIES:")
}

/// The maps that follow the line which starts them, if there is one.
pub(super) fn after_start<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Map> {
    read(lines.skip_while(|line| !is_start(line)).skip(1))
}

/// Executable maps; what is none is passed over, but `name=value` replaces `$name` in later lines.
pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Map> {
    let mut found = Vec::new();
    let mut attributes: Vec<(String, String)> = Vec::new();
    for line in lines {
        let line = replaced(without_log_prefix(line), &attributes);
        match entry(&line) {
            Some(Some(map)) => found.push(map),
            Some(None) => {}
            None => {
                if let Some((name, value)) = line.split_once('=') {
                    attributes.push((format!("${}", name.trim()), value.trim().to_owned()));
                }
            }
        }
    }
    found
}

fn replaced(line: &str, attributes: &[(String, String)]) -> String {
    let start = line.to_owned();
    match line.contains('$') {
        true => attributes.iter().fold(start, |line, (name, value)| line.replace(name, value)),
        false => start,
    }
}

/// glog writes `file:line] ` before each line.
fn without_log_prefix(line: &str) -> &str {
    let Some((prefix, rest)) = line.split_once(']') else { return line };
    let has_line = prefix.rsplit_once(':').is_some_and(|(file, number)| {
        !file.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_log = has_line && !prefix.contains('[');
    let message = is_log.then(|| rest.strip_prefix(char::is_whitespace)).flatten();
    message.unwrap_or(line)
}

/// `Some(None)` for a map that is not executable, `None` for what is no map.
fn entry(line: &str) -> Option<Option<Map>> {
    let (start, rest) = hex(line.trim_start())?;
    let rest = rest.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let (limit, rest) = hex(rest)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let mut words = rest.split_whitespace().peekable();
    let is_permission = |word: &&str| word.bytes().all(|byte| b"-rwxp".contains(&byte));
    let permission = words.next_if(is_permission);
    let mut map = Map { start, limit, ..Map::default() };
    let words: Vec<&str> = words.collect();
    match kernel_words(&words) {
        Some((offset, file)) => (map.offset, map.file) = (offset, file.to_owned()),
        None => brief_words(&mut map, &words),
    }
    Some(permission.is_none_or(|word| word.contains('x')).then_some(map))
}

/// `offset device inode [file]`, as the kernel writes them.
fn kernel_words<'a>(words: &[&'a str]) -> Option<(u64, &'a str)> {
    let (offset, device, inode) = (words.first()?, words.get(1)?, words.get(2)?);
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_device = device.split_once(':').is_some_and(|(major, minor)| is_hex(major) && is_hex(minor));
    let is_inode = inode.bytes().all(|byte| byte.is_ascii_digit());
    let offset = u64::from_str_radix(offset, 16).ok()?;
    (is_device && is_inode).then(|| (offset, words.get(3).copied().unwrap_or_default()))
}

/// `[file] [(@offset)] [build id]`.
fn brief_words(map: &mut Map, words: &[&str]) {
    let mut words = words.iter().peekable();
    let offset_of = |word: &str| u64::from_str_radix(word.strip_prefix("(@")?.strip_suffix(')')?, 16).ok();
    if let Some(file) = words.next_if(|word| offset_of(word).is_none()) {
        map.file = (*file).to_owned();
    }
    if let Some(offset) = words.peek().and_then(|word| offset_of(word)) {
        map.offset = offset;
        words.next();
    }
    let is_id = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    map.build_id = words.next().filter(is_id).map_or_else(String::new, |word| (*word).to_owned());
}

fn hex(text: &str) -> Option<(u64, &str)> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    Some((u64::from_str_radix(&text[..digits], 16).ok()?, &text[digits..]))
}

/// Joins maps that were split, and puts the program before its libraries.
pub(super) fn tidy(maps: &mut Vec<Map>) {
    maps.dedup_by(|next, last| {
        let joined = is_continued(last, next);
        if joined {
            last.limit = next.limit;
            last.file = pick(&next.file, &last.file);
            last.build_id = pick(&next.build_id, &last.build_id);
        }
        joined
    });
    if let Some(main) = maps.iter().position(|map| is_program(&map.file)) {
        maps.swap(0, main);
    }
    let is_huge_page = matches!(&maps[..], [first, second, ..]
        if first.file.starts_with("/anon_hugepage") && first.limit == second.start);
    if is_huge_page {
        maps.remove(0);
    }
    // Where a program is linked to when it is not relocatable.
    const USUAL_START: u64 = 0x40_0000;
    if let Some(first) = maps.first_mut().filter(|map| map.start.wrapping_sub(map.offset) == USUAL_START) {
        (first.start, first.offset) = (USUAL_START, 0);
    }
}

fn pick(new: &str, old: &str) -> String {
    if new.is_empty() { old.to_owned() } else { new.to_owned() }
}

fn is_continued(last: &Map, next: &Map) -> bool {
    let differs = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let expected = last.offset.wrapping_add(last.limit.wrapping_sub(last.start));
    !differs(&last.file, &next.file)
        && !differs(&last.build_id, &next.build_id)
        && last.limit == next.start
        && (last.offset == 0 || next.offset == 0 || expected == next.offset)
}

fn is_program(file: &str) -> bool {
    let file = file.replace("(deleted)", "");
    let file = file.trim();
    let is_versioned = [".so.", ".so_"].iter().any(|part| {
        file.match_indices(part)
            .any(|(at, part)| file[at + part.len()..].starts_with(|c: char| c.is_ascii_digit()))
    });
    !file.is_empty() && !file.starts_with('[') && !file.ends_with(".so") && !is_versioned
}

/// The map that each address lies in. Where none does, one for everything is added, as the older
/// formats of Go have no maps at all.
pub(super) fn place(maps: &mut Vec<Map>, addresses: &[u64], wanted: bool) -> Vec<Option<usize>> {
    let mut everything = None;
    let mut place = |address: u64| -> Option<usize> {
        if !wanted || address == 0 {
            return None;
        }
        if let Some(at) = maps.iter().position(|map| map.start <= address && address < map.limit) {
            return Some(at);
        }
        let before = |map: &Map| {
            map.offset != 0 && map.start.wrapping_sub(map.offset) <= address && address < map.start
        };
        if let Some(at) = maps.iter().position(before) {
            maps[at].start = maps[at].start.wrapping_sub(maps[at].offset);
            maps[at].offset = 0;
            return Some(at);
        }
        Some(*everything.get_or_insert_with(|| {
            maps.push(Map { limit: u64::MAX, ..Map::default() });
            maps.len() - 1
        }))
    };
    addresses.iter().map(|address| place(*address)).collect()
}

impl Map {
    pub(super) fn intern(&self, symbols: &mut Symbols) -> MappingId {
        let file = symbols.intern_string(&self.file);
        let build_id = symbols.intern_string(&self.build_id);
        let Map { start, limit, offset, .. } = *self;
        let flags = MappingFlags::default();
        symbols.intern_mapping(Mapping { start, limit, offset, file, build_id, flags })
    }
}
