use std::fmt;

use parca_proto::metastore::{Function, Line, Location, Mapping};
use profile_model::FrameName;

/// A line of a function of a binary; what is not known is empty or zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Frame {
    /// The function's name as shown.
    pub function: String,
    /// The function's name as the linker knows it.
    pub system_name: String,
    /// The source file.
    pub filename: String,
    /// Where the function begins in the file.
    pub start_line: i64,
    /// The line.
    pub line: i64,
    /// The address; Parca gives it only where it has no names.
    pub address: u64,
    /// The binary's path.
    pub mapping_file: String,
    /// The binary's build id.
    pub build_id: String,
}

impl Frame {
    pub(super) fn of(
        location: Option<Location>,
        mapping: Option<Mapping>,
        function: Option<Function>,
        line: Option<Line>,
    ) -> Self {
        let (mapping, function) = (mapping.unwrap_or_default(), function.unwrap_or_default());
        Self {
            function: function.name,
            system_name: function.system_name,
            filename: function.filename,
            start_line: function.start_line,
            line: line.unwrap_or_default().line,
            address: location.map_or(0, |location| location.address),
            mapping_file: mapping.file,
            build_id: mapping.build_id,
        }
    }
}

/// The name to show, as [`FrameName`] has it.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [Some(self.function.as_str()), Some(self.system_name.as_str())];
        FrameName::from_parts(names, Some(&self.mapping_file), Some(self.address)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_show() {
        let check = |function: &str, system_name: &str, mapping_file: &str, expect: &str| {
            let (function, system_name) = (function.to_owned(), system_name.to_owned());
            let frame = Frame {
                function,
                system_name,
                mapping_file: mapping_file.to_owned(),
                address: 0x1f,
                ..Frame::default()
            };
            assert_eq!(frame.to_string(), expect);
        };
        check("f", "_f", "/bin/app", "f");
        check("", "_f", "/bin/app", "_f");
        check("", "", "/bin/app", "app+0x1f");
        check("", "", "", "unknown");
    }
}
