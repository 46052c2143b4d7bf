// The page: one question, one answer, and all that can be made of it.
import { byId, button, copy, make, say, toast } from './dom.js';
import { clock, human, percent, signed, span, withZone, iso, zoneName } from './numbers.js';
import { parseQuery, queryText, quoted } from './selector.js';
import { DEFAULTS, fromAddress, isAsked, isLive, toAddress } from './state.js';
import { Engine, ask } from './answers.js';
import { Chart } from './chart.js';
import { Field } from './field.js';
import { Graph, plain } from './graph.js';
import { found, labelOf } from './profile.js';
import { Table } from './table.js';
import { changeColour, legendTitle, palette } from './colours.js';
import { closeMenu, showMenu } from './menu.js';
import { curl, goTool, profileQuery, reportAddress } from './command.js';
import { showDetails } from './details.js';
import { showMistakes } from './mistakes.js';
import { showCommands, showDifferences, showKeys } from './dialogs.js';

const RANGES = [['now-5m', '5 minutes'], ['now-15m', '15 minutes'], ['now-1h', '1 hour'], ['now-6h', '6 hours'], ['now-1d', '1 day'], ['now-7d', '7 days']];
const FORMS = [['svg', 'SVG image'], ['html', 'This page as a file'], ['folded', 'Folded stacks'], ['top', 'Ranking as text'], ['speedscope', 'Speedscope'], ['pprof_raw', 'pprof'], ['json_flamegraph', 'JSON']];
const KEYS = [
  ['/', 'search'], ['n, N', 'next and previous match'], ['← ↑ ↓ →', 'move through the graph or the table'], ['Enter', 'zoom into the frame'],
  ['Esc', 'back out: menu, search, zoom'], ['Space', 'choose the frame'], ['m', 'menu of the frame'], ['s', 'callers and callees of the chosen function'],
  ['f', 'only stacks with the chosen function'], ['x', 'hide the chosen function'], ['i', 'inverted: leaves on top'], ['c', 'collapse runs of wrappers'],
  ['t', 'table, graph, or both'], ['b', 'root at the bottom'], ['r', 'run again'], ['0', 'all filters and zoom off'], ['?', 'this list'],
];
// Together less than the five seconds in which a frozen server has to be seen.
const WATCH_EVERY = 1000, WATCH_PATIENCE = 3000;
const BY = [['function', 'Functions'], ['package', 'Packages'], ['file', 'Files'], ['binary', 'Binaries'], ['line', 'Lines']];
const COLOURS = [['package', 'Package'], ['file', 'File'], ['binary', 'Binary'], ['function', 'Function']];

let state = fromAddress(location.search, location.hash);
const engine = new Engine();
const page = { sources: [], types: [], answer: null, raw: null, result: null, running: null, history: null, spec: 0 };
const dark = matchMedia('(prefers-color-scheme: dark)');

const graph = new Graph(byId('graph'), {
  select: (id) => change({ selected: id === 0 && !state.sandwich ? '' : labelAt(id) }, 'replace'),
  zoom: (id) => zoom(id),
  menu: (id, x, y) => frameMenu(labelAt(id), x, y, id),
  hover: (id) => showSaid(id),
});
const table = new Table(byId('table'), {
  select: (label) => change({ selected: label }, 'replace'),
  open: (label) => change({ sandwich: label, zoom: '', selected: label }),
  menu: (label, x, y) => frameMenu(label, x, y, -1),
  sort: (column) => change({ table: column }, 'replace'),
});
const chart = new Chart(byId('chart'), (side, start, end) => {
  const [from, to] = side === 1 ? ['baseStart', 'baseEnd'] : ['start', 'end'];
  change({ [from]: iso(start), [to]: iso(end), zoom: '' });
});
const catalogue = (side) => ({
  names: (matchers) => list('labels', { matchers }, side),
  values: (label, matchers) => list('values', { label, matchers }, side),
  typed: (type) => { if (side === 0) setType(type); },
  run: () => submit(),
});
const fields = [new Field(byId('field'), 'Labels', catalogue(0)), new Field(byId('base-field'), 'Labels before', catalogue(1))];

const labelAt = (id) => labelOf(page.raw, state.by, page.result.tree.frame[id]);
const source = (id = state.source) => page.sources.find((one) => one.id === id) || page.sources[0] || { id: '', kind: 'page', name: '' };
const isServer = () => source().kind !== 'file' && source().kind !== 'page';

async function list(what, { label = '', matchers }, side) {
  const query = queryText({ type: '', matchers });
  const [start, end] = side === 1 ? [state.baseStart, state.baseEnd] : [state.start, state.end];
  const key = JSON.stringify([what, label, query, start, end, state.source]);
  page.lists ||= new Map();
  if (!page.lists.has(key)) {
    if (page.lists.size > 200) page.lists.clear();
    page.lists.set(key, ask(what, { source: state.source, label, query: matchers.length ? query : '', start, end }).then((answer) => answer[what]));
    page.lists.get(key).catch(() => page.lists.delete(key));
  }
  return page.lists.get(key);
}

// ---- the question --------------------------------------------------------------------------------

