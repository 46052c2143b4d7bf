// The graph: a canvas as large as the window, and who points, touches and types at it.
import { make } from './dom.js';
import { Lettering } from './lettering.js';
import { ROW, paint } from './painting.js';
import { describe, words } from './told.js';
import { beside, down, nodeAt, pathOf, up } from './walk.js';

export class Graph {
  // `on` has select(id), zoom(id), menu(id, x, y), hover(id).
  constructor(element, on) {
    Object.assign(this, { on, tree: null, zoomed: 0, hovered: -1, cursor: 0, found: null, marked: null, rootBelow: false });
    this.scroll = make(element, 'div', { class: 'graph-scroll', tabindex: '0', role: 'tree', 'aria-label': 'Flame graph', 'aria-activedescendant': 'graph-cursor' });
    this.canvas = make(this.scroll, 'canvas', { 'aria-hidden': 'true' });
    this.space = make(this.scroll, 'div', { class: 'graph-space' });
    this.item = make(this.scroll, 'div', { class: 'graph-cursor', id: 'graph-cursor', role: 'treeitem' });
    this.lettering = new Lettering();
    this.dark = matchMedia('(prefers-color-scheme: dark)');
    this.dark.addEventListener('change', () => this.redraw());
    // Asking for sizes would lay out the whole page in the middle of drawing.
    this.size = { width: this.scroll.clientWidth, height: this.scroll.clientHeight, top: 0 };
    new ResizeObserver(() => this.resized()).observe(this.scroll);
    this.listen();
  }

  listen() {
    const { scroll } = this, frameOf = (act) => (event) => {
      const id = this.under(event);
      if (id >= 0) act(id, event);
    };
    scroll.addEventListener('scroll', () => { this.size.top = scroll.scrollTop; this.redraw(); }, { passive: true });
    scroll.addEventListener('pointermove', (event) => { if (event.pointerType !== 'touch') this.hover(this.under(event)); });
    scroll.addEventListener('pointerleave', () => this.hover(-1));
    scroll.addEventListener('click', frameOf((id) => this.select(id)));
    scroll.addEventListener('dblclick', frameOf((id) => this.on.zoom(id)));
    scroll.addEventListener('contextmenu', frameOf((id, event) => {
      event.preventDefault();
      this.select(id);
      this.on.menu(id, event.clientX, event.clientY);
    }));
    scroll.addEventListener('keydown', (event) => this.key(event));
    scroll.addEventListener('focus', () => this.placeCursor());
  }

  // What is drawn, at once: who waits for it has waited for the worker already. `labels` has raw, by, unit, wholes,
  // comparison, scale, rootLabel and a palette; `zoom` is the way to what fills the width.
  show(tree, labels, zoom) {
    const wasAbove = this.tree?.above || 0, isOtherZoom = this.zoom !== zoom;
    Object.assign(this, { tree, labels, zoom, zoomed: nodeAt(tree, zoom), hovered: -1 });
    this.cursor = Math.min(this.cursor, tree.count - 1);
    this.space.style.height = (tree.levels + tree.above) * ROW + 'px';
    // The function in the middle is what is looked at, not its farthest caller.
    if (tree.above !== wasAbove) this.scrollTo(tree.above * ROW - this.size.height / 2);
    if (isOtherZoom) this.moveToZoom();
    this.draw();
  }

  moveToZoom() {
    const { tree, zoomed, size } = this, top = this.rowTop(tree.depth[zoomed]);
    if (!this.isInZoom(this.cursor)) this.cursor = zoomed;
    if (top < size.top || top > size.top + size.height - 2 * ROW) this.scrollTo(top - 2 * ROW);
  }

  scrollTo(top) {
    this.scroll.scrollTop = Math.max(0, top);
    this.size.top = this.scroll.scrollTop;
  }

  resized() {
    const { clientWidth: width, clientHeight: height, scrollTop: top } = this.scroll;
    this.size = { width, height, top };
    this.redraw();
  }

  // With the next frame, however often it is asked for.
  redraw() { this.frame ||= requestAnimationFrame(() => this.draw()); }

