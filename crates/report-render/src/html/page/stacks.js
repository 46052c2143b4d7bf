// The stacks as flat arrays, and all that is done to them. No page in here: runs in a worker, or where there is none.

const GROUP = 2;
// From how many steps towards the root on an inverted tree leaves out parts below this share of all.
const MOST_STEPS = 4e5, LEAST_SHARE = 1 / 16384;

// What report_render::html::data writes, column by column. A node is a frame below another; parents come first.
export function decode(data) {
  const stride = data.comparison ? 4 : 3, count = data.nodes.length / stride, from = data.nodes;
  const raw = {
    count, comparison: data.comparison, unit: data.unit, type: data.type,
    parent: new Int32Array(count), frame: new Int32Array(count),
    own: new Float64Array(count), before: new Float64Array(count),
  };
  const path = [];
  for (let id = 0, at = 0; id < count; id++, at += stride) {
    const depth = from[at];
    raw.parent[id] = depth ? path[depth - 1] : -1;
    path[depth] = id;
    raw.frame[id] = from[at + 1];
    raw.own[id] = Number(from[at + 2]);
    if (data.comparison) raw.before[id] = Number(from[at + 3]);
  }
  const frames = data.frames.length / 6, columns = ['name', 'package', 'file', 'binary', 'line', 'kind'];
  raw.frames = frames;
  raw.wholes = data.wholes || [0, 0];
  columns.forEach((name, column) => {
    const values = raw['f_' + name] = new Int32Array(frames);
    for (let id = 0; id < frames; id++) values[id] = data.frames[id * 6 + column];
  });
  raw.names = data.names.map(([full, ...shorter]) => [full, ...shorter.map((part) => typeof part === 'number' ? full.slice(part) : part)]);
  raw.raw = data.raw || {};
  raw.packages = data.packages;
  raw.files = data.files;
  raw.binaries = data.binaries;
  return raw;
}

// Text is looked for as it is; a regular expression counts as one, too. A Go method such as `(*Server).Serve` is no
// expression and is found all the same.
export function pattern(text) {
  const plain = text.toLowerCase();
  let regex = null;
  try { regex = new RegExp(text, 'i'); } catch { /* then only as text */ }
  return (value) => value.toLowerCase().includes(plain) || regex !== null && regex.test(value);
}

function matches(raw, text) {
  const test = pattern(text);
  const found = (all) => all.map((value) => test(Array.isArray(value) ? value[0] : value) ? 1 : 0);
  const names = found(raw.names), files = found(raw.files), binaries = found(raw.binaries);
  for (const [at, name] of Object.entries(raw.raw)) names[at] ||= test(name) ? 1 : 0;
  const hits = new Uint8Array(raw.frames);
  for (let id = 0; id < raw.frames; id++) {
    hits[id] = raw.f_kind[id] === GROUP ? 0 : names[raw.f_name[id]] | files[raw.f_file[id]] | binaries[raw.f_binary[id]];
  }
  return hits;
}

// A tree that grows: children are found by their key.
class Grown {
  constructor(capacity) {
    this.count = 1;
    this.resize(Math.max(64, capacity + 1));
    this.key[0] = -1;
    this.parent[0] = -1;
    this.frame[0] = -1;
  }

  resize(room) {
    const wider = (Kind, old) => {
      const made = new Kind(room);
      if (old) made.set(old);
      return made;
    };
    for (const name of ['key', 'parent', 'frame', 'skipped', 'side']) this[name] = wider(Int32Array, this[name]);
    for (const name of ['own', 'ownBefore', 'sum']) this[name] = wider(Float64Array, this[name]);
    let size = 64;
    while (size < room * 2) size *= 2;
    this.table = new Int32Array(size);
    this.mask = size - 1;
    for (let id = 1; id < this.count; id++) this.table[this.slot(this.parent[id], this.key[id])] = id;
  }

  slot(parent, key) {
    let at = Math.imul(parent + Math.imul(key + 1, 0x85EBCA6B), 0x9E3779B1);
    at = Math.imul(at ^ at >>> 15, 0x2C1B3C6D);
    at = (at ^ at >>> 13) & this.mask;
    for (let id = this.table[at]; id !== 0; id = this.table[at]) {
      if (this.parent[id] === parent && this.key[id] === key) break;
      at = at + 1 & this.mask;
    }
    return at;
  }

