// The graph: a canvas as large as the window, of which only what is visible is drawn.
import { human, percent, points, signed } from './numbers.js';
import { changeColour } from './colours.js';
import { labelOf } from './profile.js';

const ROW = 19, PAD = 3, MIN_BOX = 0.4, MIN_TEXT = 18;
const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
// Where a name has no room, smaller letters come before fewer ones.
const FONTS = ['12px ' + FAMILY, '10px ' + FAMILY];
// What is less says nothing.
const LEAST_LETTERS = 3;
// Would change the order of what stands beside them.
const REORDERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const plain = (text) => text.replace(REORDERING, '\ufffd');

export class Graph {
  // `on` has select(id), zoom(id), menu(id, x, y), hover(id).
  constructor(element, on) {
    Object.assign(this, { element, on, tree: null, zoomed: 0, hovered: -1, cursor: 0, found: null, marked: null, rootBelow: false });
    const make = (tag, className, attributes = {}) => {
      const made = document.createElement(tag);
      made.className = className;
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      element.append(made);
      return made;
    };
    this.scroll = make('div', 'graph-scroll', { tabindex: '0', role: 'tree', 'aria-label': 'Flame graph' });
    this.canvas = document.createElement('canvas');
    this.canvas.setAttribute('aria-hidden', 'true');
    this.space = document.createElement('div');
    this.space.className = 'graph-space';
    this.item = document.createElement('div');
    Object.assign(this.item, { className: 'graph-cursor', id: 'graph-cursor' });
    this.item.setAttribute('role', 'treeitem');
    this.scroll.append(this.canvas, this.space, this.item);
    this.scroll.setAttribute('aria-activedescendant', 'graph-cursor');
    this.widths = new Map();
    this.dark = matchMedia('(prefers-color-scheme: dark)');
    this.dark.addEventListener('change', () => this.redraw());
    new ResizeObserver(() => this.resized()).observe(element);
    this.listen();
  }

  listen() {
    const { scroll } = this;
    const at = (event) => {
      const box = scroll.getBoundingClientRect();
      return this.hit(event.clientX - box.left, event.clientY - box.top + scroll.scrollTop);
    };
    scroll.addEventListener('scroll', () => this.redraw(), { passive: true });
    scroll.addEventListener('pointermove', (event) => { if (event.pointerType !== 'touch') this.hover(at(event)); });
    scroll.addEventListener('pointerleave', () => this.hover(-1));
    scroll.addEventListener('click', (event) => {
      const id = at(event);
      if (id >= 0) this.select(id);
    });
    scroll.addEventListener('dblclick', (event) => {
      const id = at(event);
      if (id >= 0) this.on.zoom(id);
    });
    scroll.addEventListener('contextmenu', (event) => {
      const id = at(event);
      if (id < 0) return;
      event.preventDefault();
      this.select(id);
      this.on.menu(id, event.clientX, event.clientY);
    });
    scroll.addEventListener('keydown', (event) => this.key(event));
    scroll.addEventListener('focus', () => this.placeCursor());
  }

  // What is drawn. `labels` has raw, by, unit, wholes, share and a palette.
  show(tree, labels) {
    const isOther = labels.raw !== this.labels?.raw, wasAbove = this.tree?.above || 0;
    this.tree = tree;
    this.labels = labels;
    if (isOther) this.widths.clear();
    this.zoomed = Math.min(this.zoomed, tree.count - 1);
    this.cursor = Math.min(this.cursor, tree.count - 1);
    this.hovered = -1;
    this.space.style.height = (tree.levels + tree.above) * ROW + 'px';
    // The function in the middle is what is looked at, not its farthest caller.
    if (tree.above !== wasAbove) this.scroll.scrollTop = Math.max(0, tree.above * ROW - this.scroll.clientHeight / 2);
    this.redraw();
    this.placeCursor();
  }

  resized() {
    if (!this.tree) return;
    this.redraw();
    this.placeCursor();
  }

  redraw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  // ---- places ------------------------------------------------------------------------------

  get width() { return Math.max(1, this.scroll.clientWidth); }
  rowTop(depth) { return ROW * (this.rootBelow ? this.tree.levels - 1 - depth : depth + this.tree.above); }
  get scale() { return this.width / Math.max(this.tree.width[this.zoomed], Number.MIN_VALUE); }
  isInZoom(id) { return id >= this.zoomed && id < this.tree.end[this.zoomed]; }
  isAbove(id) { return id <= this.zoomed && this.zoomed < this.tree.end[id]; }

  place(id) {
    if (!this.isInZoom(id)) return { x: 0, width: this.isAbove(id) ? this.width : 0 };
    const { tree } = this;
    return { x: (tree.start[id] - tree.start[this.zoomed]) * this.scale, width: tree.width[id] * this.scale };
  }

