// The functions as a table: sorted by any column, only the rows that are seen are in the page.
import { make, say } from './dom.js';
import { human, percent, points, signed } from './numbers.js';
import { labelOf } from './profile.js';
import { plain } from './graph.js';

const ROW = 24;

export class Table {
  // `on` has select(label), open(label), menu(label, x, y), sort(column).
  constructor(element, on) {
    this.on = on;
    this.rows = [];
    this.grid = element;
    element.setAttribute('role', 'grid');
    element.setAttribute('aria-label', 'Functions');
    this.head = make(element, 'div', { class: 'table-head', role: 'row' });
    this.scroll = make(element, 'div', { class: 'table-scroll', tabindex: '0', role: 'rowgroup', 'aria-label': 'Rows' });
    this.space = make(this.scroll, 'div', { class: 'table-space', role: 'presentation' });
    this.scroll.addEventListener('scroll', () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    this.scroll.addEventListener('keydown', (event) => this.key(event));
    this.cursor = -1;
  }

  // `shown` has table, raw, by, unit, wholes, comparison, scale, sort, filter, selected.
  show(shown) {
    const isSame = this.shown && this.shown.table === shown.table && this.shown.sort === shown.sort && this.shown.filter === shown.filter;
    this.shown = shown;
    const { table, raw, by } = shown;
    this.columns = shown.comparison ? DIFF : PLAIN;
    if (!isSame) {
      const rows = [];
      for (let row = 0; row < table.frame.length; row++) {
        if (!shown.filter || shown.filter(table.frame[row])) rows.push({ row, label: plain(labelOf(raw, by, table.frame[row])) });
      }
      const column = this.columns.find(({ id }) => id === shown.sort) || this.columns[0];
      const byLabel = (a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : a.row - b.row;
      // Where the column says nothing, what is larger in all is more likely to be looked for.
      const isName = column.id === 'name', byAll = (a, b) => isName ? 0 : Math.abs(table.all[b.row]) - Math.abs(table.all[a.row]);
      rows.sort((a, b) => column.compare(shown, a, b) || byAll(a, b) || byLabel(a, b));
      this.rows = rows;
    }
    this.space.style.height = this.rows.length * ROW + 'px';
    this.grid.setAttribute('aria-rowcount', String(this.rows.length));
    this.drawHead();
    this.draw();
    if (!isSame) this.reveal();
  }

  drawHead() {
    this.head.replaceChildren();
    for (const { id, title, words, wide } of this.columns) {
      const cell = make(this.head, 'div', { class: 'cell ' + (id === 'name' ? 'name' : wide ? 'number wide' : 'number'), role: 'columnheader', 'aria-sort': this.shown.sort === id ? (id === 'name' ? 'ascending' : 'descending') : 'none' });
      const isNamed = id === 'name' && this.shown.by !== 'function';
      const sort = make(cell, 'button', { type: 'button', title: words }, isNamed ? { package: 'Package', file: 'File', binary: 'Binary', line: 'Line' }[this.shown.by] : title);
      sort.addEventListener('click', () => this.on.sort(id));
    }
  }

  draw() {
    if (!this.shown) return;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - 4);
    const last = Math.min(this.rows.length, Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / ROW) + 4);
    const parts = [];
    for (let at = first; at < last; at++) parts.push(this.row(at));
    if (!this.rows.length) parts.push(make(null, 'p', { class: 'table-none' }, 'No function matches.'));
    this.space.replaceChildren(...parts);
  }