  child(parent, key, frame, side = 1) {
    const at = this.slot(parent, key);
    if (this.table[at] !== 0) return this.table[at];
    return this.add(parent, key, frame, at, side);
  }

  add(parent, key, frame, at, side) {
    if (this.count === this.key.length) {
      this.resize(this.count * 2);
      if (at >= 0) at = this.slot(parent, key);
    }
    const id = this.count++;
    if (at >= 0) this.table[at] = id;
    this.key[id] = key;
    this.parent[id] = parent;
    this.frame[id] = frame;
    this.side[id] = side;
    return id;
  }
}

// Places in a tree on their way to the root, each with the node that it has come to.
class Climbers {
  constructor(room) {
    this.count = 0;
    for (const name of ['nodes', 'places']) this[name] = new Int32Array(room);
    for (const name of ['values', 'befores']) this[name] = new Float64Array(room);
  }

  add(node, place, value, before) {
    this.put(this.count++, node, place, value, before);
  }

  put(at, node, place, value, before) {
    this.nodes[at] = node;
    this.places[at] = place;
    this.values[at] = value;
    this.befores[at] = before;
  }

  move(to, from, node, place) {
    this.put(to, node, place, this.values[from], this.befores[from]);
  }
}

// Sums, order and place of a grown tree: its nodes again, parents before children, siblings in order. What counts
// for nothing is left out.
function laidOut(grown, comparison, order, nameOf, scale) {
  const { count } = grown, value = grown.own.slice(0, count), before = grown.ownBefore.slice(0, count);
  const width = new Float64Array(count);
  // As wide as what ends in a node and below it is large, signs aside, and in a comparison on both sides: what is gone
  // has a place.
  for (let id = count - 1; id >= 0; id--) {
    width[id] += Math.abs(grown.own[id]) + (comparison ? Math.abs(grown.ownBefore[id] * scale) : 0);
    if (id === 0) break;
    const parent = grown.parent[id];
    // What calls the root of a sandwich is no part of its sum, which comes from below.
    if (parent === 0 && grown.side[id] < 0) continue;
    value[parent] += value[id];
    before[parent] += before[id];
    width[parent] += width[id];
  }
  return { value, before, width, count, grown, order, nameOf };
}

// Most nodes have few children, for which a sort of its own is the fastest.
function sortPart(list, from, to, compare) {
  if (to - from > 12) { list.subarray(from, to).sort(compare); return; }
  for (let at = from + 1; at < to; at++) {
    const moved = list[at];
    let hole = at;
    while (hole > from && compare(list[hole - 1], moved) > 0) { list[hole] = list[hole - 1]; hole--; }
    list[hole] = moved;
  }
}