  draw() {
    if (this.frame) cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { canvas, tree } = this;
    if (!tree) return;
    const width = this.width, height = Math.max(1, this.size.height), ratio = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      Object.assign(canvas.style, { width: width + 'px', height: height + 'px' });
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.lettering.begin(context);
    this.drawn = paint(this, context, this.lettering, width, height);
    this.placeCursor();
  }

  // ---- places ------------------------------------------------------------------------------

  get width() { return Math.max(1, this.size.width); }
  rowTop(depth) { return ROW * (this.rootBelow ? this.tree.levels - 1 - depth : depth + this.tree.above); }
  get scale() { return this.width / Math.max(this.tree.width[this.zoomed], Number.MIN_VALUE); }
  isInZoom(id) { return id >= this.zoomed && id < this.tree.end[this.zoomed]; }
  isAbove(id) { return id <= this.zoomed && this.zoomed < this.tree.end[id]; }

  place(id) {
    if (!this.isInZoom(id)) return { x: 0, width: this.isAbove(id) ? this.width : 0 };
    const { tree } = this;
    return { x: (tree.start[id] - tree.start[this.zoomed]) * this.scale, width: tree.width[id] * this.scale };
  }

  under(event) {
    const box = this.scroll.getBoundingClientRect();
    return this.hit(event.clientX - box.left, event.clientY - box.top + this.scroll.scrollTop);
  }

  // The frame at a place of the picture, -1 for none.
  hit(x, y) {
    const { tree, zoomed } = this;
    if (!tree) return -1;
    const row = Math.floor(y / ROW), depth = this.rootBelow ? tree.levels - 1 - row : row - tree.above;
    if (depth < -tree.above || depth >= tree.levels) return -1;
    if (depth === 0) return 0;
    const side = Math.sign(tree.depth[zoomed]), from = side === 0 || side === Math.sign(depth) ? zoomed : 0;
    let id = from;
    while (Math.abs(tree.depth[id]) > Math.abs(depth)) id = tree.parent[id];
    const at = tree.start[from] + x * tree.width[from] / this.width;
    while (id >= 0 && tree.depth[id] !== depth) id = this.childAt(id, at, Math.sign(depth));
    return id;
  }

  childAt(id, at, side) {
    const { depth, start, width, end } = this.tree;
    for (let child = id + 1; child < end[id]; child = end[child]) {
      if (depth[child] === depth[id] + side && at >= start[child] && at < start[child] + width[child]) return child;
    }
    return -1;
  }

  path(id) { return pathOf(this.tree, id); }

  // ---- what is said of a frame ---------------------------------------------------------------

  describe(id) { return describe(this.tree, this.labels, id, this.zoomed); }

  placeCursor() {
    const { tree, item, cursor } = this;
    if (!tree) return;
    const { x, width } = this.place(cursor), top = this.rowTop(tree.depth[cursor]);
    Object.assign(item.style, { left: Math.max(0, x) + 'px', top: top + 'px', width: Math.max(2, Math.min(width, this.width - x)) + 'px', height: ROW - 1 + 'px' });
    item.setAttribute('aria-label', words(this.describe(cursor)));
    item.setAttribute('aria-level', String(Math.abs(tree.depth[cursor]) + 1));
    item.setAttribute('aria-selected', String(this.marked !== null && tree.key[cursor] === this.marked));
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

  moveTo(id) {
    if (id < 0) return;
    this.cursor = id;
    const top = this.rowTop(this.tree.depth[id]), { size } = this;
    if (top < size.top) this.scrollTo(top);
    else if (top + ROW > size.top + size.height) this.scrollTo(top + ROW - size.height);
    this.placeCursor();
    this.on.hover(id);
  }

  // Where a key leads to, -1 for nowhere.
  step(key) {
    const { tree, cursor, rootBelow } = this;
    switch (key) {
      case 'ArrowDown': return (rootBelow ? up : down)(tree, cursor);
      case 'ArrowUp': return (rootBelow ? down : up)(tree, cursor);
      case 'ArrowLeft': return beside(tree, cursor)[0];
      case 'ArrowRight': return beside(tree, cursor)[1];
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
