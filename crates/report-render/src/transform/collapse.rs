use profile_model::{FlameGraph, FlameKind, FlameSums, NodeId};

/// The tree with each run of functions that do nothing but call the next one as the last of them: wrappers and
/// middleware take a level for each of them otherwise. Sums stay as they are.
pub fn collapse(graph: &FlameGraph) -> FlameGraph {
    let sums = |id: NodeId| {
        let node = graph.node(id);
        FlameSums { cumulative: node.cumulative, flat: node.flat, diff: node.diff }
    };
    let mut collapsed = FlameGraph::new(sums(NodeId::ROOT));
    for labels in graph.groups() {
        collapsed.add_group(labels.clone());
    }
    // Where each node's children go: the node itself, or what is above its run.
    let mut below = vec![NodeId::ROOT; graph.nodes().len()];
    for (at, node) in graph.nodes().iter().enumerate().skip(1) {
        let id = NodeId::new(u32::try_from(at).expect("ids of nodes have 32 bits"));
        let parent = node.parent.map_or(NodeId::ROOT, |parent| below[parent.index()]);
        below[at] = match is_wrapper(graph, id) {
            true => parent,
            false => collapsed.append(parent, node.kind.clone(), sums(id)).unwrap_or(parent),
        };
    }
    collapsed
}

/// Whether a function only calls one other one and does nothing itself, nor did before.
fn is_wrapper(graph: &FlameGraph, id: NodeId) -> bool {
    let node = graph.node(id);
    let mut children = graph.children(id);
    let only = children.next().filter(|_| children.next().is_none());
    let passes_all = only.is_some_and(|child| {
        let child = graph.node(child);
        (child.cumulative, child.diff) == (node.cumulative, node.diff)
    });
    matches!(node.kind, FlameKind::Frame(_)) && node.flat == 0 && passes_all
}
