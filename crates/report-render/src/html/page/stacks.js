// The stacks of a profile and all that is done to them. No page in here: runs in a worker, or where there is none.
import { GROUP, decode, keys, labelOf, matches, ranks } from './profile.js';
import { Climbers, Grown, climb, collapse, descend } from './tree.js';
import { laidOut } from './layout.js';

// From how many steps towards the root on an inverted tree leaves out parts below this share of all.
const MOST_STEPS = 4e5, LEAST_SHARE = 1 / 16384;
// What has become of a stack at a node: it has what is looked for, has what is ignored, has a frame that is shown.
const FOCUSED = 1, IGNORED = 2, SHOWN = 4;

const copy = (all) => Object.fromEntries(Object.entries(all).map(([name, value]) => [name, ArrayBuffer.isView(value) ? value.slice() : value]));

export class Stacks {
  constructor(data) {
    const raw = this.raw = decode(data);
    this.isGroup = Uint8Array.from(raw.f_kind, (kind) => kind === GROUP ? 1 : 0);
    this.grown = new Grown();
    this.climbers = new Climbers();
    this.next = new Int32Array(raw.count);
    this.none = new Float64Array(0);
    this.known = new Map();
    this.forward = null;
  }

  // What the page draws and says for a view. In a tree that is no comparison all is 0 before, which need not be told.
  view(view) {
    const forward = this.of(view), { sums, scale, table } = forward;
    let { tree } = forward, cut = 0;
    if (view.sandwich) cut = this.sandwich(forward, view);
    else if (view.invert) cut = this.inverted(forward, view);
    if (view.sandwich || view.invert) tree = this.laidOut(view, scale, false);
    if (view.collapse) {
      collapse(this.grown, tree, this.isGroup);
      tree = this.laidOut(view, scale, true);
    }
    // What is kept for the next view is not given away.
    const told = tree === forward.tree ? copy(tree) : tree;
    if (!this.raw.comparison) delete told.before, delete told.ownBefore;
    return { tree: told, table: copy(table), sums, cut };
  }

  keyed(by) {
    if (!this.known.has(by)) this.known.set(by, keys(this.raw, by));
    return this.known.get(by);
  }

  laidOut(view, scale, skips) {
    const keyed = this.keyed(view.by), byName = view.order === 'name';
    if (byName) keyed.ranks ||= ranks(this.raw, view.by, keyed);
    return laidOut(this.grown, {
      comparison: this.raw.comparison, scale, change: view.order === 'change', rank: byName ? keyed.ranks : null, skips,
      zeros: (count) => this.none.length < count ? this.none = new Float64Array(count) : this.none,
    });
  }

  // The stacks that are left, root first; kept until something changes that they depend on.
  of(view) {
    const asked = JSON.stringify([view.focus, view.ignore, view.hide, view.by, view.groups, view.divide, view.share, view.order]);
    if (this.forward?.asked === asked) return this.forward;
    const { raw, grown, next } = this, { comparison } = raw, keyed = this.keyed(view.by);
    const { own, before, skip, sums } = this.left(view);
    grown.begin(keyed.count, raw.count);
    const source = { end: raw.end, frame: raw.frame, own, before };
    const how = { keyOf: keyed.of, skip, merges: !['function', 'line'].includes(view.by), next, comparison };
    grown.queue(0, 0, next);
    grown.first[0] = 1;
    descend(grown, 0, source, how);
    const scale = view.share && sums.wholeBefore ? sums.whole / sums.wholeBefore : 1;
    const tree = this.laidOut(view, scale, false);
    this.forward = { asked, tree, table: this.table(tree, keyed.count), sums, scale };
    return this.forward;
  }