// Changes what is shown and the address with it. `how` is push, so that Back undoes it, or replace.
function change(parts, how = 'push') {
  const before = state;
  state = { ...state, ...parts };
  const isNew = Object.keys(parts).some((name) => isAsked(name) && before[name] !== state[name]);
  address(how);
  if (isNew) run(); else render();
}

function address(how) {
  const to = toAddress(state);
  // A page of a file keeps its address behind the mark, where no server sees it.
  const target = page.isOffline ? '#' + to.replace(/^\?/, '') : to;
  if (how === 'push' && location.search + location.hash !== target) history.pushState(null, '', target);
  else history.replaceState(null, '', target);
}

function setType(type) {
  const select = byId('type');
  if (type && ![...select.options].some((option) => option.value === type)) make(select, 'option', { value: type }, type);
  select.value = type;
}

// What stands in the form, as a question.
function submit() {
  const [after, before] = fields.map((field) => field.take());
  const type = byId('type').value;
  const whole = ({ matchers, rest }, of) => rest === '' ? queryText({ type: of, matchers })
    : rest.includes('{') ? rest : `${of}{${[...matchers.map((one) => queryText({ type: '', matchers: [one] }).slice(1, -1)), rest].join(', ')}}`;
  const next = { query: isServer() ? whole(after, type) : type };
  const chosen = byId('range').value;
  const time = (id) => withZone(byId(id).value, state.zone);
  if (chosen) Object.assign(next, { start: chosen, end: 'now' });
  else if (isServer()) Object.assign(next, { start: time('start') || DEFAULTS.start, end: time('end') || DEFAULTS.end });
  if (state.compare && isServer()) {
    const base = whole(before, type);
    Object.assign(next, { baseQuery: base === next.query ? '' : base, baseStart: time('base-start'), baseEnd: time('base-end') });
  }
  const isSame = Object.entries(next).every(([name, value]) => state[name] === value);
  if (isSame) run(); else change({ ...next, zoom: next.query === state.query ? state.zoom : '' });
}

function fillQuestion() {
  const server = isServer(), { answer } = page;
  byId('question').dataset.kind = server ? 'server' : 'file';
  for (const id of ['field', 'range', 'run']) byId(id).hidden = !server;
  const query = parseQuery(state.query) || { type: '', matchers: [] };
  if (query.type) setType(query.type);
  if (!fields[0].input.value || parseQuery(state.query)) fields[0].set(query.matchers, parseQuery(state.query) ? '' : state.query);
  const known = RANGES.find(([start]) => start === state.start && state.end === 'now');
  byId('range').value = known ? known[0] : '';
  byId('times').hidden = !server || known !== undefined;
  byId('start').value = shownTime(state.start);
  byId('end').value = shownTime(state.end);
  byId('compare').setAttribute('aria-pressed', String(Boolean(state.compare)));
  byId('compare').hidden = page.isOffline || (!server && page.sources.length < 2);
  byId('line-before').hidden = !state.compare || page.isOffline;
  byId('base-field').hidden = byId('base-times').hidden = !server;
  byId('base-source').hidden = server;
  const base = parseQuery(state.baseQuery || state.query) || { matchers: [] };
  fields[1].set(base.matchers);
  byId('base-start').value = shownTime(state.baseStart);
  byId('base-end').value = shownTime(state.baseEnd);
  byId('base-source').value = state.baseSource;
  const select = byId('source');
  select.hidden = page.sources.length < 2;
  select.value = source().id;
  byId('type').hidden = page.types.length === 0 && !query.type;
  if (answer?.type?.id) setType(answer.type.id);
}

// A time of the address as people write it in the zone that is shown; to the second.
function shownTime(text) {
  const millis = /^\d{4}-/.test(text) ? Date.parse(text) : /^\d{13}$/.test(text) ? Number(text) : /^\d{10}(\.\d+)?$/.test(text) ? Number(text) * 1000 : NaN;
  if (Number.isNaN(millis)) return text;
  const part = millis % 1000 ? (millis % 1000 / 1000).toFixed(3).slice(1) : '';
  return clock(millis, state.zone) + part;
}

const parameters = () => {
  const asked = {};
  for (const name of Object.keys(DEFAULTS)) if (isAsked(name) && name !== 'compare') asked[name] = state[name];
  if (!state.compare) for (const name of ['baseSource', 'baseQuery', 'baseStart', 'baseEnd']) asked[name] = '';
  return asked;
};

