// Sums over a tree: of each function, of the neighbours of one, and how groups differ. No page in here.
import { labelOf } from './profile.js';

const MOST_NEIGHBOURS = 50;

// The sums of each function; one that is several times in a stack counts once.
export function ofFunctions(tree, keyCount, isGroup, comparison) {
  const { count, key, frame, depth, value, before, own, ownBefore, levels } = tree;
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

// The group that each node is in; 0 where it is in none.
export function groupsOf({ count, parent, frame }, isGroup) {
  const of = new Int32Array(count);
  for (let id = 1; id < count; id++) of[id] = isGroup[frame[id]] === 1 ? id : of[parent[id]];
  return of;
}

// Who calls the functions with some keys, what they call, and where they are; named(frame) is a frame's label.
export function neighbours(tree, is, named) {
  const { count, parent, end, frame, key, value, before } = tree;
  const callers = new Map(), callees = new Map(), places = new Map();
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
  const most = (rows) => [...rows.values()].sort((a, b) => size(b) - size(a)).slice(0, MOST_NEIGHBOURS)
    .map((row) => ({ ...row, label: named(row.frame) }));
  return { ...sum, callers: most(callers), callees: most(callees), places: most(places) };
}

// How much the stacks of each group differ from those of all others: half the sum of the differences of all
// functions' own shares, 0 for the same and 1 for nothing in common.
export function differences(raw, isGroup) {
  const groups = new Map(), all = new Map(), groupOf = groupsOf(raw, isGroup);
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
