/// Why bytes or numbers are no tree. Levels and bars count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A level that ends within a bar.
    #[error("level {level}: expected {width} numbers for each bar, found {found} in all")]
    Width {
        /// The level.
        level: usize,
        /// How many numbers a bar has.
        width: usize,
        /// How many numbers the level has.
        found: usize,
    },
    /// The first level is not the one bar for all.
    #[error("level 0: expected one bar, found {found}")]
    Root {
        /// How many bars it has.
        found: usize,
    },
    /// A value or a distance below zero.
    #[error("level {level}, bar {bar}: expected no number below zero, found {found}")]
    Negative {
        /// The level.
        level: usize,
        /// The bar.
        bar: usize,
        /// The number.
        found: i64,
    },
    /// A name that is not in the table.
    #[error("level {level}, bar {bar}: expected the index of one of {names} names, found {found}")]
    Name {
        /// The level.
        level: usize,
        /// The bar.
        bar: usize,
        /// How many names there are.
        names: usize,
        /// The index.
        found: i64,
    },
    /// A bar that does not lie below one of the level above.
    #[error("level {level}, bar {bar}: expected a bar above it that is as wide, found none")]
    Parent {
        /// The level.
        level: usize,
        /// The bar.
        bar: usize,
    },
    /// Numbers that do not fit into 64 bits.
    #[error("level {level}, bar {bar}: expected an end below 2^63, found a greater one")]
    Overflow {
        /// The level.
        level: usize,
        /// The bar.
        bar: usize,
    },
    /// A stream that ends within a node or before one that was announced.
    #[error("node {node}: expected a name, a value and a number of children, found the end of the bytes")]
    End {
        /// The node, in the order of the stream.
        node: usize,
    },
    /// A number that does not fit into 64 bits (into 63, if it is a value).
    #[error("node {node}: expected a number below 2^63, found a greater one")]
    Number {
        /// The node, in the order of the stream.
        node: usize,
    },
    /// A first node that is no mere root.
    #[error("node 0: expected a root without name and value, found `{name}` of {value}")]
    StreamRoot {
        /// The node's name.
        name: String,
        /// The node's value.
        value: i64,
    },
    /// Values whose sum does not fit into 63 bits.
    #[error("expected a sum below 2^63, found a greater one")]
    Sum,
    /// Bytes after the last node.
    #[error("expected the end of the bytes after {nodes} nodes, found {bytes} more")]
    Trailing {
        /// How many nodes there were.
        nodes: usize,
        /// How many bytes came after them.
        bytes: usize,
    },
    /// A tree so deep and wide that its stacks would fill the memory.
    #[error("expected stacks of at most {most} calls in all, found more")]
    Stacks {
        /// The limit.
        most: usize,
    },
}
