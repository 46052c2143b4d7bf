// The picture of the state: the graph as soon as the worker has it, and behind it the table and all words.
import { byId } from './dom.js';
import { palette } from './colours.js';
import { showDetails } from './details.js';
import { drawFacts, drawLegend, drawNothing, showSaid } from './facts.js';
import { act, showFunctionMenu, zoom } from './functions.js';
import { Graph } from './graph.js';
import { human } from './numbers.js';
import { drawLine } from './over-time.js';
import { change, engine, isMean, labelAt, moments, page } from './page.js';
import { parseQuery } from './selector.js';
import { DEFAULTS } from './state.js';
import { Table } from './table.js';
import { drawTools } from './tools.js';
import { keyOf, setFound, view } from './view.js';

const SORTS = ['own', 'all', 'name'], COMPARED_SORTS = ['before', 'all', 'change', 'points', 'own', 'name'];

page.dark = matchMedia('(prefers-color-scheme: dark)');
page.graph = new Graph(byId('graph'), {
  select: (id) => change({ selected: id === 0 && !page.state.sandwich ? '' : labelAt(id) }, 'replace'),
  zoom,
  menu: (id, x, y) => showFunctionMenu(labelAt(id), x, y, id),
  hover: showSaid,
});
const table = new Table(byId('table'), {
  select: (label) => change({ selected: label }, 'replace'),
  open: (label) => change({ sandwich: label, zoom: '', selected: label }),
  menu: (label, x, y) => showFunctionMenu(label, x, y, -1),
  sort: (column) => change({ table: column }, 'replace'),
});

let asked = 0;

// Draws what the state says of the answer. A later call takes the place of an earlier one.
export async function render() {
  if (!page.raw) return;
  const number = ++asked, { raw } = page, isOld = () => number !== asked || raw !== page.raw;
  const made = await engine.view(view());
  if (isOld() || made.load !== raw.load) return;
  page.result = made;
  measure();
  showGraph();
  page.pictured = performance.now();
  document.body.dataset.pictured = String(number);
  // The picture goes first.
  const [rows] = await Promise.all([made.rows, painted()]);
  if (isOld()) return;
  made.table = rows;
  showRest();
  document.body.dataset.drawn = String(number);
}

// After the next frame; where nothing is painted, at once.
function painted() {
  if (document.hidden) return Promise.resolve();
  return new Promise((done) => { requestAnimationFrame(() => setTimeout(done, 0)); });
}

// For the style, which is worked out anew where it is told something.
function tell(name, value) {
  const { dataset } = byId('panes');
  if (dataset[name] !== value) dataset[name] = value;
}

// What shares are of.
function measure() {
  const { raw, result: { sums }, state } = page, divide = isMean() ? moments() : [1, 1];
  const given = raw.wholes ? raw.wholes.map((whole, side) => Number(whole) / (divide[side] || 1)) : [0, 0];
  page.wholes = [given[0] || sums.whole, given[1] || sums.wholeBefore];
  page.scale = raw.comparison && state.diff === 'share' && page.wholes[1] ? page.wholes[0] / page.wholes[1] : 1;
}

function showGraph() {
  const { raw, result: { tree, sums }, state, graph } = page, total = human(sums.kept, raw.unit);
  tell('show', state.show);
  tell('comparison', String(raw.comparison));
  page.palette = raw.comparison ? null : palette(raw, ['function', 'line'].includes(state.by) ? state.colour : state.by, page.dark.matches);
  graph.rootBelow = Boolean(state.below) && !state.sandwich;
  graph.marked = keyOf(state.selected);
  setFound();
  graph.show(tree, {
    raw, by: state.by, unit: raw.unit, wholes: page.wholes, comparison: raw.comparison, scale: page.scale, palette: page.palette,
    rootLabel: raw.comparison ? `root  ${human(sums.keptBefore, raw.unit)} → ${total}` : `root  ${total}`,
  }, state.zoom);
}

function showRest() {
  const { raw, result, state } = page;
  page.legend = page.palette?.legend(result.table);
  table.show({
    table: result.table, raw, by: state.by, unit: raw.unit, wholes: page.wholes, comparison: raw.comparison, scale: page.scale, share: state.diff === 'share',
    sort: sorting(), filter: page.found, selected: state.selected, palette: page.palette,
  });
  drawTools();
  drawFacts();
  drawLegend();
  drawNothing();
  showSaid(-1);
  showChosen();
  drawLine();
  document.title = title();
}

function sorting() {
  const { state: { table: column }, raw } = page;
  if (raw.comparison) return COMPARED_SORTS.includes(column) && column !== DEFAULTS.table ? column : 'change';
  return SORTS.includes(column) ? column : 'own';
}

function title() {
  const { answer, raw } = page, of = parseQuery(answer.query || '')?.matchers?.[0]?.value || answer.title;
  return [of, answer.type?.name || raw.type, byId('brand').textContent].filter(Boolean).join(' · ');
}

async function showChosen() {
  const { state: { selected }, raw } = page, element = byId('details');
  byId('side').dataset.chosen = String(Boolean(selected));
  if (!selected) { showDetails(element, null); return; }
  const of = await engine.call('details', [view(), selected]);
  if (page.state.selected !== selected || raw !== page.raw) return;
  const { graph, result: { tree }, wholes } = page, at = raw.names.findIndex(([full]) => full === selected);
  const isAtCursor = graph.cursor > 0 && graph.cursor < tree.count && labelAt(graph.cursor) === selected;
  showDetails(element, {
    label: selected, of, node: isAtCursor && !raw.comparison ? graph.describe(graph.cursor) : null, raw, unit: raw.unit, wholes,
    comparison: raw.comparison, rawName: raw.raw[at],
  }, { select: (label) => change({ selected: label }, 'replace'), open: (what) => act(what, selected) });
}
