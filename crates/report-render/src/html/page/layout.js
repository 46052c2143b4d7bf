// A grown tree laid out: sums, the order of siblings, and the place of each. No page in here.

// From here on a merge sort is faster than moving one after the other.
const RUN = 24;

// The nodes of a tree again, each before all that are below it, siblings in order: by `rank` where there is one for each
// key, by `change`, or else by what is largest. What counts for nothing is left out.
export function laidOut(grown, { comparison, scale, change, rank, skips, zeros }) {
  sum(grown, comparison, scale);
  const order = orderOf(grown, change, rank);
  const kept = grown.size[0], ints = () => new Int32Array(kept), floats = () => new Float64Array(kept);
  const none = () => comparison ? floats() : zeros(kept);
  const tree = {
    count: kept, parent: ints(), end: ints(), depth: ints(), key: ints(), frame: ints(),
    value: floats(), before: none(), own: floats(), ownBefore: none(), width: floats(), start: floats(), levels: 1, above: 0,
  };
  if (skips) tree.skipped = ints();
  place(grown, tree, order);
  fill(grown, tree, comparison);
  return tree;
}

// A node is as wide as what ends in it and below it is large, signs aside, and in a comparison on both sides: what is gone
// has a place.
function sum(grown, comparison, scale) {
  const { count, parent, side, own, ownBefore, value, before, width, size } = grown;
  for (let id = 0; id < count; id++) {
    value[id] = own[id];
    before[id] = ownBefore[id];
    width[id] = Math.abs(own[id]) + (comparison ? Math.abs(ownBefore[id] * scale) : 0);
    size[id] = 1;
  }
  for (let id = count - 1; id > 0; id--) {
    if (width[id] === 0) { size[id] = 0; continue; }
    const above = parent[id];
    size[above] += size[id];
    // What calls the root of a sandwich is no part of its sum, which comes from below.
    if (above === 0 && side[id] < 0) continue;
    value[above] += value[id];
    before[above] += before[id];
    width[above] += width[id];
  }
}

function orderOf({ count, key, value, before, width, rank }, change, ranks) {
  if (!change && !ranks) return width;
  for (let id = 0; id < count; id++) rank[id] = ranks ? -ranks[key[id]] : Math.abs(value[id] - before[id]);
  return rank;
}

function place(grown, tree, order) {
  const { count, first, last, size, place, list, spare, width, key, side } = grown, { start } = tree;
  place[0] = 0;
  for (let node = 0; node < count; node++) {
    if (size[node] <= 1) continue;
    let many = 0;
    for (let child = first[node]; child < last[node]; child++) if (size[child] > 0) list[many++] = child;
    if (many > 1) sort(list, many, spare, order, width, key);
    let next = place[node] + 1, below = start[place[node]], above = 0;
    for (let at = 0; at < many; at++) {
      const child = list[at];
      place[child] = next;
      // Callers stand above the root, each side filling its width by itself.
      if (node === 0 && side[child] < 0) { start[next] = above; above += width[child]; }
      else { start[next] = below; below += width[child]; }
      next += size[child];
    }
  }
}

function fill(grown, tree, comparison) {
  const { count, size, place, parent: above, side } = grown, { parent, end, depth } = tree;
  let levels = 1, most = 0;
  for (let node = 0; node < count; node++) {
    if (size[node] === 0) continue;
    const at = place[node];
    parent[at] = node === 0 ? -1 : place[above[node]];
    depth[at] = node === 0 ? 0 : depth[parent[at]] + side[node];
    end[at] = at + size[node];
    if (depth[at] >= levels) levels = depth[at] + 1;
    if (-depth[at] > most) most = -depth[at];
  }
  tree.levels = levels;
  tree.above = most;
  for (const name of ['key', 'frame', 'value', 'own', 'width']) scatter(grown, grown[name], tree[name]);
  if (comparison) for (const name of ['before', 'ownBefore']) scatter(grown, grown[name], tree[name]);
  if (tree.skipped) scatter(grown, grown.skipped, tree.skipped);
}

// One column after the other: what is written stays near.
function scatter({ count, size, place }, from, to) {
  for (let node = 0; node < count; node++) if (size[node] > 0) to[place[node]] = from[node];
}

// ---- sorting without calls back ----------------------------------------------------------------

function isBefore(a, b, order, width, key) {
  if (order[a] !== order[b]) return order[a] > order[b];
  if (width[a] !== width[b]) return width[a] > width[b];
  return key[a] < key[b];
}

function sort(list, count, spare, order, width, key) {
  for (let from = 0; from < count; from += RUN) insert(list, from, Math.min(count, from + RUN), order, width, key);
  let [source, target] = [list, spare];
  for (let run = RUN; run < count; run *= 2) {
    for (let from = 0; from < count; from += 2 * run) {
      merge(source, target, from, Math.min(count, from + run), Math.min(count, from + 2 * run), order, width, key);
    }
    [source, target] = [target, source];
  }
  if (source !== list) list.set(source.subarray(0, count));
}

function insert(list, from, to, order, width, key) {
  for (let at = from + 1; at < to; at++) {
    const moved = list[at];
    let hole = at;
    while (hole > from && isBefore(moved, list[hole - 1], order, width, key)) { list[hole] = list[hole - 1]; hole--; }
    list[hole] = moved;
  }
}

function merge(source, target, from, middle, to, order, width, key) {
  for (let at = from, left = from, right = middle; at < to; at++) {
    const isRight = left >= middle || right < to && isBefore(source[right], source[left], order, width, key);
    target[at] = isRight ? source[right++] : source[left++];
  }
}