function ordered(sums) {
  const { value, before, width, grown, count, order, nameOf } = sums;
  const first = new Int32Array(count + 2);
  let kept = 1;
  for (let id = 1; id < count; id++) if (width[id] !== 0) { first[grown.parent[id] + 2]++; kept++; }
  for (let id = 0; id < count; id++) first[id + 2] += first[id + 1];
  const list = new Int32Array(kept);
  for (let id = 1; id < count; id++) if (width[id] !== 0) list[first[grown.parent[id] + 1]++] = id;
  const byValue = (a, b) => width[b] - width[a] || grown.key[a] - grown.key[b];
  const byChange = (a, b) => Math.abs(value[b] - before[b]) - Math.abs(value[a] - before[a]) || byValue(a, b);
  const byName = (a, b) => nameOf(grown.key[a], grown.frame[a]).localeCompare(nameOf(grown.key[b], grown.frame[b]));
  const compare = order === 'name' ? byName : order === 'change' ? byChange : byValue;

  const ints = () => new Int32Array(kept), floats = () => new Float64Array(kept);
  const tree = {
    count: kept, parent: ints(), end: ints(), depth: ints(), key: ints(), frame: ints(), skipped: ints(),
    value: floats(), before: floats(), own: floats(), ownBefore: floats(), width: floats(), start: floats(),
    levels: 1, above: 0,
  };
  const stack = [0], parents = [-1];
  const next = floats();
  let at = 0, above = 0;
  while (stack.length) {
    const id = stack.pop(), parent = parents.pop();
    const side = id === 0 ? 1 : grown.side[id];
    tree.parent[at] = parent;
    tree.key[at] = grown.key[id];
    tree.frame[at] = grown.frame[id];
    tree.skipped[at] = grown.skipped[id];
    tree.value[at] = value[id];
    tree.before[at] = before[id];
    tree.own[at] = grown.own[id];
    tree.ownBefore[at] = grown.ownBefore[id];
    tree.width[at] = width[id];
    if (parent >= 0) {
      // Callers stand above the root, each side filling its width by itself.
      tree.depth[at] = tree.depth[parent] + side;
      if (side < 0 && parent === 0) {
        tree.start[at] = above;
        above += width[id];
      } else {
        tree.start[at] = next[parent];
        next[parent] += width[id];
      }
      next[at] = tree.start[at];
    }
    if (tree.depth[at] >= 0) tree.levels = Math.max(tree.levels, tree.depth[at] + 1);
    else tree.above = Math.max(tree.above, -tree.depth[at]);
    const from = id === 0 ? 0 : first[id], to = first[id + 1];
    if (to - from > 1) sortPart(list, from, to, compare);
    for (let child = to - 1; child >= from; child--) {
      stack.push(list[child]);
      parents.push(at);
    }
    at++;
  }
  tree.end.fill(0);
  for (let id = kept - 1; id >= 0; id--) {
    if (tree.end[id] === 0) tree.end[id] = id + 1;
    const parent = tree.parent[id];
    if (parent >= 0 && tree.end[parent] < tree.end[id]) tree.end[parent] = tree.end[id];
  }
  return tree;
}

// The numbers that stand for what frames are put together by.
function keys(raw, by) {
  switch (by) {
    case 'package': return raw.f_package;
    case 'file': return raw.f_file;
    case 'binary': return raw.f_binary;
    case 'line': return lineKeys(raw);
    default: return raw.f_name;
  }
}

function lineKeys(raw) {
  const known = new Map(), made = new Int32Array(raw.frames);
  for (let id = 0; id < raw.frames; id++) {
    const text = raw.f_name[id] + ':' + raw.f_file[id] + ':' + raw.f_line[id];
    if (!known.has(text)) known.set(text, known.size);
    made[id] = known.get(text);
  }
  return made;
}

export function labelOf(raw, by, frame) {
  if (frame < 0) return 'root';
  if (raw.f_kind[frame] === GROUP) return raw.names[raw.f_name[frame]][0];
  switch (by) {
    case 'package': return raw.packages[raw.f_package[frame]][0] || 'no package';
    case 'file': return raw.files[raw.f_file[frame]] || 'no file';
    case 'binary': return raw.binaries[raw.f_binary[frame]] || 'no binary';
    case 'line': return raw.names[raw.f_name[frame]][0] + (raw.f_line[frame] ? ':' + raw.f_line[frame] : '');
    default: return raw.names[raw.f_name[frame]][0];
  }
}

export class Stacks {
  constructor(data) {
    this.raw = decode(data);
    this.forward = null;
  }

  // What the page draws and says for a view.
  view(view) {
    const forward = this.of(view), { raw } = this;
    let tree = forward.tree, cut = 0;
    const finish = (grown) => ordered(laidOut(grown, raw.comparison, view.order, this.namer(view), forward.scale));
    if (view.sandwich) {
      const made = this.sandwich(forward, view);
      tree = finish(made.grown);
      cut = made.cut;
    } else if (view.invert) {
      const made = this.inverted(forward, view);
      tree = finish(made.grown);
      cut = made.cut;
    }
    if (view.collapse) tree = finish(collapsed(tree, (id) => raw.f_kind[tree.frame[id]] === GROUP));
    const copy = {};
    for (const [name, value] of Object.entries(tree)) copy[name] = ArrayBuffer.isView(value) ? value.slice() : value;
    return { tree: copy, table: this.table(forward), sums: forward.sums, cut };
  }