// Asks, shows how long it takes, and keeps the picture until there is another.
async function run() {
  page.running?.abort();
  const running = page.running = new AbortController(), began = Date.now();
  const words = () => status('asking', `asking ${source().name || 'the server'}, ${Math.round((Date.now() - began) / 1000)} s`);
  const clockwork = setInterval(words, 1000);
  document.body.setAttribute('aria-busy', 'true');
  byId('run').textContent = 'Stop';
  if (page.sources.length) status('asking', 'asking');
  page.history = null;
  fillQuestion();
  showSeries(null);
  // The chart need not wait for the stacks, where what it shows does not depend on them.
  const early = isServer() && !state.compare && parseQuery(state.query)?.type
    ? ask('series', { source: state.source, query: state.query, start: state.start, end: state.end }, running.signal).catch(() => null) : null;
  early?.then((points) => { if (points && page.running === running) showSeries(page.points = points); });
  try {
    const [loaded] = await Promise.all([engine.load(parameters(), running.signal), loadTypes()]);
    if (page.running !== running) return;
    page.received = performance.now();
    Object.assign(page, { answer: loaded.answer, raw: loaded.raw, refused: null });
    const took = Date.now() - began;
    status('ready', `answered in ${took < 995 ? took + ' ms' : (took / 1000).toFixed(1) + ' s'}`);
    mistakes(null);
    fillQuestion();
    await render();
    page.shownIn = performance.now() - page.received;
    series(running.signal, early);
  } catch (error) {
    if (page.running !== running || error.name === 'AbortError') {
      if (page.running === running) status('ready', 'stopped');
      return;
    }
    page.refused = error;
    status('failed', 'no answer to this question');
    mistakes(error);
    series(running.signal, early);
  } finally {
    clearInterval(clockwork);
    if (page.running === running) {
      page.running = null;
      document.body.removeAttribute('aria-busy');
      byId('run').textContent = 'Run';
    }
  }
}

async function loadTypes() {
  if (page.isOffline || page.typesOf === state.source + state.start + state.end) return;
  page.typesOf = state.source + state.start + state.end;
  const answer = await ask('types', { source: state.source, start: state.start, end: state.end }).catch(() => ({ types: [] }));
  page.types = answer.types;
  const select = byId('type'), chosen = select.value;
  select.replaceChildren(...page.types.map(({ id, name }) => make(null, 'option', { value: id, title: id }, name)));
  if (chosen) setType(chosen);
}

// ---- how it goes ---------------------------------------------------------------------------------

const mistakes = (error) => showMistakes(byId('mistakes'), error, { state, change, list });

const status = (is, words) => {
  byId('status').dataset.is = is;
  say(byId('status-words'), words);
};

// Whether the server behind is there: a frozen one is seen without a question, and so is a frozen server of this page.
async function watch() {
  for (;;) {
    await new Promise((done) => setTimeout(done, WATCH_EVERY));
    if (document.hidden || page.running) { answered(); continue; }
    const health = await ask('health', { source: state.source }, AbortSignal.timeout(WATCH_PATIENCE)).catch((error) => ({ ok: false, words: error.message }));
    if (page.running) continue;
    if (health.ok) {
      answered();
      if (['lost', 'asking'].includes(byId('status').dataset.is)) status('ready', 'answering');
      continue;
    }
    const age = performance.now() - page.answered;
    page.lostAfter ||= age;
    status('lost', `${health.words}; the last answer is ${Math.round(age / 1000)} s old`);
  }
}

function answered() {
  page.answered = performance.now();
  page.lostAfter = 0;
}

// ---- over time -----------------------------------------------------------------------------------

async function series(signal, early) {
  page.points = null;
  if (!isServer()) { showSeries(null); return; }
  const { answer } = page, compared = state.compare && answer?.base;
  const range = answer && !page.refused ? [answer.start, answer.end] : [state.start, state.end];
  const all = compared ? [[answer.start, answer.base.start].sort()[0], [answer.end, answer.base.end].sort()[1]] : range;
  const query = page.refused || !answer ? state.query : answer.query;
  try {
    page.points = await early || await ask('series', { source: state.source, query, start: all[0], end: all[1] }, signal);
  } catch { /* the chart says that there is none */ }
  showSeries(page.points);
  drawLine();
}

function showSeries(points) {
  const element = byId('chart'), { answer } = page;
  element.hidden = !isServer();
  if (element.hidden || !points) { if (!element.hidden && !chart.data) chart.show(null); return; }
  const time = (text) => Date.parse(text);
  const bands = [answer && !page.refused ? [time(answer.start), time(answer.end)] : null, state.compare && answer?.base ? [time(answer.base.start), time(answer.base.end)] : null];
  chart.show({
    series: points.points, step: points.step, unit: points.unit, range: [time(points.start), time(points.end)], bands, zone: state.zone,
    kind: points.name, perSecond: points.perSecond, words: 'no data in this range',
  });
}

// The share of the chosen function at each step, which no server gives in one answer: asked for once, for all functions.
async function drawLine() {
  if (!page.points || !chart.data) return;
  const label = state.selected;
  if (!label || !isServer() || page.refused) {
    if (chart.data.line || chart.data.asking) chart.show({ ...chart.data, line: null, asking: '' });
    return;
  }
  const { answer } = page;
  page.history ||= ask('history', { source: state.source, query: answer.query, start: chart.data ? page.points.start : answer.start, end: page.points.end });
  if (!page.history.isThere) chart.show({ ...chart.data, line: null, asking: 'asking for its share over time' });
  const history = await page.history.catch(() => null);
  if (page.history) page.history.isThere = true;
  if (!history && chart.data) chart.show({ ...chart.data, asking: 'its share over time is not known' });
  if (!history || state.selected !== label || !chart.data) return;
  const at = history.functions.findIndex(([name]) => name === label);
  const line = history.times.map((time, step) => [time + history.step / 2, history.totals[step] ? (at < 0 ? 0 : history.functions[at][1][step]) / history.totals[step] : null]);
  const most = Math.max(...line.map(([, share]) => share || 0), 0.0001);
  chart.show({ ...chart.data, asking: '', line, lineMost: most, lineName: shortLabel(label) });
}