  // The values that filters leave, the nodes that are not shown, and the sums of all that and of what is left.
  left(view) {
    const { raw, isGroup } = this, { count, comparison, parent, frame } = raw, [divide, divideBefore] = view.divide || [1, 1];
    const hits = (text) => text ? matches(raw, text) : null;
    const focus = hits(view.focus), ignore = hits(view.ignore), hide = hits(view.hide);
    const isFiltered = focus !== null || ignore !== null || hide !== null;
    const state = new Uint8Array(isFiltered ? count : 0);
    const skip = new Uint8Array(count), own = new Float64Array(count), before = new Float64Array(comparison ? count : 0);
    const wanted = (focus ? FOCUSED : 0) | (hide ? SHOWN : 0);
    const sums = { all: 0, allBefore: 0, kept: 0, keptBefore: 0, whole: 0, wholeBefore: 0 };
    for (let id = 1; id < count; id++) {
      const at = frame[id];
      skip[id] = isGroup[at] === 1 ? (view.groups ? 0 : 1) : hide !== null ? hide[at] : 0;
      let isLeft = true;
      if (isFiltered) {
        state[id] = state[parent[id]] | (focus !== null && focus[at] === 1 ? FOCUSED : 0) | (ignore !== null && ignore[at] === 1 ? IGNORED : 0)
          | (skip[id] === 0 ? SHOWN : 0);
        isLeft = (state[id] & (wanted | IGNORED)) === wanted;
      }
      const value = raw.own[id] / divide, valueBefore = comparison ? raw.before[id] / divideBefore : 0;
      sums.all += value;
      sums.allBefore += valueBefore;
      sums.whole += Math.abs(value);
      sums.wholeBefore += Math.abs(valueBefore);
      if (!isLeft) continue;
      own[id] = value;
      sums.kept += value;
      if (!comparison) continue;
      before[id] = valueBefore;
      sums.keptBefore += valueBefore;
    }
    return { own, before, skip, sums };
  }

  // The sums of each function; one that is several times in a stack counts once.
  table(tree, keyCount) {
    const { count, key, frame, depth, value, before, own, ownBefore, levels } = tree, { isGroup } = this, { comparison } = this.raw;
    const rowOf = new Int32Array(keyCount).fill(-1), open = new Int32Array(keyCount), path = new Int32Array(levels + 1);
    const rows = new Int32Array(Math.min(count, keyCount)), sums = () => new Float64Array(rows.length);
    const [ofOwn, ofAll, ofOwnBefore, ofAllBefore] = [sums(), sums(), sums(), sums()];
    let many = 0, last = 0;
    for (let id = 1; id < count; id++) {
      for (; last >= depth[id]; last--) if (path[last] >= 0) open[path[last]]--;
      last = depth[id];
      path[last] = -1;
      if (isGroup[frame[id]] === 1) continue;
      const at = path[last] = key[id];
      if (rowOf[at] < 0) {
        rows[many] = id;
        rowOf[at] = many++;
      }
      const row = rowOf[at], isOutermost = open[at]++ === 0;
      ofOwn[row] += own[id];
      if (isOutermost) ofAll[row] += value[id];
      if (!comparison) continue;
      ofOwnBefore[row] += ownBefore[id];
      if (isOutermost) ofAllBefore[row] += before[id];
    }
    const of = (column) => rows.slice(0, many).map((id) => column[id]);
    return {
      key: of(key), frame: of(frame), own: ofOwn.slice(0, many), all: ofAll.slice(0, many),
      ownBefore: ofOwnBefore.slice(0, many), allBefore: ofAllBefore.slice(0, many),
    };
  }

  // From how small a part on what is left is not followed: where it would be millions of steps, what nobody can see.
  least(steps, sums) {
    return steps > MOST_STEPS ? (sums.whole + sums.wholeBefore) * LEAST_SHARE : 0;
  }

  // Grows a tree with the leaf next to the root. Tells how many parts are not followed to their end.
  inverted({ tree, sums }, view) {
    const { grown, climbers, isGroup } = this, { count, parent, frame, own, ownBefore, depth } = tree, keyed = this.keyed(view.by);
    const groupOf = view.groups ? this.groups(tree) : null;
    grown.begin(keyed.count, count);
    climbers.begin(count);
    grown.first[0] = 1;
    let steps = 0;
    for (let id = 1; id < count; id++) {
      if (own[id] === 0 && ownBefore[id] === 0) continue;
      const group = groupOf === null ? 0 : groupOf[id], next = group > 0 ? group : id;
      const node = grown.at(0, keyed.of[frame[next]], frame[next], 1);
      climbers.add(grown, node, group > 0 ? id : parent[id], own[id], ownBefore[id]);
      steps += depth[id];
    }
    grown.last[0] = grown.count;
    return climb(grown, tree, climbers, { side: 1, keyOf: keyed.of, isGroup, least: this.least(steps, sums) });
  }

  // The group that each node is in; 0 where it is in none.
  groups({ count, parent, frame }) {
    const of = new Int32Array(count);
    for (let id = 1; id < count; id++) of[id] = this.isGroup[frame[id]] === 1 ? id : of[parent[id]];
    return of;
  }

  // Which keys have this label.
  labelled(view, label) {
    const { frame, count } = this.keyed(view.by), is = new Uint8Array(count);
    for (let key = 0; key < count; key++) if (frame[key] >= 0 && labelOf(this.raw, view.by, frame[key]) === label) is[key] = 1;
    return is;
  }

