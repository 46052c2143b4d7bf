// The stacks of a profile and all that is done to them. No page in here: runs in a worker, or where there is none.
import { GROUP, decode, keys, labelOf, matches, ranks } from './profile.js';
import { Climbers, Grown, climb, collapse, descend, valued } from './tree.js';
import { laidOut } from './layout.js';
import { differences, groupsOf, neighbours, ofFunctions } from './sums.js';

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
    this.number = 0;
    this.shape = this.forward = null;
  }

  // What the page draws and says for a view. In a tree that is no comparison all is 0 before, which need not be told.
  // Views with the same number of `stacks` have the same table.
  view(view) {
    const forward = this.of(view), { sums, scale, number } = forward;
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
    return { tree: told, stacks: number, sums, cut };
  }

  // The sums of each function in a view.
  tableOf(view) {
    const forward = this.of(view);
    forward.table ||= ofFunctions(forward.tree, this.keyed(view.by).count, this.isGroup, this.raw.comparison);
    return copy(forward.table);
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
    const { skip, nodeOf } = this.shaped(view), { own, before, sums } = this.left(view, skip);
    valued(this.grown, nodeOf, own, before, [[0, nodeOf.length]]);
    const scale = view.share && sums.wholeBefore ? sums.whole / sums.wholeBefore : 1;
    this.forward = { asked, number: ++this.number, tree: this.laidOut(view, scale, false), table: null, sums, scale };
    return this.forward;
  }

  // Grows the tree of a view without its values. The shape is kept until something changes that it depends on.
  shaped(view) {
    const { raw, grown, next } = this, asked = JSON.stringify([view.hide, view.by, view.groups]);
    if (this.shape?.asked === asked) {
      grown.take(this.shape);
      return this.shape;
    }
    const keyed = this.keyed(view.by), skip = this.skipped(view), nodeOf = new Int32Array(raw.count);
    grown.begin(keyed.count, raw.count);
    grown.queue(0, 0, next);
    grown.first[0] = 1;
    descend(grown, 0, raw, { keyOf: keyed.of, skip, merges: !['function', 'line'].includes(view.by), next, nodeOf });
    this.shape = { asked, skip, nodeOf, ...grown.shape() };
    return this.shape;
  }

  // The nodes that are not shown, as a number for each: 1 is none.
  skipped({ hide, groups }) {
    const { raw: { count, frame }, isGroup } = this, skip = new Uint8Array(count), hidden = hide ? matches(this.raw, hide) : null;
    if (hidden === null && groups) return skip;
    for (let id = 1; id < count; id++) {
      const at = frame[id];
      skip[id] = isGroup[at] === 1 ? (groups ? 0 : 1) : hidden !== null ? hidden[at] : 0;
    }
    return skip;
  }

  // The values that filters leave, and the sums of all of them and of what is left.
  left(view, skip) {
    const { raw } = this, { count, comparison, parent, frame } = raw, [divide, divideBefore] = view.divide || [1, 1];
    const hits = (text) => text ? matches(raw, text) : null;
    const focus = hits(view.focus), ignore = hits(view.ignore), isFiltered = Boolean(view.focus || view.ignore || view.hide);
    const state = new Uint8Array(isFiltered ? count : 0), own = new Float64Array(count), before = comparison ? new Float64Array(count) : null;
    const wanted = (focus ? FOCUSED : 0) | (view.hide ? SHOWN : 0);
    const sums = { all: 0, allBefore: 0, kept: 0, keptBefore: 0, whole: 0, wholeBefore: 0 };
    for (let id = 1; id < count; id++) {
      let isLeft = true;
      if (isFiltered) {
        const at = frame[id];
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
    return { own, before, sums };
  }

  // How a side is climbed. Where it would be millions of steps, what nobody can see is not followed.
  climbing(side, view, steps, sums) {
    const least = steps > MOST_STEPS ? (sums.whole + sums.wholeBefore) * LEAST_SHARE : 0;
    return { side, isGroup: view.groups ? this.isGroup : null, least, comparison: this.raw.comparison };
  }

  // Grows a tree with the leaf next to the root. Tells how many parts are not followed to their end.
  inverted({ tree, sums }, view) {
    const { grown, climbers, isGroup } = this, { count, parent, frame, own, ownBefore, depth } = tree, keyed = this.keyed(view.by);
    const groupOf = view.groups ? groupsOf(tree, isGroup) : null;
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
    return climb(grown, tree, climbers, this.climbing(1, view, steps, sums));
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
    const nodeOf = new Int32Array(count);
    descend(grown, 0, tree, { keyOf, skip: null, merges: false, next, nodeOf });
    valued(grown, nodeOf, tree.own, this.raw.comparison ? tree.ownBefore : null, places.map((id) => [id, end[id]]));
    return climb(grown, tree, climbers, this.climbing(-1, view, steps, sums));
  }

  // Who calls a function, what it calls, and where it is.
  details(view, label) {
    const { tree, sums } = this.of(view), named = (frame) => labelOf(this.raw, view.by, frame);
    return { ...neighbours(tree, this.labelled(view, label), named), sums };
  }

  // How much the stacks of each group differ from those of all others.
  differs() { return differences(this.raw, this.isGroup); }
}