  hit(x, y) {
    const { tree } = this;
    if (!tree) return -1;
    const row = Math.floor(y / ROW), depth = this.rootBelow ? tree.levels - 1 - row : row - tree.above;
    if (depth < -tree.above || depth >= tree.levels) return -1;
    if (depth === 0) return 0;
    let id = this.zoomed;
    const zoomDepth = tree.depth[id], isSameSide = zoomDepth === 0 || Math.sign(zoomDepth) === Math.sign(depth);
    if (!isSameSide) id = 0;
    while (Math.abs(tree.depth[id]) > Math.abs(depth)) id = tree.parent[id];
    const from = isSameSide ? tree.start[this.zoomed] : 0;
    const scale = isSameSide ? this.scale : this.width / Math.max(tree.width[0], Number.MIN_VALUE);
    const at = from + x / scale, step = Math.sign(depth);
    while (tree.depth[id] !== depth) {
      let child = id + 1;
      const isIn = () => tree.depth[child] === tree.depth[id] + step && at >= tree.start[child] && at < tree.start[child] + tree.width[child];
      while (child < tree.end[id] && !isIn()) child = tree.end[child];
      if (child >= tree.end[id]) return -1;
      id = child;
    }
    return id;
  }

  // ---- drawing -----------------------------------------------------------------------------

  draw() {
    this.frame = 0;
    const { canvas, scroll, tree } = this, width = this.width, height = Math.max(1, scroll.clientHeight);
    if (!tree) return;
    const ratio = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = width + 'px';
      canvas.style.height = height + 'px';
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.font = 0;
    context.font = FONTS[0];
    context.textBaseline = 'middle';
    this.drawn = [];
    const paint = this.painter(context, width);
    const offset = scroll.scrollTop, rows = [Math.floor(offset / ROW), Math.ceil((offset + height) / ROW)];
    const [first, last] = this.rootBelow
      ? [tree.levels - 1 - rows[1], tree.levels - 1 - rows[0]] : [rows[0] - tree.above, rows[1] - tree.above];
    for (let id = tree.parent[this.zoomed]; id >= 0; id = tree.parent[id]) {
      if (tree.depth[id] >= first && tree.depth[id] <= last) paint(id, 0, width, true);
    }
    this.paintUnder(paint, this.zoomed, this.scale, first, last, 0);
    // The other half of a sandwich stays as it is.
    const side = Math.sign(tree.depth[this.zoomed]);
    if (side !== 0 && tree.above > 0) this.paintUnder(paint, 0, width / tree.width[0], first, last, -side);
    this.placeCursor();
  }

  paintUnder(paint, from, pixels, first, last, onlySide) {
    const { tree } = this, painted = new Int32Array(tree.levels + tree.above).fill(-1);
    for (let id = from; id < tree.end[from];) {
      const depth = tree.depth[id], x = (tree.start[id] - tree.start[from]) * pixels, width = tree.width[id] * pixels;
      const isNarrow = width < MIN_BOX, row = depth + tree.above;
      const isBeyond = depth >= 0 ? depth > last : depth < first;
      const isOtherSide = onlySide !== 0 && depth !== 0 && Math.sign(depth) !== onlySide;
      if (isBeyond && Math.abs(depth) > 0 || isOtherSide || isNarrow && painted[row] >= Math.floor(x)) {
        id = tree.end[id];
        continue;
      }
      if (isNarrow) painted[row] = Math.floor(x);
      const isDrawn = depth >= first && depth <= last && width > 0 && !(onlySide !== 0 && depth === 0);
      if (isDrawn) paint(id, x, width, false);
      id = isNarrow ? tree.end[id] : id + 1;
    }
  }

  painter(context, viewWidth) {
    const { tree, labels } = this, dark = this.dark.matches, hoveredKey = this.hovered > 0 ? tree.key[this.hovered] : -1;
    const ink = dark ? '#eef0f3' : '#16181d', faint = dark ? '#9aa0ab' : '#5d6370';
    return (id, x, width, isAbove) => {
      const y = this.rowTop(tree.depth[id]) - this.scroll.scrollTop;
      const isFound = this.found === null || this.found(tree.frame[id]);
      const isLike = hoveredKey >= 0 && tree.key[id] === hoveredKey && id !== 0;
      const isSelected = this.marked !== null && tree.key[id] === this.marked && id !== 0;
      context.globalAlpha = isAbove ? 0.6 : isFound ? 1 : 0.28;
      context.fillStyle = this.colour(id, dark);
      const shown = width > 2.5 ? width - 1 : width;
      context.fillRect(x, y, shown, ROW - 1);
      context.globalAlpha = 1;
      if (isLike || isSelected || (this.found !== null && isFound && id !== 0)) {
        context.strokeStyle = isSelected ? (dark ? '#ffffff' : '#111827') : isLike ? (dark ? '#c3cad6' : '#4b5563') : '#c2187a';
        context.lineWidth = isSelected ? 1.5 : 1;
        if (shown > 3) context.strokeRect(x + 0.5, y + 0.5, shown - 1, ROW - 2);
        else { context.fillStyle = context.strokeStyle; context.fillRect(x, y, Math.max(1, shown), ROW - 1); }
      }
      if (width < MIN_TEXT) return;
      const room = Math.min(width, viewWidth - x) - 2 * PAD;
      const text = this.fitting(context, id, room);
      if (text === '') return;
      context.fillStyle = isFound || isAbove ? ink : faint;
      context.fillText(text, x + PAD, y + ROW / 2 + 0.5, room);
      this.drawn.push([id, text, width]);
    };
  }