function shortLabel(label) {
  const forms = page.raw.names.find(([full]) => full === label);
  return plain(forms ? forms[forms.length - 1] : label).slice(0, 40);
}

// ---- the picture ---------------------------------------------------------------------------------

const moments = () => (page.answer.sides || []).map((side) => side?.snapshots?.moments || 1);
const isMean = () => state.sums !== 'sum' && moments().some((number) => number > 1);

function view() {
  const [after = 1, before = 1] = isMean() ? moments() : [1, 1];
  return {
    focus: state.focus, ignore: state.ignore, hide: state.hide, by: state.by, groups: Boolean(state.groupBy), invert: Boolean(state.invert) && !state.sandwich,
    sandwich: state.sandwich, collapse: Boolean(state.collapse), order: state.order, divide: [after, before], share: page.raw.comparison && state.diff === 'share',
  };
}

async function render() {
  if (!page.raw) return;
  const number = ++page.spec, { raw, answer } = page;
  const result = await engine.call('view', view());
  if (number !== page.spec || raw !== page.raw) return;
  page.result = result;
  const { sums } = result, divide = isMean() ? moments() : [1, 1];
  const given = raw.wholes ? raw.wholes.map((whole, side) => Number(whole) / (divide[side] || 1)) : [0, 0];
  page.wholes = [given[0] || sums.whole, given[1] || sums.wholeBefore];
  page.scale = raw.comparison && state.diff === 'share' && page.wholes[1] ? page.wholes[0] / page.wholes[1] : 1;
  page.palette = raw.comparison ? null : palette(raw, result.table, state.by === 'function' || state.by === 'line' ? state.colour : state.by, dark.matches);
  const total = human(sums.kept, raw.unit);
  graph.rootBelow = Boolean(state.below) && !state.sandwich;
  graph.marked = keyOf(state.selected);
  setFound();
  graph.show(result.tree, {
    raw, by: state.by, unit: raw.unit, wholes: page.wholes, comparison: raw.comparison, scale: page.scale, palette: page.palette,
    rootLabel: raw.comparison ? `root  ${human(sums.keptBefore, raw.unit)} → ${total}` : `root  ${total}`,
  });
  graph.zoomed = state.zoom ? graph.at(state.zoom) : 0;
  if (page.zoomShown !== state.zoom) graph.zoomTo(graph.zoomed);
  page.zoomShown = state.zoom;
  table.show({
    table: result.table, raw, by: state.by, unit: raw.unit, wholes: page.wholes, comparison: raw.comparison, scale: page.scale, share: state.diff === 'share',
    sort: tableSort(), filter: page.found, selected: state.selected, palette: page.palette,
  });
  drawTools();
  drawFacts();
  drawLegend();
  showSaid(-1);
  byId('panes').dataset.show = state.show;
  byId('panes').dataset.comparison = String(raw.comparison);
  showChosen();
  drawLine();
  document.title = [parseQuery(answer.query || '')?.matchers?.[0]?.value || answer.title || '', answer.type?.name || raw.type, byId('brand').textContent].filter(Boolean).join(' · ');
  page.drawn = (page.drawn || 0) + 1;
  document.body.dataset.drawn = String(page.drawn);
}

function tableSort() {
  if (page.raw.comparison) return ['before', 'all', 'change', 'points', 'own', 'name'].includes(state.table) && state.table !== DEFAULTS.table ? state.table : 'change';
  return ['own', 'all', 'name'].includes(state.table) ? state.table : 'own';
}

function keyOf(label) {
  if (!label) return null;
  const { tree, table } = page.result, { raw } = page;
  const row = table.frame.findIndex((frame) => labelOf(raw, state.by, frame) === label);
  if (row >= 0) return table.key[row];
  // A group is no function.
  const group = label.startsWith('{') ? tree.frame.findIndex((frame) => labelOf(raw, state.by, frame) === label) : -1;
  return group >= 0 ? tree.key[group] : null;
}

function setFound() {
  const { raw } = page, hits = state.search ? found(raw, state.by, state.search) : null;
  page.found = hits && ((frame) => frame >= 0 && hits[frame] === 1);
  graph.found = page.found || (page.lit === undefined || page.lit === null ? null : (frame) => frame >= 0 && page.palette?.column[frame] === page.lit);
}

// The share of what matches: each stack counts once.
function matched() {
  const { tree } = page.result;
  let sum = 0, count = 0, end = 0;
  for (let id = 1; id < tree.count; id++) {
    if (!page.found(tree.frame[id])) continue;
    count++;
    if (id >= end) { sum += tree.value[id]; end = tree.end[id]; }
  }
  return { sum, count };
}

function nextMatch(step) {
  if (!page.found) return;
  const { tree } = page.result;
  for (let tried = 1; tried <= tree.count; tried++) {
    const id = (graph.cursor + step * tried + tree.count * 2) % tree.count;
    if (id > 0 && page.found(tree.frame[id]) && graph.isInZoom(id)) { graph.moveTo(id); return; }
  }
}

