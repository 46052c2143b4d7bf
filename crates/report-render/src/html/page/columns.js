// The columns of the table: what stands in them, and what they are sorted by. `size` is of a row, larger ones first; a column
// without it is sorted by name.
import { make, say } from './dom.js';
import { plain } from './names.js';
import { human, percent, points, signed } from './numbers.js';

const trend = (change) => change > 0 ? 'up' : change < 0 ? 'down' : 'same';

// A value, its share, and a bar as long as that.
function amount(column) {
  return (cell, { table, unit, wholes: [whole] }, row) => {
    const value = table[column][row], share = whole ? Math.min(1, Math.abs(value / whole)) : 0;
    make(cell, 'i', { class: 'bar' }).style.width = (share * 100).toFixed(1) + '%';
    make(cell, 'b', {}, human(value, unit));
    make(cell, 'small', {}, percent(value, whole));
  };
}

function name(cell, { raw, by, table, palette }, row, label) {
  const chip = make(cell, 'i', { class: 'chip' });
  chip.style.background = palette ? palette.of(table.frame[row]) : 'transparent';
  const text = make(cell, 'span', { title: label });
  // The path stands back, so that the eye finds the function.
  const path = ['function', 'line'].includes(by) ? pathOf(raw.names[raw.f_name[table.frame[row]]], label) : label.lastIndexOf('/') + 1;
  if (path > 0) make(text, 'span', { class: 'path' }, label.slice(0, path));
  make(text, 'span', {}, label.slice(path));
}

// How long the path before a function's own name is; with a line behind it, too.
function pathOf(forms, label) {
  const at = forms.length > 1 ? label.lastIndexOf(plain(forms[forms.length - 1])) : 0;
  return Math.max(0, at);
}

const NAME = { id: 'name', title: 'Function', words: 'The name in full', fill: name };

export const PLAIN = [
  { id: 'own', title: 'Flat', words: 'What the function does itself', size: ({ table }, row) => table.own[row], fill: amount('own') },
  { id: 'all', title: 'Cumulative', words: 'What the function does itself and what those do that it calls', size: ({ table }, row) => table.all[row], fill: amount('all') },
  NAME,
];

// After less before of a pair of columns: in shares of the totals, in values, or in what is wanted.
const pointsOf = (after, before) => ({ table, wholes: [whole, wholeBefore] }, row) => table[after][row] / (whole || 1) - table[before][row] / (wholeBefore || 1);
const valueOf = (after, before) => ({ table }, row) => table[after][row] - table[before][row];
const changeOf = (after, before) => (shown, row) => (shown.share ? pointsOf : valueOf)(after, before)(shown, row);

const amountOf = (column) => (cell, { table, unit }, row) => say(cell, table[column][row] === 0 ? '–' : human(table[column][row], unit));

function change(after, before, tag) {
  const of = valueOf(after, before);
  return (cell, shown, row) => {
    const value = of(shown, row);
    cell.dataset.trend = trend(value);
    make(cell, tag, {}, value === 0 ? '0' : signed(value, shown.unit));
  };
}

function share(cell, shown, row) {
  const value = pointsOf('all', 'allBefore')(shown, row);
  cell.dataset.trend = trend(value);
  say(cell, points(value));
}

function nameAndFate(cell, shown, row, label) {
  name(cell, shown, row, label);
  const { all, allBefore } = shown.table, fate = all[row] !== 0 && allBefore[row] === 0 ? 'new' : all[row] === 0 && allBefore[row] !== 0 ? 'gone' : '';
  if (fate) make(cell, 'em', { class: 'fate' }, fate);
}

export const COMPARED = [
  { id: 'before', title: 'Before', words: 'Cumulative, before', size: ({ table }, row) => table.allBefore[row], fill: amountOf('allBefore') },
  { id: 'all', title: 'After', words: 'Cumulative, after', size: ({ table }, row) => table.all[row], fill: amountOf('all') },
  { id: 'change', title: 'Change', words: 'After less before, cumulative', size: changeOf('all', 'allBefore'), fill: change('all', 'allBefore', 'b') },
  { id: 'points', title: 'Share', words: 'Change of the share of the total, in percentage points', size: pointsOf('all', 'allBefore'), fill: share },
  { id: 'own', title: 'Flat', wide: true, words: 'Change of what the function does itself', size: changeOf('own', 'ownBefore'), fill: change('own', 'ownBefore', 'span') },
  { ...NAME, fill: nameAndFate },
];
