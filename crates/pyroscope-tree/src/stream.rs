use crate::grow::Children;
use crate::{Draft, Sums, Tree, TreeError};

impl Tree {
    /// Reads the format `TREE`: nodes depth first, each a name with its length before it, its flat value
    /// and how many children follow, in LEB128. The first is a root without a name. Fewer than two
    /// bytes are an empty tree; names that are not UTF-8 are repaired.
    ///
    /// # Errors
    /// If the bytes end too early or too late, and for numbers that do not fit.
    pub fn from_stream(bytes: &[u8]) -> Result<Self, TreeError> {
        let mut draft = Draft::default();
        if bytes.len() < 2 {
            return Ok(draft.finish([0]));
        }
        let mut reader = Reader { bytes, node: 0 };
        let root = reader.node()?;
        if !root.name.is_empty() || root.value != 0 {
            let name = String::from_utf8_lossy(root.name).into_owned();
            return Err(TreeError::StreamRoot { name, value: root.value });
        }
        // A parent, and how many of its children are still to come.
        let mut waiting = vec![(None, root.children)];
        while let Some((parent, children)) = waiting.pop() {
            let Some(later) = children.checked_sub(1) else { continue };
            waiting.push((parent, later));
            let node = reader.node()?;
            let name = draft.names.id(&String::from_utf8_lossy(node.name));
            let at = draft.push(parent, name, [Sums { flat: node.value, cumulative: node.value }]);
            waiting.push((Some(at), node.children));
        }
        match reader.bytes.len() {
            0 => {
                let total = add_up(&mut draft)?;
                Ok(draft.finish([total]))
            }
            bytes => Err(TreeError::Trailing { nodes: reader.node, bytes }),
        }
    }

    /// Writes what [`from_stream`](Self::from_stream) reads, the last sibling first as the server does.
    /// Cumulative values are not in that form. Siblings of one name, which no server has, change places.
    pub fn to_stream(&self) -> Vec<u8> {
        let below = Children::of_sorted(&self.nodes);
        let mut out = Vec::new();
        let mut waiting = below.of_node(None).to_vec();
        write_node(&mut out, "", 0, waiting.len());
        while let Some(at) = waiting.pop() {
            let node = &self.nodes[at];
            let children = below.of_node(Some(at));
            write_node(&mut out, self.name(node), node.sums[0].flat, children.len());
            waiting.extend(children);
        }
        out
    }
}

/// Adds flat values to all above them; the sum of all is given back.
fn add_up(draft: &mut Draft<1>) -> Result<i64, TreeError> {
    let mut total = 0_i64;
    for at in (0..draft.nodes.len()).rev() {
        let cumulative = draft.nodes[at].sums[0].cumulative;
        let above = match draft.nodes[at].parent {
            Some(parent) => &mut draft.nodes[parent].sums[0].cumulative,
            None => &mut total,
        };
        *above = above.checked_add(cumulative).ok_or(TreeError::Sum)?;
    }
    Ok(total)
}

struct Node<'a> {
    name: &'a [u8],
    value: i64,
    children: u64,
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// How many nodes were read.
    node: usize,
}

impl<'a> Reader<'a> {
    fn node(&mut self) -> Result<Node<'a>, TreeError> {
        let (end, wide) = (TreeError::End { node: self.node }, TreeError::Number { node: self.node });
        let length = usize::try_from(self.number()?).map_err(|_| wide.clone())?;
        let (name, rest) = self.bytes.split_at_checked(length).ok_or(end)?;
        self.bytes = rest;
        let value = i64::try_from(self.number()?).map_err(|_| wide)?;
        let children = self.number()?;
        self.node += 1;
        Ok(Node { name, value, children })
    }

    fn number(&mut self) -> Result<u64, TreeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or(TreeError::End { node: self.node })?;
            self.bytes = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(TreeError::Number { node: self.node })
    }
}

fn write_node(out: &mut Vec<u8>, name: &str, value: i64, children: usize) {
    write_number(out, name.len() as u64);
    out.extend_from_slice(name.as_bytes());
    write_number(out, value.max(0) as u64);
    write_number(out, children as u64);
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
