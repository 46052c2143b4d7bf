use super::{FunctionId, MappingId, StringId};

/// A function, as the compiler or runtime knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// The name people read.
    pub name: StringId,
    /// The name the linker knows, often mangled.
    pub system_name: StringId,
    /// The source file.
    pub filename: StringId,
    /// The line the function starts at, 0 if unknown.
    pub start_line: i64,
}

impl Function {
    /// The name that people read, else the one the linker knows; nothing where both are empty.
    pub fn shown_name(&self) -> Option<StringId> {
        [self.name, self.system_name].into_iter().find(|name| !name.is_empty())
    }
}

/// A binary mapped into the profiled process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// The first address of the mapping.
    pub start: u64,
    /// The first address after the mapping.
    pub limit: u64,
    /// The offset in the file that is mapped at `start`.
    pub offset: u64,
    /// The full path of the file, or a name like `[vdso]`.
    pub file: StringId,
    /// What identifies this build of the file.
    pub build_id: StringId,
    /// How far the locations of the mapping are symbolised.
    pub flags: MappingFlags,
}

/// How far the locations of a mapping are symbolised, as the writer of the profile claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MappingFlags {
    /// Functions are known.
    pub has_functions: bool,
    /// Source files are known.
    pub has_filenames: bool,
    /// Line numbers are known.
    pub has_line_numbers: bool,
    /// Inlined calls are known.
    pub has_inline_frames: bool,
}

/// A line of source code in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The function, if it is known.
    pub function: Option<FunctionId>,
    /// The line in the function's file, 0 if unknown.
    pub line: i64,
    /// The column in that line, 0 if unknown.
    pub column: i64,
}

/// A place in the code: an instruction with the source lines it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location<'a> {
    /// The binary the address lies in, if it is known.
    pub mapping: Option<MappingId>,
    /// The address of the instruction, 0 if unknown.
    pub address: u64,
    /// Whether several addresses were folded into this one.
    pub is_folded: bool,
    /// Innermost inlined call first, the function that was really called last; empty where the
    /// address was not symbolised.
    pub lines: &'a [Line],
}