  namer(view) {
    return (key, frame) => labelOf(this.raw, view.by, frame);
  }

  // The stacks that are left, root first; kept until something changes that they depend on.
  of(view) {
    const asked = JSON.stringify([view.focus, view.ignore, view.hide, view.by, view.groups, view.divide, view.share, view.order]);
    if (this.forward && this.forward.asked === asked) return this.forward;
    const { raw } = this, [divide, divideBefore] = view.divide || [1, 1];
    const key = keys(raw, view.by), merges = view.by !== 'function' && view.by !== 'line';
    const lists = { focus: view.focus, ignore: view.ignore, hide: view.hide };
    const hits = {};
    for (const [name, text] of Object.entries(lists)) hits[name] = text ? matches(raw, text) : null;
    const grown = new Grown(raw.count), out = new Int32Array(raw.count), state = new Uint8Array(raw.count);
    const groupKeys = 1 << 30;
    const sums = { all: 0, allBefore: 0, kept: 0, keptBefore: 0, whole: 0, wholeBefore: 0 };
    for (let id = 0; id < raw.count; id++) {
      const frame = raw.frame[id], above = raw.parent[id], parent = above < 0 ? 0 : out[above];
      const isGroup = raw.f_kind[frame] === GROUP;
      state[id] = (above < 0 ? 0 : state[above])
        | (hits.focus && hits.focus[frame] ? 1 : 0) | (hits.ignore && hits.ignore[frame] ? 2 : 0);
      if (isGroup) out[id] = view.groups ? grown.child(parent, groupKeys + raw.f_name[frame], frame) : parent;
      else if (hits.hide && hits.hide[frame]) out[id] = parent;
      else if (merges && parent > 0 && grown.key[parent] === key[frame]) out[id] = parent;
      else out[id] = grown.child(parent, key[frame], frame);
      const own = raw.own[id] / divide, before = raw.before[id] / divideBefore;
      if (own === 0 && before === 0) continue;
      sums.all += own;
      sums.allBefore += before;
      sums.whole += Math.abs(own);
      sums.wholeBefore += Math.abs(before);
      if (hits.focus && !(state[id] & 1) || state[id] & 2 || hits.hide && out[id] === 0) continue;
      grown.own[out[id]] += own;
      grown.ownBefore[out[id]] += before;
      sums.kept += own;
      sums.keptBefore += before;
    }
    const scale = view.share && sums.wholeBefore ? sums.whole / sums.wholeBefore : 1;
    const tree = ordered(laidOut(grown, raw.comparison, view.order, this.namer(view), scale));
    this.forward = { asked, tree, sums, scale };
    return this.forward;
  }

  // The sums of each function; one that is several times in a stack counts once.
  table({ tree }) {
    const rows = [], of = new Map(), open = [];
    const sums = { own: [], all: [], ownBefore: [], allBefore: [] };
    // The way from the root, by depth.
    const path = new Int32Array(tree.levels + 1).fill(-1);
    let depth = 0;
    for (let id = 1; id < tree.count; id++) {
      for (; depth >= tree.depth[id]; depth--) if (path[depth] >= 0) open[path[depth]]--;
      depth = tree.depth[id];
      path[depth] = -1;
      if (this.raw.f_kind[tree.frame[id]] === GROUP) continue;
      let at = of.get(tree.key[id]);
      if (at === undefined) {
        of.set(tree.key[id], at = rows.length);
        rows.push(id);
        open.push(0);
        for (const list of Object.values(sums)) list.push(0);
      }
      path[depth] = at;
      sums.own[at] += tree.own[id];
      sums.ownBefore[at] += tree.ownBefore[id];
      if (open[at]++ === 0) {
        sums.all[at] += tree.value[id];
        sums.allBefore[at] += tree.before[id];
      }
    }
    const floats = (name) => Float64Array.from(sums[name]);
    return {
      key: Int32Array.from(rows, (id) => tree.key[id]), frame: Int32Array.from(rows, (id) => tree.frame[id]),
      own: floats('own'), all: floats('all'), ownBefore: floats('ownBefore'), allBefore: floats('allBefore'),
    };
  }