function zoom(id) {
  if (id === graph.zoomed && id === 0) return;
  change({ zoom: id === 0 ? '' : graph.path(id) });
}

function showSaid(id) {
  const element = byId('said');
  if (!page.result) return;
  const { sums } = page.result, { unit, comparison } = page.raw;
  if (id < 0) {
    const parts = [];
    const filtered = sums.all - sums.kept;
    if (sums.kept === 0 && sums.keptBefore === 0) parts.push('No stack is left by these filters.');
    if (filtered !== 0) parts.push(`filtered out ${human(filtered, unit)} (${percent(filtered, page.wholes[0])})`);
    if (page.result.cut) parts.push(`${page.result.cut} parts below 0.006 % are not followed towards the root`);
    if (page.answer.cut?.nodes) parts.push(`${page.answer.cut.nodes} frames are not in this page`);
    if (comparison && state.diff === 'share') parts.push('colours and widths: shares of each side’s total');
    say(element, parts.join('; '));
    return;
  }
  const told = graph.describe(id);
  element.replaceChildren();
  make(element, 'b', {}, told.name.length > 400 ? told.name.slice(0, 400) + '…' : told.name);
  make(element, 'span', {}, comparison ? ` ${told.before} → ${told.value}, ${told.change} (${told.points})${told.fate ? ', ' + told.fate : ''}`
    : ` ${told.value} (${told.percent}), flat ${told.own}${told.skipped ? `; ${told.skipped} wrappers collapsed` : ''}`);
}

async function showChosen() {
  const { selected } = state, { raw } = page;
  byId('side').dataset.chosen = String(Boolean(selected));
  if (!selected) { showDetails(byId('details'), null); page.detailsOf = ''; return; }
  const of = await engine.call('details', [view(), selected]);
  if (state.selected !== selected || raw !== page.raw) return;
  const { tree } = page.result, isAtCursor = graph.cursor > 0 && graph.cursor < tree.count && labelAt(graph.cursor) === selected;
  const at = raw.names.findIndex(([full]) => full === selected);
  page.chosen = of;
  showDetails(byId('details'), {
    label: selected, of, node: isAtCursor && !raw.comparison ? graph.describe(graph.cursor) : null, raw, unit: raw.unit, wholes: page.wholes,
    comparison: raw.comparison, rawName: raw.raw[at],
  }, { select: (label) => change({ selected: label }, 'replace'), open: (what) => act(what, selected) });
}

// What can be done with a function.
function act(what, label) {
  const literal = '^' + label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '$';
  switch (what) {
    case 'copy': copy(label).then(() => toast('Copied the name')); break;
    case 'sandwich': change({ sandwich: state.sandwich === label ? '' : label, zoom: '' }); break;
    case 'focus': change({ focus: state.focus === literal ? '' : literal, zoom: '' }); break;
    case 'ignore': change({ ignore: literal, zoom: '' }); break;
    case 'hide': change({ hide: state.hide ? state.hide + '|' + literal : literal, zoom: '' }); break;
    case 'close': change({ selected: '' }, 'replace'); break;
    default: break;
  }
}

function frameMenu(label, x, y, id) {
  const { raw, result } = page, frame = id >= 0 ? result.tree.frame[id] : -1;
  const isGroup = frame >= 0 && raw.f_kind[frame] === 2;
  const items = [];
  if (id >= 0) items.push(['Zoom into this frame', () => zoom(id), 'Enter']);
  if (isGroup) {
    const matchers = parseQuery(label)?.matchers || [];
    const query = parseQuery(state.query);
    if (matchers.length && query) items.push(['Only these labels', () => change({ query: queryText({ type: query.type, matchers: [...query.matchers, ...matchers] }), groupBy: '', zoom: '' })]);
  } else if (id !== 0 || state.sandwich) {
    items.push(
      ['Callers and callees', () => act('sandwich', label), 's'], ['Only stacks with this function', () => act('focus', label), 'f'],
      ['No stacks with this function', () => act('ignore', label)], ['Hide this function', () => act('hide', label), 'x'],
      ['Mark all of its frames', () => change({ search: label }, 'replace')],
    );
  }
  items.push(null, ['Copy the name', () => act('copy', label)]);
  if (raw.comparison && !isGroup && label) items.push(['Copy a check for CI', () => copyCheck(label)]);
  showMenu(x, y, label.length > 60 ? '…' + label.slice(-58) : label || 'root', items);
}

async function copyCheck(name) {
  const of = await engine.call('details', [view(), name]);
  const share = (of.all / (page.wholes[0] || 1) - of.allBefore / (page.wholes[1] || 1)) * 100;
  const row = { kind: 'cum', name, limit: `${Math.max(0.1, Math.abs(share) / 2).toFixed(1)}pp` };
  const line = profileQuery(state, source(), times(), source(state.baseSource), row);
  if (line) copy(line).then(() => toast('Copied the command'));
}

// ---- tools ---------------------------------------------------------------------------------------

