// The functions as a table: sorted by any column, only the rows that are seen are in the page.
import { COMPARED, PLAIN } from './columns.js';
import { make } from './dom.js';
import { plain } from './names.js';
import { labelOf } from './profile.js';

const ROW = 24;
// Rows beyond those that are seen, above and below.
const SPARE = 4;
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity };
// What the column of names is called where they are no functions.
const NAMED = { package: 'Package', file: 'File', binary: 'Binary', line: 'Line' };

export class Table {
  // `on` has select(label), open(label), menu(label, x, y), sort(column).
  constructor(element, on) {
    Object.assign(this, { on, grid: element, rows: [], cursor: -1 });
    element.setAttribute('role', 'grid');
    element.setAttribute('aria-label', 'Functions');
    this.head = make(element, 'div', { class: 'table-head', role: 'row' });
    this.scroll = make(element, 'div', { class: 'table-scroll', tabindex: '0', role: 'rowgroup', 'aria-label': 'Rows' });
    this.space = make(this.scroll, 'div', { class: 'table-space', role: 'presentation' });
    this.scroll.addEventListener('scroll', () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    this.scroll.addEventListener('keydown', (event) => this.key(event));
  }

  // `shown` has table, raw, by, unit, wholes, comparison, scale, share, sort, filter, selected, palette.
  show(shown) {
    const isSame = this.shown && ['table', 'sort', 'share', 'filter'].every((name) => this.shown[name] === shown[name]);
    const isOtherChoice = this.shown?.selected !== shown.selected;
    this.shown = shown;
    this.columns = shown.comparison ? COMPARED : PLAIN;
    if (!isSame) {
      this.rows = sorted(shown, this.columns.find(({ id }) => id === shown.sort) || this.columns[0]);
      this.space.style.height = this.rows.length * ROW + 'px';
      this.grid.setAttribute('aria-rowcount', String(this.rows.length));
      this.drawHead();
    }
    if (!isSame || isOtherChoice) this.reveal();
    this.draw();
  }

  drawHead() {
    this.head.replaceChildren();
    for (const { id, title, words, wide } of this.columns) {
      const isName = id === 'name', order = this.shown.sort !== id ? 'none' : isName ? 'ascending' : 'descending';
      const cell = make(this.head, 'div', { class: cellClass(id, wide), role: 'columnheader', 'aria-sort': order });
      const sort = make(cell, 'button', { type: 'button', title: words }, isName && NAMED[this.shown.by] || title);
      sort.addEventListener('click', () => this.on.sort(id));
    }
  }

  draw() {
    if (!this.shown) return;
    const { scrollTop, clientHeight } = this.scroll, parts = [];
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
    for (let at = Math.max(0, Math.floor(scrollTop / ROW) - SPARE); at < last; at++) parts.push(this.row(at));
    if (!this.rows.length) parts.push(make(null, 'p', { class: 'table-none' }, 'No function matches.'));
    this.space.replaceChildren(...parts);
  }

  row(at) {
    const { row, label, name } = this.rows[at], { shown } = this;
    const element = make(null, 'div', { class: 'row', role: 'row', 'aria-rowindex': String(at + 1), 'aria-selected': String(label === shown.selected) });
    element.style.top = at * ROW + 'px';
    element.dataset.label = name;
    for (const { id, wide, fill } of this.columns) fill(make(element, 'div', { class: cellClass(id, wide), role: 'gridcell' }), shown, row, name);
    element.addEventListener('click', () => this.choose(at));
    element.addEventListener('dblclick', () => this.on.open(label));
    element.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      this.choose(at);
      this.on.menu(label, event.clientX, event.clientY);
    });
    return element;
  }

  // Shown at once, whatever else follows.
  choose(at) {
    this.cursor = at;
    const { label } = this.rows[at];
    this.shown = { ...this.shown, selected: label };
    for (const row of this.space.children) row.setAttribute('aria-selected', String(row.getAttribute('aria-rowindex') === String(at + 1)));
    this.on.select(label);
  }

  // Scrolls to what is chosen.
  reveal() {
    this.cursor = this.shown.selected ? this.rows.findIndex(({ label }) => label === this.shown.selected) : -1;
    this.scrollToCursor(this.scroll.clientHeight / 3);
  }

  scrollToCursor(above) {
    const top = this.cursor * ROW, { scroll } = this;
    if (top < 0) return;
    if (top < scroll.scrollTop) scroll.scrollTop = Math.max(0, top - above);
    else if (top + ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = above ? top - above : top + ROW - scroll.clientHeight;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const current = this.rows[this.cursor];
    if (Object.hasOwn(STEPS, event.key) && this.rows.length) {
      this.choose(Math.min(this.rows.length - 1, Math.max(0, this.cursor + STEPS[event.key])));
      this.scrollToCursor(0);
    } else if (event.key === 'Enter' && current) this.on.open(current.label);
    else if (event.key === 'm' && current) {
      const box = this.scroll.getBoundingClientRect();
      this.on.menu(current.label, box.left + 40, box.top + this.cursor * ROW - this.scroll.scrollTop + ROW);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const cellClass = (id, wide) => 'cell ' + (id === 'name' ? 'name' : wide ? 'number wide' : 'number');

// The rows that the filter leaves, in order: by the column, then by what is larger in all, then by name.
function sorted(shown, column) {
  const { table, raw, by, filter } = shown, rows = [];
  for (let row = 0; row < table.frame.length; row++) {
    if (filter && !filter(table.frame[row])) continue;
    const size = column.size ? Math.abs(column.size(shown, row)) : 0;
    const label = labelOf(raw, by, table.frame[row]);
    rows.push({ row, label, name: plain(label), size, all: column.size ? Math.abs(table.all[row]) : 0 });
  }
  const byLabel = (a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : a.row - b.row;
  return rows.sort((a, b) => b.size - a.size || b.all - a.all || byLabel(a, b));
}