  // The leaf next to the root. Level by level: what is at a node is a list of places in the tree, which go to the
  // parent together.
  inverted({ tree, sums }, view) {
    const grown = new Grown(tree.count), climbers = new Climbers(tree.count);
    for (let id = 1; id < tree.count; id++) {
      if (tree.own[id] === 0 && tree.ownBefore[id] === 0) continue;
      let start = 0;
      if (view.groups) {
        let group = id;
        while (tree.depth[group] > 1) group = tree.parent[group];
        if (this.isGroup(tree.frame[group])) start = grown.child(0, tree.key[group], tree.frame[group]);
      }
      climbers.add(start, id, tree.own[id], tree.ownBefore[id]);
    }
    return { grown, cut: this.climb(tree, grown, climbers, 1, sums) };
  }

  isGroup(frame) { return this.raw.f_kind[frame] === GROUP; }

  climb(tree, grown, at, side, sums) {
    let work = 0, cut = 0;
    for (let item = 0; item < at.count; item++) work += Math.abs(tree.depth[at.places[item]]);
    // Where it would be millions of nodes, what nobody can see is not followed.
    const least = work > MOST_STEPS ? (sums.whole + sums.wholeBefore) * LEAST_SHARE : 0;
    const kinds = this.raw.f_kind;
    while (at.count > 0) {
      for (let item = 0; item < at.count; item++) {
        const place = at.places[item], id = grown.child(at.nodes[item], tree.key[place], tree.frame[place], side);
        at.nodes[item] = id;
        grown.sum[id] += Math.abs(at.values[item]) + Math.abs(at.befores[item]);
      }
      let kept = 0;
      for (let item = 0; item < at.count; item++) {
        const id = at.nodes[item], parent = tree.parent[at.places[item]];
        const isEnd = parent <= 0 || kinds[tree.frame[parent]] === GROUP, isSmall = grown.sum[id] < least;
        if (isEnd || isSmall) {
          if (isSmall && !isEnd) cut++;
          grown.own[id] += at.values[item];
          grown.ownBefore[id] += at.befores[item];
          continue;
        }
        at.move(kept++, item, id, parent);
      }
      at.count = kept;
    }
    return cut;
  }

  // A function between those who call it, above, and those it calls, below. Where it is several times in a stack, the
  // call that is nearest to the root counts.
  sandwich({ tree, sums }, view) {
    const grown = new Grown(1024), map = new Int32Array(tree.count).fill(-1), at = new Climbers(tree.count);
    const labels = new Map(), isIt = (frame) => {
      if (!labels.has(frame)) labels.set(frame, labelOf(this.raw, view.by, frame) === view.sandwich);
      return labels.get(frame);
    };
    for (let id = 1; id < tree.count; id++) {
      const above = map[tree.parent[id]];
      if (above >= 0) map[id] = grown.child(above, tree.key[id], tree.frame[id]);
      else if (isIt(tree.frame[id])) {
        map[id] = 0;
        grown.key[0] = tree.key[id];
        grown.frame[0] = tree.frame[id];
        const parent = tree.parent[id];
        if (parent > 0 && !this.isGroup(tree.frame[parent])) at.add(0, parent, tree.value[id], tree.before[id]);
      }
      if (map[id] >= 0) {
        grown.own[map[id]] += tree.own[id];
        grown.ownBefore[map[id]] += tree.ownBefore[id];
      }
    }
    return { grown, cut: this.climb(tree, grown, at, -1, sums) };
  }