function drawFacts() {
  const { answer, raw } = page, { sums } = page.result, element = byId('when');
  const time = (text) => clock(Date.parse(text), state.zone);
  const length = (side) => span(Date.parse(side.end) - Date.parse(side.start));
  const parts = [];
  if (answer.start && isServer()) parts.push(`${time(answer.start)} to ${time(answer.end).slice(answer.start.slice(0, 10) === answer.end.slice(0, 10) ? 11 : 0)} ${zoneName(state.zone)} (${length(answer)})`);
  if (raw.comparison) parts.push(`${human(sums.allBefore, raw.unit)} before, ${human(sums.all, raw.unit)} after`);
  else parts.push(`${human(sums.all, raw.unit)} in all`);
  const snapshots = answer.sides?.[0]?.snapshots;
  if (snapshots?.moments > 1) parts.push(isMean() ? `mean of ${snapshots.words}` : snapshots.words);
  for (const fact of answer.facts || []) parts.push(fact);
  say(element, parts.join(' · '));
  element.title = parts.join('\n');
}

function drawLegend() {
  const element = byId('legend');
  element.replaceChildren();
  if (!page.palette) {
    const scale = make(element, 'span', { class: 'legend-item' });
    for (const amount of [-1, -0.3, -0.05, 0, 0.05, 0.3, 1]) make(scale, 'i', { class: 'swatch' }).style.background = changeColour(amount, dark.matches);
    make(element, 'span', { class: 'legend-words' }, 'blue − shrank, red + grew' + (state.diff === 'share' ? ', as a share of the total' : ''));
    return;
  }
  const { legend } = page.palette, whole = page.wholes[0] || 1;
  const most = Math.max(3, Math.floor(byId('tools').clientWidth / 150));
  for (const entry of legend.slice(0, most)) {
    const item = button(element, '', () => { page.lit = page.lit === entry.at ? null : entry.at; setFound(); graph.redraw(); drawLegend(); },
      { class: 'legend-item', title: legendTitle(entry, page.raw.unit), 'aria-pressed': String(page.lit === entry.at) });
    make(item, 'i', { class: 'swatch' }).style.background = entry.colour;
    const name = entry.name.split('/').slice(-2).join('/') || 'other';
    make(item, 'span', {}, plain(name));
    make(item, 'small', {}, percent(entry.sum, whole));
  }
  if (legend.length > most) make(element, 'span', { class: 'legend-words' }, `and ${legend.length - most} more`);
}

function drawTools() {
  const element = byId('tools'), { raw } = page;
  if (!page.tools) page.tools = makeTools(element);
  const { tools } = page;
  if (document.activeElement !== tools.search) tools.search.value = state.search;
  if (page.found) {
    const { sum, count } = matched();
    say(tools.matched, `${count} frames, ${percent(sum, page.wholes[0])}`);
  } else say(tools.matched, '');
  tools.by.value = state.by;
  tools.colour.value = state.colour;
  tools.colour.hidden = raw.comparison || !['function', 'line'].includes(state.by);
  tools.group.hidden = !isServer() || raw.comparison;
  if (state.groupBy && ![...tools.group.options].some((option) => option.value === state.groupBy)) make(tools.group, 'option', { value: state.groupBy }, 'By ' + state.groupBy);
  tools.group.value = state.groupBy;
  tools.diff.hidden = !raw.comparison;
  tools.diff.value = state.diff;
  tools.sums.hidden = !moments().some((number) => number > 1);
  tools.sums.value = state.sums === 'sum' ? 'sum' : 'mean';
  tools.order.value = state.order;
  tools.show.value = state.show;
  for (const name of ['invert', 'collapse']) tools[name].setAttribute('aria-pressed', String(Boolean(state[name])));
  tools.filters.replaceChildren();
  const chip = (words, off, title) => button(tools.filters, words + ' ×', () => change(off), { class: 'filter', title });
  const shown = (text) => plain(text.replace(/^\^(.*)\$$/, '$1').replace(/\\(.)/g, '$1')).slice(0, 40);
  if (state.sandwich) chip('around ' + shortLabel(state.sandwich), { sandwich: '', zoom: '' }, state.sandwich);
  for (const name of ['focus', 'ignore', 'hide']) if (state[name]) chip(`${name} ${shown(state[name])}`, { [name]: '', zoom: '' }, state[name]);
  if (state.zoom) chip('zoom', { zoom: '' }, 'Back to all');
}