  colour(id, dark) {
    const { tree, labels } = this;
    if (labels.palette) return labels.palette.of(tree.frame[id]);
    return changeColour(this.changeShare(id), dark);
  }

  // From -1 to 1: how much a node changed, of what it was or of what it is.
  changeShare(id) {
    const { tree, labels } = this, before = tree.before[id] * labels.scale, most = Math.max(Math.abs(before), Math.abs(tree.value[id]));
    return most === 0 ? 0 : (tree.value[id] - before) / most;
  }

  measure(context, text, font) {
    if (font !== this.font) {
      this.font = font;
      context.font = FONTS[font];
    }
    const known = this.widths.get(text);
    if (known !== undefined) return font === 0 ? known : known * 10 / 12;
    if (font !== 0) return this.measure(context, text, 0) * 10 / 12;
    const width = context.measureText(text).width;
    if (this.widths.size > 200000) this.widths.clear();
    this.widths.set(text, width);
    return width;
  }

  // The longest of a name's short forms that has room; else the shortest in smaller letters, or its beginning.
  fitting(context, id, room) {
    const forms = this.names(id), { tree } = this;
    let mark = tree.skipped[id] > 0 ? `⋯${tree.skipped[id]} ` : '';
    if (this.labels.comparison && id !== 0) {
      const change = this.changeShare(id);
      if (Math.abs(change) >= 1e-4) mark = (change > 0 ? '+ ' : '− ') + mark;
    }
    for (const form of forms) if (this.measure(context, mark + form, 0) <= room) return this.use(context, mark + form, 0);
    const shortest = forms[forms.length - 1];
    for (const text of [mark + shortest, shortest]) if (this.measure(context, text, 1) <= room) return this.use(context, text, 1);
    const whole = this.measure(context, shortest, 1);
    let letters = Math.floor(shortest.length * room / whole);
    while (letters > 0 && this.measure(context, shortest.slice(0, letters) + '…', 1) > room) letters--;
    return letters < LEAST_LETTERS ? '' : this.use(context, shortest.slice(0, letters) + '…', 1);
  }

  use(context, text, font) {
    if (this.font !== font) {
      this.font = font;
      context.font = FONTS[font];
    }
    return text;
  }

  names(id) {
    const { tree, labels } = this, frame = tree.frame[id];
    if (id === 0 && tree.above === 0) return [labels.rootLabel];
    const { raw, by } = labels;
    if (by !== 'function' || frame < 0 || raw.f_kind[frame] === 2) return shorterPaths(plain(labelOf(raw, by, frame)));
    return (raw.safe ||= raw.names.map((forms) => forms.map(plain)))[raw.f_name[frame]];
  }

  label(id) { return id === 0 && this.tree.above === 0 ? 'root' : plain(labelOf(this.labels.raw, this.labels.by, this.tree.frame[id])); }

  // ---- what is known of a frame --------------------------------------------------------------

  describe(id) {
    const { tree, labels } = this, value = tree.value[id], [whole, wholeBefore] = labels.wholes;
    const zoomed = tree.value[this.zoomed], parent = tree.parent[id] >= 0 ? tree.value[tree.parent[id]] : value;
    const said = {
      name: this.label(id), value: human(value, labels.unit), percent: percent(value, whole),
      own: human(tree.own[id], labels.unit), ownPercent: percent(tree.own[id], whole),
      ofParent: percent(value, parent), ofZoom: percent(value, zoomed), skipped: tree.skipped[id],
    };
    if (labels.comparison) {
      const before = tree.before[id], share = value / (whole || 1) - before / (wholeBefore || 1);
      Object.assign(said, {
        before: human(before, labels.unit), change: signed(value - before, labels.unit), points: points(share),
        fate: before === 0 && value !== 0 ? 'new' : value === 0 && before !== 0 ? 'gone' : '',
      });
    }
    return said;
  }

