macro_rules! table_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// Means something only together with the [`Symbols`](crate::Symbols) it came from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id of the entry at this position, for columns that keep ids as plain numbers.
            pub const fn new(position: u32) -> Self {
                Self(position)
            }

            /// The position as a plain number.
            pub const fn get(self) -> u32 {
                self.0
            }

            /// The position as an index.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of an entry that is about to be put at this index.
            pub(crate) fn at(index: usize) -> Self {
                Self(u32::try_from(index).expect("a symbol table has fewer than 2^32 entries"))
            }
        }
    )*};
}

table_ids! {
    /// A string of a symbol table; [`StringId::EMPTY`] is the empty one.
    StringId
    /// A function of a symbol table.
    FunctionId
    /// A mapped binary of a symbol table.
    MappingId
    /// A code location of a symbol table.
    LocationId
    /// A call stack of a symbol table; [`StackId::EMPTY`] is the one without frames.
    StackId
}

impl StringId {
    /// The empty string, which every symbol table has.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty string.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl StackId {
    /// The stack without frames, which every symbol table has.
    pub const EMPTY: Self = Self(0);
}