  row(at) {
    const { row, label } = this.rows[at], { shown } = this;
    const element = make(null, 'div', { class: 'row', role: 'row', 'aria-rowindex': String(at + 1), 'aria-selected': String(label === shown.selected) });
    element.style.top = at * ROW + 'px';
    element.dataset.label = label;
    for (const column of this.columns) {
      const cell = make(element, 'div', { class: 'cell ' + (column.id === 'name' ? 'name' : column.wide ? 'number wide' : 'number'), role: 'gridcell' });
      column.fill(cell, shown, row, label);
    }
    element.addEventListener('click', () => { this.cursor = at; this.on.select(label); });
    element.addEventListener('dblclick', () => this.on.open(label));
    element.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      this.on.select(label);
      this.on.menu(label, event.clientX, event.clientY);
    });
    return element;
  }

  reveal() {
    const at = this.rows.findIndex(({ label }) => label === this.shown.selected);
    this.cursor = at;
    if (at < 0) return;
    const top = at * ROW, { scroll } = this;
    if (top < scroll.scrollTop || top + ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = Math.max(0, top - scroll.clientHeight / 3);
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };
    if (Object.hasOwn(steps, event.key) && this.rows.length) {
      this.cursor = Math.min(this.rows.length - 1, Math.max(0, this.cursor + steps[event.key]));
      this.on.select(this.rows[this.cursor].label);
      this.reveal();
    } else if (event.key === 'Enter' && this.rows[this.cursor]) this.on.open(this.rows[this.cursor].label);
    else if (event.key === 'm' && this.rows[this.cursor]) {
      const box = this.scroll.getBoundingClientRect();
      this.on.menu(this.rows[this.cursor].label, box.left + 40, box.top + this.cursor * ROW - this.scroll.scrollTop + ROW);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const by = (value) => (shown, a, b) => Math.abs(value(shown, b.row)) - Math.abs(value(shown, a.row));

function amount(name) {
  return (cell, { table, unit, wholes }, row) => {
    const value = table[name][row], share = wholes[0] ? Math.min(1, Math.abs(value / wholes[0])) : 0;
    const bar = make(cell, 'i', { class: 'bar' });
    bar.style.width = (share * 100).toFixed(1) + '%';
    make(cell, 'b', {}, human(value, unit));
    make(cell, 'small', {}, percent(value, wholes[0]));
  };
}

function name(cell, { raw, table, palette }, row, label) {
  const chip = make(cell, 'i', { class: 'chip' });
  chip.style.background = palette ? palette.of(table.frame[row]) : 'transparent';
  const text = make(cell, 'span', { title: label });
  // The path stands back, so that the eye finds the function.
  const own = raw.names[raw.f_name[table.frame[row]]];
  const short = own.length > 1 ? plain(own[own.length - 1]) : '';
  if (short && label.endsWith(short) && label.length > short.length) {
    make(text, 'span', { class: 'path' }, label.slice(0, -short.length));
    make(text, 'span', {}, short);
  } else make(text, 'span', {}, label);
}

const NAME = { id: 'name', title: 'Function', words: 'The name in full', compare: () => 0, fill: name };
const PLAIN = [
  { id: 'own', title: 'Flat', words: 'What the function does itself', compare: by(({ table }, row) => table.own[row]), fill: amount('own') },
  { id: 'all', title: 'Cumulative', words: 'What the function does itself and what those do that it calls', compare: by(({ table }, row) => table.all[row]), fill: amount('all') },
  NAME,
];

const text = (of) => (cell, shown, row) => say(cell, of(shown, row));
const changeOf = ({ table, share, wholes }, row) => share
  ? table.all[row] / (wholes[0] || 1) - table.allBefore[row] / (wholes[1] || 1) : table.all[row] - table.allBefore[row];
const ownChangeOf = ({ table, share, wholes }, row) => share
  ? table.own[row] / (wholes[0] || 1) - table.ownBefore[row] / (wholes[1] || 1) : table.own[row] - table.ownBefore[row];
const trend = (cell, change) => { cell.dataset.trend = change > 0 ? 'up' : change < 0 ? 'down' : 'same'; };

const DIFF = [
  { id: 'before', title: 'Before', words: 'Cumulative, before', compare: by(({ table }, row) => table.allBefore[row]), fill: text(({ table, unit }, row) => table.allBefore[row] === 0 ? '–' : human(table.allBefore[row], unit)) },
  { id: 'all', title: 'After', words: 'Cumulative, after', compare: by(({ table }, row) => table.all[row]), fill: text(({ table, unit }, row) => table.all[row] === 0 ? '–' : human(table.all[row], unit)) },
  {
    id: 'change', title: 'Change', words: 'After less before, cumulative', compare: by(changeOf),
    fill(cell, { table, unit }, row) {
      const change = table.all[row] - table.allBefore[row];
      trend(cell, change);
      make(cell, 'b', {}, change === 0 ? '0' : signed(change, unit));
    },
  },
  {
    id: 'points', title: 'Share', words: 'Change of the share of the total, in percentage points', compare: by(({ table, wholes }, row) => table.all[row] / (wholes[0] || 1) - table.allBefore[row] / (wholes[1] || 1)),
    fill(cell, { table, wholes }, row) {
      const change = table.all[row] / (wholes[0] || 1) - table.allBefore[row] / (wholes[1] || 1);
      trend(cell, change);
      say(cell, points(change));
    },
  },
  {
    id: 'own', title: 'Flat', wide: true, words: 'Change of what the function does itself', compare: by(ownChangeOf),
    fill(cell, { table, unit }, row) {
      const change = table.own[row] - table.ownBefore[row];
      trend(cell, change);
      say(cell, change === 0 ? '0' : signed(change, unit));
    },
  },
  {
    ...NAME,
    fill(cell, shown, row, label) {
      name(cell, shown, row, label);
      const { table } = shown;
      if (table.allBefore[row] === 0 && table.all[row] !== 0) make(cell, 'em', { class: 'fate' }, 'new');
      if (table.all[row] === 0 && table.allBefore[row] !== 0) make(cell, 'em', { class: 'fate' }, 'gone');
    },
  },
];