  // Grows a tree with a function between those who call it, above, and those it calls, below. Where it is several times in
  // a stack, the call that is nearest to the root counts.
  sandwich({ tree, sums }, view) {
    const { grown, climbers, isGroup, next } = this, { count, parent, end, frame, depth, value, before } = tree;
    const keyed = this.keyed(view.by), { of: keyOf } = keyed, is = this.labelled(view, view.sandwich), places = [];
    for (let id = 1; id < count;) {
      const isIt = is[keyOf[frame[id]]] === 1;
      if (isIt) places.push(id);
      id = isIt ? end[id] : id + 1;
    }
    grown.begin(keyed.count, count);
    climbers.begin(count);
    grown.first[0] = 1;
    let steps = 0;
    for (const id of places) {
      const from = parent[id];
      grown.frame[0] = frame[id];
      grown.key[0] = keyOf[frame[id]];
      if (from <= 0 || isGroup[frame[from]] === 1) continue;
      climbers.add(grown, grown.at(0, keyOf[frame[from]], frame[from], -1), parent[from], value[id], before[id]);
      steps += depth[id];
    }
    // A function that calls it and is called by it stands on both sides.
    grown.forget();
    for (const id of places) grown.queue(0, id, next);
    const down = { keyOf, skip: null, merges: false, next, comparison: this.raw.comparison };
    const source = { end, frame, own: tree.own, before: tree.ownBefore };
    descend(grown, 0, source, down);
    return climb(grown, tree, climbers, { side: -1, keyOf, isGroup, least: this.least(steps, sums) });
  }

  // Who calls a function, what it calls, and where it is.
  details(view, label) {
    const { tree, sums } = this.of(view), { count, parent, end, frame, key, value, before } = tree;
    const is = this.labelled(view, label), callers = new Map(), callees = new Map(), places = new Map();
    const sum = { own: 0, ownBefore: 0, all: 0, allBefore: 0 };
    const add = (rows, of, id) => {
      const row = rows.get(of) || { frame: 0, value: 0, before: 0 };
      row.value += value[id];
      row.before += before[id];
      rows.set(of, row);
      return row;
    };
    for (let id = 1, inside = 0; id < count; id++) {
      if (is[key[id]] === 0) continue;
      sum.own += tree.own[id];
      sum.ownBefore += tree.ownBefore[id];
      add(places, frame[id], id).frame = frame[id];
      for (let below = id + 1; below < end[id]; below = end[below]) {
        if (is[key[below]] === 0) add(callees, key[below], below).frame = frame[below];
      }
      if (id < inside) continue;
      inside = end[id];
      sum.all += value[id];
      sum.allBefore += before[id];
      if (parent[id] > 0) add(callers, key[parent[id]], id).frame = frame[parent[id]];
    }
    const size = (row) => Math.abs(row.value) + Math.abs(row.before);
    const most = (rows) => [...rows.values()].sort((a, b) => size(b) - size(a)).slice(0, 50)
      .map((row) => ({ ...row, label: labelOf(this.raw, view.by, row.frame) }));
    return { ...sum, callers: most(callers), callees: most(callees), places: most(places), sums };
  }

  // How much the stacks of each group differ from those of all others: half the sum of the differences of all
  // functions' own shares, 0 for the same and 1 for nothing in common.
  differs() {
    const { raw } = this, groups = new Map(), all = new Map(), groupOf = this.groups(raw);
    let total = 0;
    for (let id = 1; id < raw.count; id++) {
      const own = Math.abs(raw.own[id]), group = raw.frame[groupOf[id]];
      if (own === 0 || groupOf[id] === 0) continue;
      if (!groups.has(group)) groups.set(group, { total: 0, own: new Map() });
      const of = groups.get(group), name = raw.f_name[raw.frame[id]];
      of.total += own;
      of.own.set(name, (of.own.get(name) || 0) + own);
      all.set(name, (all.get(name) || 0) + own);
      total += own;
    }
    const found = [...groups].map(([frame, of]) => ({ group: labelOf(raw, '', frame), ...difference(raw, of, all, total) }));
    return found.sort((a, b) => b.score - a.score);
  }
}

function difference(raw, of, all, total) {
  const rest = total - of.total, functions = [];
  let score = 0;
  for (const [name, sum] of all) {
    const own = of.own.get(name) || 0, by = own / of.total - (rest > 0 ? (sum - own) / rest : 0);
    score += Math.abs(by) / 2;
    functions.push([raw.names[name][0], by]);
  }
  functions.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  return { share: of.total / total, score: rest > 0 ? score : 0, functions: functions.slice(0, 3) };
}