function makeTools(element) {
  const tools = {};
  const select = (name, title, options, how = 'push') => {
    const made = tools[name] = make(element, 'select', { 'aria-label': title, title });
    for (const [value, text] of options) make(made, 'option', { value }, text);
    made.addEventListener('change', () => change({ [({ group: 'groupBy' })[name] || name]: made.value, zoom: '' }, how));
    return made;
  };
  tools.search = make(element, 'input', { type: 'search', id: 'search', placeholder: 'Search  /', 'aria-label': 'Search functions', spellcheck: 'false' });
  tools.search.addEventListener('input', () => { page.lit = null; change({ search: tools.search.value }, 'replace'); });
  tools.search.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') { nextMatch(event.shiftKey ? -1 : 1); event.preventDefault(); }
    if (event.key === 'Escape') { change({ search: '' }, 'replace'); graph.scroll.focus(); event.preventDefault(); event.stopPropagation(); }
  });
  tools.matched = make(element, 'output', { id: 'matched' });
  select('by', 'What a frame is', BY);
  select('colour', 'What colours say', COLOURS.map(([value, text]) => [value, 'Colour: ' + text.toLowerCase()]), 'replace');
  select('group', 'Stacks of each value of a label apart', [['', 'No groups']]);
  select('diff', 'What changes are measured in', [['share', 'As shares of the total'], ['value', 'As absolute values']]);
  select('sums', 'Snapshots', [['mean', 'Mean of snapshots'], ['sum', 'Sum of snapshots']]);
  select('order', 'Order of frames', [['value', 'Largest first'], ['name', 'By name'], ['change', 'Most changed first']]);
  tools.order.hidden = true;
  for (const [name, text, title] of [['invert', 'Invert', 'Leaves on top, callers below them (i)'], ['collapse', 'Collapse', 'Runs of functions that only call the next one become one (c)']]) {
    tools[name] = button(element, text, () => change({ [name]: state[name] ? '' : '1', sandwich: '', zoom: '' }), { 'aria-pressed': 'false', title });
  }
  tools.filters = make(element, 'span', { id: 'filters' });
  make(element, 'span', { class: 'room' });
  select('show', 'Panes (t)', [['both', 'Table and graph'], ['graph', 'Graph'], ['table', 'Table']], 'replace');
  const groupOptions = () => list('labels', { matchers: parseQuery(state.query)?.matchers || [] }, 0).then((names) => {
    const known = new Set([...tools.group.options].map((option) => option.value));
    for (const name of names) if (!known.has(name)) make(tools.group, 'option', { value: name }, 'By ' + name);
  }).catch(() => {});
  if (isServer()) groupOptions();
  tools.group.addEventListener('focus', groupOptions);
  return tools;
}

const times = () => {
  const { answer } = page;
  const own = isLive(state) ? { start: state.start, end: state.end } : { start: answer?.start || state.start, end: answer?.end || state.end };
  return { ...own, baseStart: answer?.base?.start || state.baseStart, baseEnd: answer?.base?.end || state.baseEnd };
};

function drawLinks() {
  const element = byId('links');
  for (const { text, href } of page.links || []) make(element, 'a', { href }, text);
  if (!page.isOffline) {
    button(element, 'What differs', whatDiffers, { title: 'Which values of labels have other stacks than the rest' }).hidden = !isServer();
    button(element, 'Command', commands, { title: 'The command lines that show the same' });
    const open = button(element, 'Open as', () => {
      const box = open.getBoundingClientRect();
      showMenu(box.left, box.bottom + 4, 'Open as', FORMS.filter(([form]) => !(state.compare && ['pprof_raw', 'speedscope'].includes(form)))
        .map(([form, text]) => [text, () => window.open(reportAddress(state, source(), times(), form), '_blank', 'noopener')]));
    }, { 'aria-haspopup': 'menu' });
    const share = button(element, 'Link', () => {
      const box = share.getBoundingClientRect();
      const items = [['Copy the link', () => copy(location.href).then(() => toast('Copied the link'))]];
      if (isLive(state) && page.answer?.start) items.push(['Copy a link to exactly this time', () => {
        const pinned = { ...state, start: page.answer.start, end: page.answer.end };
        copy(new URL(toAddress(pinned), location.href).href).then(() => toast('Copied the link'));
      }]);
      showMenu(box.left, box.bottom + 4, 'Link', items);
    }, { 'aria-haspopup': 'menu' });
  }
  const zone = button(element, state.zone === 'local' ? 'Local time' : 'UTC', () => {
    change({ zone: state.zone === 'local' ? 'utc' : 'local' }, 'replace');
    zone.textContent = state.zone === 'local' ? 'Local time' : 'UTC';
    fillQuestion();
    showSeries(page.points);
  }, { title: 'Times in UTC or in this browser’s zone' });
  button(element, '?', () => showKeys(KEYS), { title: 'Keys', 'aria-label': 'Keys' });
}

function commands() {
  const at = [state, source(), times()];
  showCommands([
    ['profile-query', profileQuery(...at, source(state.baseSource))], ['curl', curl(...at)],
    ['go tool pprof', state.compare ? null : goTool(...at)],
  ]);
}

async function whatDiffers() {
  const names = await list('labels', { matchers: parseQuery(state.query)?.matchers || [] }, 0).catch(() => []);
  const rank = (label) => engine.differs({ ...parameters(), baseStart: '', baseEnd: '', baseQuery: '', groupBy: label });
  showDifferences(names, rank, { shorten: shortLabel, open: (label) => change({ groupBy: label, zoom: '' }) });
}

// ---- keys ----------------------------------------------------------------------------------------

