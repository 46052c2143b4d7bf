// A tree of calls that grows level by level. Children of a node stand side by side, so nothing need be looked up by a
// hash: a stamp for each key says whether the node at work has a child with that key. No page in here.

const INTS = ['parent', 'key', 'frame', 'side', 'skipped', 'head', 'tail', 'first', 'last', 'size', 'place', 'list', 'spare'];
// What makes the shape of a tree, whatever its values are.
const SHAPE = ['parent', 'key', 'frame', 'side', 'first', 'last'];
const FLOATS = ['own', 'ownBefore', 'sum', 'value', 'before', 'width', 'rank'];

// The arrays are used again for each tree, and are larger than the tree: only what is before `count` is of it. The children
// of a node are from `first` to before `last`; `head` to `tail` is a list of what is to be done at it.
export class Grown {
  constructor() {
    this.count = 0;
    this.room = 0;
    this.seen = new Int32Array(0);
    this.child = new Int32Array(0);
    this.widen(1024);
  }

  widen(room) {
    for (const [kind, names] of [[Int32Array, INTS], [Float64Array, FLOATS]]) {
      for (const name of names) {
        const wider = new kind(room);
        if (this[name]) wider.set(this[name].subarray(0, this.count));
        this[name] = wider;
      }
    }
    this.room = room;
  }

  // A root alone, for frames of so many keys and at first so many nodes.
  begin(keys, nodes) {
    this.count = 0;
    this.reserve(nodes + 1);
    if (this.seen.length < keys) {
      this.seen = new Int32Array(keys);
      this.child = new Int32Array(keys);
    }
    this.forget();
    this.add(-1, -1, -1, 1);
  }

  forget() { this.seen.fill(-1); }

  // The tree without its values, to be taken again.
  shape() {
    return { count: this.count, columns: SHAPE.map((name) => this[name].slice(0, this.count)) };
  }

  take({ count, columns }) {
    this.count = 0;
    this.reserve(count);
    SHAPE.forEach((name, at) => this[name].set(columns[at]));
    this.count = count;
  }

  // Room for so many nodes more.
  reserve(nodes) {
    if (this.count + nodes > this.room) this.widen(Math.max(this.count + nodes, this.room * 2));
  }

  // Where there is room. What is at it, what is below it and how much it skips are set by whoever grows it on.
  add(parent, key, frame, side) {
    const id = this.count++;
    this.parent[id] = parent;
    this.key[id] = key;
    this.frame[id] = frame;
    this.side[id] = side;
    this.head[id] = this.tail[id] = -1;
    this.sum[id] = 0;
    return id;
  }

  // The child of the node at work that has this key.
  at(node, key, frame, side) {
    if (this.seen[key] === node) return this.child[key];
    this.seen[key] = node;
    return this.child[key] = this.add(node, key, frame, side);
  }

  // Puts an item at the end of what is to be done at a node.
  queue(node, item, next) {
    const last = this.tail[node];
    next[item] = -1;
    if (last < 0) this.head[node] = item; else next[last] = item;
    this.tail[node] = item;
  }
}

// What hangs below the nodes of a source that are queued at nodes of a side, put together by key; `node` is the first of
// them. `source` has end and frame; `keyOf` the key of each frame; `skip` marks nodes that dissolve in what they are below;
// with `merges`, so do nodes with the key of what they are below. `nodeOf` is told the node that each of the source is in.
export function descend(grown, node, { end, frame }, { keyOf, skip, merges, next, nodeOf }) {
  grown.reserve(end.length);
  const { head, tail, key: keys, side, first, last, seen, child: known, parent, frame: frames } = grown;
  let made = grown.count;
  for (; node < made; node++) {
    if (side[node] < 0) continue;
    const nodeKey = node > 0 && merges ? keys[node] : -1;
    if (node > 0) first[node] = made;
    for (let at = head[node]; at >= 0; at = next[at]) {
      nodeOf[at] = node;
      for (let below = at + 1, behind = end[at]; below < behind; below = end[below]) {
        const key = keyOf[frame[below]];
        next[below] = -1;
        // What dissolves stands at the end of the list that is walked through.
        let to = node;
        if (key !== nodeKey && (skip === null || skip[below] === 0)) {
          if (seen[key] !== node) {
            seen[key] = node;
            known[key] = made;
            parent[made] = node;
            keys[made] = key;
            frames[made] = frame[below];
            side[made] = 1;
            head[made] = tail[made] = below;
            made++;
            continue;
          }
          to = known[key];
        }
        next[tail[to]] = below;
        tail[to] = below;
      }
    }
    last[node] = made;
  }
  grown.count = made;
}