  // Who calls a function, what it calls, and where it is.
  details(view, label) {
    const forward = this.of(view), { tree } = forward, { raw } = this;
    const callers = new Map(), callees = new Map(), places = new Map();
    const inside = new Uint8Array(tree.count);
    const sum = { own: 0, ownBefore: 0, all: 0, allBefore: 0 };
    const add = (map, key, frame, value, before) => {
      const row = map.get(key) || { frame, value: 0, before: 0 };
      row.value += value;
      row.before += before;
      map.set(key, row);
    };
    const labels = new Map();
    const isIt = (id) => {
      const frame = tree.frame[id];
      if (!labels.has(frame)) labels.set(frame, labelOf(raw, view.by, frame) === label);
      return labels.get(frame);
    };
    for (let id = 1; id < tree.count; id++) {
      const parent = tree.parent[id], isNested = inside[parent] === 1, is = isIt(id);
      inside[id] = isNested || is ? 1 : 0;
      if (is) {
        sum.own += tree.own[id];
        sum.ownBefore += tree.ownBefore[id];
        const frame = tree.frame[id];
        add(places, raw.f_file[frame] + ':' + raw.f_line[frame] + ':' + raw.f_binary[frame], frame, tree.value[id], tree.before[id]);
        if (!isNested) {
          sum.all += tree.value[id];
          sum.allBefore += tree.before[id];
          if (parent > 0) add(callers, tree.key[parent], tree.frame[parent], tree.value[id], tree.before[id]);
        }
      } else if (parent > 0 && isIt(parent)) {
        add(callees, tree.key[id], tree.frame[id], tree.value[id], tree.before[id]);
      }
    }
    const most = (map) => [...map.values()].sort((a, b) => Math.abs(b.value) + Math.abs(b.before) - Math.abs(a.value) - Math.abs(a.before)).slice(0, 50)
      .map((row) => ({ ...row, label: labelOf(raw, view.by, row.frame) }));
    return { ...sum, callers: most(callers), callees: most(callees), places: most(places), sums: forward.sums };
  }

  // How much the stacks of each group differ from those of all others: half the sum of the differences of all
  // functions' own shares, 0 for the same and 1 for nothing in common.
  differs() {
    const { raw } = this, groups = new Map(), all = new Map(), group = new Int32Array(raw.count);
    let total = 0;
    for (let id = 0; id < raw.count; id++) {
      const frame = raw.frame[id];
      group[id] = raw.f_kind[frame] === GROUP ? raw.f_name[frame] : raw.parent[id] < 0 ? -1 : group[raw.parent[id]];
      const own = Math.abs(raw.own[id]);
      if (own === 0 || group[id] < 0) continue;
      if (!groups.has(group[id])) groups.set(group[id], { total: 0, own: new Map() });
      const of = groups.get(group[id]), name = raw.f_name[frame];
      of.total += own;
      of.own.set(name, (of.own.get(name) || 0) + own);
      all.set(name, (all.get(name) || 0) + own);
      total += own;
    }
    const found = [];
    for (const [name, of] of groups) {
      const rest = total - of.total;
      let score = 0;
      const functions = [];
      for (const [at, sum] of all) {
        const own = of.own.get(at) || 0;
        const difference = own / of.total - (rest > 0 ? (sum - own) / rest : 0);
        score += Math.abs(difference) / 2;
        functions.push([raw.names[at][0], difference]);
      }
      functions.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
      found.push({ group: raw.names[name][0], share: of.total / total, score: rest > 0 ? score : 0, functions: functions.slice(0, 3) });
    }
    return found.sort((a, b) => b.score - a.score);
  }
}

// Runs of functions that only call the next one become the last of them.
function collapsed(tree, isGroup) {
  const grown = new Grown(tree.count), map = new Int32Array(tree.count), run = new Int32Array(tree.count);
  const only = (id) => tree.own[id] === 0 && tree.ownBefore[id] === 0 && id + 1 < tree.end[id] && tree.end[id + 1] === tree.end[id];
  grown.key[0] = tree.key[0];
  grown.frame[0] = tree.frame[0];
  grown.own[0] = tree.own[0];
  grown.ownBefore[0] = tree.ownBefore[0];
  for (let id = 1; id < tree.count; id++) {
    const parent = tree.parent[id], side = tree.depth[id] < 0 ? -1 : 1;
    const skipped = run[parent];
    if (only(id) && !isGroup(id)) {
      map[id] = map[parent];
      run[id] = skipped + 1;
      continue;
    }
    const made = grown.add(map[parent], tree.key[id], tree.frame[id], -1, side);
    map[id] = made;
    grown.skipped[made] = skipped;
    grown.own[made] = tree.own[id];
    grown.ownBefore[made] = tree.ownBefore[id];
  }
  return grown;
}