document.addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input:not([type=checkbox]), textarea, select, dialog, .menu');
  if (event.key === 'Escape' && !isTyping) {
    if (state.search || page.lit) { page.lit = null; change({ search: '' }, 'replace'); }
    else if (state.zoom) { const id = page.result.tree.parent[graph.zoomed]; change({ zoom: id > 0 ? graph.path(id) : '' }); }
    else if (state.sandwich) change({ sandwich: '', zoom: '' });
    else if (state.selected) change({ selected: '' }, 'replace');
    return;
  }
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !page.result) return;
  const chosen = state.selected;
  const acts = {
    '/': () => page.tools.search.focus(), '?': () => showKeys(KEYS), n: () => nextMatch(1), N: () => nextMatch(-1), r: run,
    i: () => page.tools.invert.click(), c: () => page.tools.collapse.click(), b: () => change({ below: state.below ? '' : '1' }, 'replace'),
    s: () => chosen && act('sandwich', chosen), f: () => chosen && act('focus', chosen), x: () => chosen && act('hide', chosen),
    t: () => change({ show: { both: 'graph', graph: 'table', table: 'both' }[state.show] }, 'replace'),
    0: () => change({ focus: '', ignore: '', hide: '', sandwich: '', invert: '', collapse: '', search: '', zoom: '' }),
  };
  if (!Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
});

byId('question').addEventListener('submit', (event) => {
  event.preventDefault();
  if (page.running) page.running.abort(); else submit();
});
byId('type').addEventListener('change', () => submit());
byId('range').addEventListener('change', (event) => {
  if (event.target.value) { submit(); return; }
  // From a live range to its own two ends, to be changed.
  byId('times').hidden = false;
  if (page.answer?.start) { byId('start').value = shownTime(page.answer.start); byId('end').value = shownTime(page.answer.end); }
  byId('start').focus();
});
byId('source').addEventListener('change', (event) => {
  page.types = [];
  change({ ...DEFAULTS, source: event.target.value, zone: state.zone, start: state.start, end: state.end });
});
byId('base-source').addEventListener('change', (event) => change({ baseSource: event.target.value, zoom: '' }));
byId('compare').addEventListener('click', () => {
  if (state.compare) { change({ compare: '', zoom: '' }); return; }
  change({ compare: '1', zoom: '', groupBy: '', ...before() });
});
byId('swap').addEventListener('click', () => {
  if (!isServer()) { change({ source: state.baseSource, baseSource: source().id, zoom: '' }); return; }
  const { baseStart, baseEnd } = state, baseQuery = state.baseQuery || state.query;
  change({ query: baseQuery, baseQuery: state.baseQuery ? state.query : '', start: baseStart, end: baseEnd, baseStart: times().start, baseEnd: times().end, zoom: '' });
});

// What to compare with at first: the time before, or the file before.
function before() {
  if (!isServer()) {
    const other = page.sources.find(({ id, kind }) => kind === 'file' && id !== source().id);
    return { baseSource: other ? other.id : '', baseStart: '', baseEnd: '' };
  }
  const live = /^now-(\d+)([smhd])$/.exec(state.start);
  if (live && state.end === 'now') return { baseStart: `now-${2 * Number(live[1])}${live[2]}`, baseEnd: state.start };
  const { answer } = page;
  if (!answer?.start) return {};
  const [start, end] = [Date.parse(answer.start), Date.parse(answer.end)];
  return { baseStart: iso(2 * start - end), baseEnd: answer.start };
}

addEventListener('popstate', () => {
  const was = state;
  state = fromAddress(location.search, location.hash);
  closeMenu();
  if (Object.keys(DEFAULTS).some((name) => isAsked(name) && was[name] !== state[name])) run(); else render();
});
dark.addEventListener('change', () => render());

// ---- start ---------------------------------------------------------------------------------------

async function start() {
  page.isOffline = engine.isOffline;
  const ranges = byId('range');
  for (const [value, text] of RANGES) make(ranges, 'option', { value }, 'Last ' + text);
  make(ranges, 'option', { value: '' }, 'From … to …');
  if (page.isOffline) {
    byId('head').classList.add('offline');
    const loaded = await engine.load();
    Object.assign(page, { answer: loaded.answer, raw: loaded.raw });
    say(byId('brand'), loaded.answer.title || 'Profile');
    status('ready', '');
    byId('question').hidden = true;
    byId('chart').hidden = true;
    drawLinks();
    await render();
    return;
  }
  try {
    const known = await ask('source');
    Object.assign(page, { sources: known.sources, links: known.links });
    say(byId('brand'), known.program);
  } catch (error) {
    status('lost', error.message);
    mistakes(error);
    return;
  }
  for (const { id, name } of page.sources) {
    make(byId('source'), 'option', { value: id }, name);
    make(byId('base-source'), 'option', { value: id }, name);
  }
  if (!page.sources.some(({ id }) => id === state.source)) state.source = page.sources[0]?.id || '';
  drawLinks();
  answered();
  watch();
  await loadTypes();
  const query = parseQuery(state.query);
  if (isServer() && query && !query.type && page.types.length) state.query = queryText({ type: page.types[0].id, matchers: query.matchers });
  else if (!state.query && page.types.length) state.query = isServer() ? page.types[0].id : page.types.find(({ isDefault }) => isDefault)?.id || page.types[0].id;
  address('replace');
  run();
}

start();
// For tests: what is drawn, and how long it took.
globalThis.profilePage = { page, graph, engine, state: () => state, quoted, signed };
