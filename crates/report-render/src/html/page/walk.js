// Ways through a tree that is laid out: from node to node, and from a node to its address and back.

// The way from the root to a node, as the position of each among its siblings: the same for the same answer.
export function pathOf(tree, id) {
  const steps = [];
  for (let at = id; tree.parent[at] >= 0; at = tree.parent[at]) {
    let number = 0;
    for (let sibling = tree.parent[at] + 1; sibling < at; sibling = tree.end[sibling]) number++;
    steps.push(number);
  }
  return steps.reverse().join('.');
}

// The node at the end of such a way, or the last one on it that is there.
export function nodeAt(tree, path) {
  let id = 0;
  for (const step of path === '' ? [] : path.split('.').map(Number)) {
    let child = id + 1;
    for (let number = 0; number < step && child < tree.end[id]; number++) child = tree.end[child];
    if (!(child < tree.end[id])) return id;
    id = child;
  }
  return id;
}

// The node one level down, or -1: the widest one where there are several. Callers of a function in the middle have levels
// below 0.
export function down(tree, id) { return tree.depth[id] < 0 ? tree.parent[id] : widest(tree, id, 1); }

// The same one level up.
export function up(tree, id) {
  const depth = tree.depth[id];
  return depth < 0 || depth === 0 && tree.above > 0 ? widest(tree, id, -1) : tree.parent[id];
}

function widest(tree, id, side) {
  let best = -1;
  for (let child = id + 1; child < tree.end[id]; child = tree.end[child]) {
    if (tree.depth[child] === tree.depth[id] + side && (best < 0 || tree.width[child] > tree.width[best])) best = child;
  }
  return best;
}

// The siblings before and behind a node, -1 where there is none.
export function beside(tree, id) {
  const parent = tree.parent[id];
  if (parent < 0) return [-1, -1];
  let before = -1, isPassed = false;
  for (let sibling = parent + 1; sibling < tree.end[parent]; sibling = tree.end[sibling]) {
    if (tree.depth[sibling] !== tree.depth[id]) continue;
    if (isPassed) return [before, sibling];
    if (sibling === id) isPassed = true; else before = sibling;
  }
  return [before, -1];
}