  words(id) {
    const { value, percent: share, own, before, change, points: pp, fate, name } = this.describe(id);
    return before === undefined ? `${name}: ${value}, ${share}; flat ${own}` : `${name}: ${before} before, ${value} after, ${change} (${pp})${fate ? ', ' + fate : ''}`;
  }

  // ---- moving ------------------------------------------------------------------------------

  hover(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.scroll.style.cursor = id >= 0 ? 'pointer' : 'default';
    this.redraw();
    this.on.hover(id);
  }

  select(id) {
    this.cursor = id;
    this.placeCursor();
    this.on.select(id);
  }

  zoomTo(id) {
    this.zoomed = id;
    if (!this.isInZoom(this.cursor)) this.cursor = id;
    const top = this.rowTop(this.tree.depth[id]), { scroll } = this;
    if (top < scroll.scrollTop || top > scroll.scrollTop + scroll.clientHeight - 2 * ROW) scroll.scrollTop = Math.max(0, top - 2 * ROW);
    this.redraw();
    this.placeCursor();
  }

  // The way from the root to a node, as the position of each among its siblings: the same for the same answer.
  path(id) {
    const { tree } = this, steps = [];
    for (let at = id; tree.parent[at] >= 0; at = tree.parent[at]) {
      let number = 0;
      for (let sibling = tree.parent[at] + 1; sibling < at; sibling = tree.end[sibling]) number++;
      steps.push(number);
    }
    return steps.reverse().join('.');
  }

  at(path) {
    const { tree } = this;
    let id = 0;
    for (const step of path === '' ? [] : path.split('.').map(Number)) {
      let child = id + 1;
      for (let number = 0; number < step && child < tree.end[id]; number++) child = tree.end[child];
      if (!(child < tree.end[id])) return id;
      id = child;
    }
    return id;
  }

  placeCursor() {
    const { tree, item, cursor } = this;
    if (!tree) return;
    const { x, width } = this.place(cursor), top = this.rowTop(tree.depth[cursor]);
    Object.assign(item.style, { left: Math.max(0, x) + 'px', top: top + 'px', width: Math.max(2, Math.min(width, this.width - x)) + 'px', height: ROW - 1 + 'px' });
    item.setAttribute('aria-label', this.words(cursor));
    item.setAttribute('aria-level', String(Math.abs(tree.depth[cursor]) + 1));
    item.setAttribute('aria-selected', String(this.marked !== null && tree.key[cursor] === this.marked));
  }

  moveTo(id) {
    if (id < 0) return;
    this.cursor = id;
    const top = this.rowTop(this.tree.depth[id]), { scroll } = this;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    if (top + ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + ROW - scroll.clientHeight;
    this.placeCursor();
    this.on.hover(id);
  }

  // The widest child that is drawn, or a neighbour on the same level.
  step(key) {
    const { tree, cursor } = this, depth = tree.depth[cursor];
    const down = this.rootBelow ? 'ArrowUp' : 'ArrowDown', up = this.rootBelow ? 'ArrowDown' : 'ArrowUp';
    const child = (side) => {
      let best = -1;
      for (let id = cursor + 1; id < tree.end[cursor]; id = tree.end[id]) {
        if (tree.depth[id] === depth + side && (best < 0 || tree.width[id] > tree.width[best])) best = id;
      }
      return best;
    };
    const parent = tree.parent[cursor];
    switch (key) {
      case down: return depth < 0 ? parent : child(1);
      case up: return depth < 0 || depth === 0 && tree.above > 0 ? child(-1) : parent;
      case 'ArrowRight': case 'ArrowLeft': {
        if (parent < 0) return -1;
        let before = -1;
        for (let id = parent + 1; id < tree.end[parent]; id = tree.end[id]) {
          if (tree.depth[id] !== depth) continue;
          if (key === 'ArrowLeft' && id === cursor) return before;
          if (key === 'ArrowRight' && before === cursor) return id;
          before = id;
        }
        return -1;
      }
      case 'Home': return this.zoomed;
      default: return -1;
    }
  }

  key(event) {
    if (!this.tree || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^Arrow|^Home$/.test(event.key)) this.moveTo(this.step(event.key));
    else if (event.key === 'Enter') this.on.zoom(this.cursor);
    else if (event.key === ' ') this.select(this.cursor);
    else if (event.key === 'm') {
      const box = this.item.getBoundingClientRect();
      this.select(this.cursor);
      this.on.menu(this.cursor, box.left + 8, box.bottom);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function shorterPaths(text) {
  const forms = [text];
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) if (at + 1 < text.length) forms.push(text.slice(at + 1));
  return forms;
}
