// The tools: search, what frames are, what is turned and filtered, which panes are open.
import { byId, button, make, say } from './dom.js';
import { shortLabel } from './functions.js';
import { plain } from './names.js';
import { percent } from './numbers.js';
import { change, isServer, list, moments, page } from './page.js';
import { parseQuery } from './selector.js';
import { matched, nextMatch } from './view.js';

const BY = [['function', 'Functions'], ['package', 'Packages'], ['file', 'Files'], ['binary', 'Binaries'], ['line', 'Lines']];
const COLOURS = [['package', 'Colour: package'], ['file', 'Colour: file'], ['binary', 'Colour: binary'], ['function', 'Colour: function']];
const TURNS = [
  ['invert', 'Invert', 'Leaves on top, callers below them (i)'],
  ['collapse', 'Collapse', 'Runs of functions that only call the next one become one (c)'],
];
const LONGEST_FILTER = 40;

let tools = null;

export function drawTools() {
  tools ||= page.tools = makeTools(byId('tools'));
  const { raw, state } = page;
  if (document.activeElement !== tools.search) tools.search.value = state.search;
  drawMatched();
  for (const name of ['by', 'colour', 'diff', 'order', 'show']) tools[name].value = state[name];
  tools.colour.hidden = raw.comparison || !['function', 'line'].includes(state.by);
  tools.group.hidden = !isServer() || raw.comparison;
  offerGroups([state.groupBy]);
  tools.group.value = state.groupBy;
  tools.diff.hidden = !raw.comparison;
  tools.sums.hidden = !moments().some((number) => number > 1);
  tools.sums.value = state.sums === 'sum' ? 'sum' : 'mean';
  for (const [name] of TURNS) tools[name].setAttribute('aria-pressed', String(Boolean(state[name])));
  drawFilters();
}

function drawMatched() {
  if (!page.found) { say(tools.matched, ''); return; }
  const { sum, count } = matched();
  say(tools.matched, `${count} frames, ${percent(sum, page.wholes[0])}`);
}

// What is filtered, each to be taken off by a click.
function drawFilters() {
  const { state } = page;
  tools.filters.replaceChildren();
  const chip = (words, off, title) => button(tools.filters, words + ' ×', () => change(off), { class: 'filter', title });
  const shown = (text) => plain(text.replace(/^\^(.*)\$$/, '$1').replace(/\\(.)/g, '$1')).slice(0, LONGEST_FILTER);
  if (state.sandwich) chip('around ' + shortLabel(state.sandwich), { sandwich: '', zoom: '' }, state.sandwich);
  for (const name of ['focus', 'ignore', 'hide']) if (state[name]) chip(`${name} ${shown(state[name])}`, { [name]: '', zoom: '' }, state[name]);
  if (state.zoom) chip('zoom', { zoom: '' }, 'Back to all');
}

function makeTools(element) {
  const made = { search: makeSearch(element), matched: make(element, 'output', { id: 'matched' }) };
  const select = (name, title, options, { of = name, how = 'push' } = {}) => {
    made[name] = make(element, 'select', { 'aria-label': title, title });
    for (const [value, text] of options) make(made[name], 'option', { value }, text);
    made[name].addEventListener('change', () => change({ [of]: made[name].value, zoom: '' }, how));
  };
  select('by', 'What a frame is', BY);
  select('colour', 'What colours say', COLOURS, { how: 'replace' });
  select('group', 'Stacks of each value of a label apart', [['', 'No groups']], { of: 'groupBy' });
  select('diff', 'What changes are measured in', [['share', 'As shares of the total'], ['value', 'As absolute values']]);
  select('sums', 'Snapshots', [['mean', 'Mean of snapshots'], ['sum', 'Sum of snapshots']]);
  select('order', 'Order of frames', [['value', 'Largest first'], ['name', 'By name'], ['change', 'Most changed first']]);
  made.order.hidden = true;
  for (const [name, text, title] of TURNS) {
    const turn = () => change({ [name]: page.state[name] ? '' : '1', sandwich: '', zoom: '' });
    made[name] = button(element, text, turn, { 'aria-pressed': 'false', title });
  }
  made.filters = make(element, 'span', { id: 'filters' });
  make(element, 'span', { class: 'room' });
  select('show', 'Panes (t)', [['both', 'Table and graph'], ['graph', 'Graph'], ['table', 'Table']], { how: 'replace' });
  const listGroups = () => list('labels', { matchers: parseQuery(page.state.query)?.matchers || [] }, 0).then(offerGroups).catch(() => {});
  if (isServer()) listGroups();
  made.group.addEventListener('focus', listGroups);
  return made;
}

function offerGroups(names) {
  const known = new Set(Array.from(tools.group.options, (option) => option.value));
  for (const name of names) if (!known.has(name)) make(tools.group, 'option', { value: name }, 'By ' + name);
}

function makeSearch(element) {
  const search = make(element, 'input', { type: 'search', id: 'search', placeholder: 'Search  /', 'aria-label': 'Search functions', spellcheck: 'false' });
  search.addEventListener('input', () => { page.lit = null; change({ search: search.value }, 'replace'); });
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') nextMatch(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape') { change({ search: '' }, 'replace'); page.graph.scroll.focus(); event.stopPropagation(); }
    else return;
    event.preventDefault();
  });
  return search;
}