// Gives nodes the sums of what is in them: of the source's nodes in some spans, each from one up to before another.
export function valued({ count, own, ownBefore }, nodeOf, values, before, spans) {
  own.fill(0, 0, count);
  ownBefore.fill(0, 0, count);
  for (const [from, to] of spans) {
    for (let id = from; id < to; id++) own[nodeOf[id]] += values[id];
    if (before !== null) for (let id = from; id < to; id++) ownBefore[nodeOf[id]] += before[id];
  }
}

// Places in a tree on their way to the root, each with what it brings along.
export class Climbers {
  constructor() {
    this.count = 0;
    this.room = 0;
  }

  begin(room) {
    this.count = 0;
    if (this.room >= room) return;
    this.room = room;
    for (const name of ['place', 'next']) this[name] = new Int32Array(room);
    for (const name of ['value', 'before']) this[name] = new Float64Array(room);
  }

  // At a node, with a place that is to follow.
  add(grown, node, place, value, before) {
    const climber = this.count++;
    this.place[climber] = place;
    this.value[climber] = value;
    this.before[climber] = before;
    grown.sum[node] += Math.abs(value) + Math.abs(before);
    grown.queue(node, climber, this.next);
  }
}

// Takes what is at nodes of a side to the root of its tree, caller by caller, each a node below that one. `isGroup` marks
// frames at which that ends; nothing where there are none. What is smaller than `least` is not followed: tells how many
// nodes that are.
export function climb(grown, tree, climbers, how) {
  let cut = 0;
  for (let node = 1; node < grown.count;) {
    // A node has at most so many children.
    grown.reserve(2 * climbers.count);
    [node, cut] = climbSome(grown, node, cut, tree, climbers, how);
  }
  return cut;
}

// Written without calls for what is done at each step: until they are compiled, they are what costs.
function climbSome(grown, node, cut, { parent, frame, key: keyOf }, { place, next, value, before, count }, { side, isGroup, least, comparison }) {
  const { head, tail, side: sides, first, last, sum, own, ownBefore, seen, child: known, parent: parents, key: keys, frame: frames } = grown;
  const enough = grown.room - count;
  let made = grown.count;
  for (; node < made && made <= enough; node++) {
    if (sides[node] !== side) continue;
    const isSmall = sum[node] < least;
    let isCut = 0, ends = 0, endsBefore = 0;
    first[node] = made;
    for (let at = head[node], following; at >= 0; at = following) {
      following = next[at];
      const from = place[at], isEnd = from <= 0 || isGroup !== null && isGroup[frame[from]] === 1;
      if (isEnd || isSmall) {
        if (!isEnd) isCut = 1;
        ends += value[at];
        if (comparison) endsBefore += before[at];
        continue;
      }
      const key = keyOf[from];
      next[at] = -1;
      place[at] = parent[from];
      const size = comparison ? Math.abs(value[at]) + Math.abs(before[at]) : Math.abs(value[at]);
      if (seen[key] !== node) {
        seen[key] = node;
        known[key] = made;
        parents[made] = node;
        keys[made] = key;
        frames[made] = frame[from];
        sides[made] = side;
        head[made] = tail[made] = at;
        sum[made++] = size;
        continue;
      }
      const to = known[key];
      next[tail[to]] = at;
      tail[to] = at;
      sum[to] += size;
    }
    cut += isCut;
    own[node] = ends;
    ownBefore[node] = endsBefore;
    last[node] = made;
  }
  grown.count = made;
  return [node, cut];
}

// Runs of functions that only call the next one become the last of them. What is queued at a node is the place in the
// tree that it stands for.
export function collapse(grown, tree, isGroup) {
  const { end, own, ownBefore, frame, key, depth } = tree;
  const isOnlyOne = (id) => own[id] === 0 && ownBefore[id] === 0 && id + 1 < end[id] && end[id + 1] === end[id] && isGroup[frame[id]] === 0;
  grown.begin(0, tree.count);
  const { head, first, last, skipped, own: ownOf, ownBefore: ownBeforeOf } = grown;
  grown.key[0] = key[0];
  grown.frame[0] = frame[0];
  head[0] = 0;
  for (let node = 0; node < grown.count; node++) {
    const at = head[node];
    first[node] = grown.count;
    ownOf[node] = own[at];
    ownBeforeOf[node] = ownBefore[at];
    for (let below = at + 1; below < end[at]; below = end[below]) {
      let to = below;
      while (isOnlyOne(to)) to++;
      const made = grown.add(node, key[to], frame[to], depth[to] < 0 ? -1 : 1);
      skipped[made] = to - below;
      head[made] = to;
    }
    last[node] = grown.count;
  }
}
