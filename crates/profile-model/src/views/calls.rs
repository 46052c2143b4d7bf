/// Which calls of a location are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calls {
    /// Inlined ones and the one they are inlined into.
    #[default]
    All,
    /// Only the innermost.
    Innermost,
}
