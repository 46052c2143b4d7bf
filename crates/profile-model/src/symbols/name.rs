use std::fmt;

use super::{Frame, Symbols};

/// How a frame is called in front of people.
///
/// The function's name, else the name the linker knows, else the binary and the address in it
/// (`libc.so.6+0x1f`), else `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameName<'a> {
    /// A function that has a name.
    Function(&'a str),
    /// An address that has none.
    Address {
        /// The last part of the binary's path.
        file: &'a str,
        /// The address, as the profile has it.
        address: u64,
    },
    /// Nothing to go by.
    Unknown,
}

impl Symbols {
    /// How a frame is called.
    pub fn frame_name(&self, frame: &Frame<'_>) -> FrameName<'_> {
        let function = self.frame_function(frame);
        let names = [function.map(|function| function.name), function.map(|function| function.system_name)];
        FrameName::from_parts(
            names.map(|name| name.map(|name| self.string(name))),
            self.frame_mapping(frame).map(|mapping| self.string(mapping.file)),
            Some(self.location(frame.location).address),
        )
    }
}

impl<'a> FrameName<'a> {
    /// How something is called by the first name that is not empty, else the file and the address,
    /// as far as they are known.
    pub fn from_parts(names: [Option<&'a str>; 2], file: Option<&'a str>, address: Option<u64>) -> Self {
        if let Some(name) = names.into_iter().flatten().find(|name| !name.is_empty()) {
            return Self::Function(name);
        }
        match (file.map_or("", basename), address) {
            ("", _) | (_, None) => Self::Unknown,
            (file, Some(address)) => Self::Address { file, address },
        }
    }
}

impl fmt::Display for FrameName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => f.write_str(name),
            Self::Address { file, address } => write!(f, "{file}+{address:#x}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
