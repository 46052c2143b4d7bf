// The question as people write it: what is looked at and, in a comparison, what was before.
import { byId, make } from './dom.js';
import { Field } from './field.js';
import { clock, iso, withZone } from './numbers.js';
import { change, follow, isServer, list, page, source, times } from './page.js';
import { parseQuery, queryText } from './selector.js';
import { DEFAULTS } from './state.js';

const RANGES = [['now-5m', '5 minutes'], ['now-15m', '15 minutes'], ['now-1h', '1 hour'], ['now-6h', '6 hours'], ['now-1d', '1 day'], ['now-7d', '7 days']];

const catalogue = (side) => ({
  names: (matchers) => list('labels', { matchers }, side),
  values: (label, matchers) => list('values', { label, matchers }, side),
  typed: (type) => { if (side === 0) setType(type); },
  run: submit,
});
const fields = [new Field(byId('field'), 'Labels', catalogue(0)), new Field(byId('base-field'), 'Labels before', catalogue(1))];

export function setType(type) {
  const select = byId('type');
  if (type && ![...select.options].some((option) => option.value === type)) make(select, 'option', { value: type }, type);
  select.value = type;
}

// The types that there are, instead of those that there were.
export function offerTypes(types) {
  const select = byId('type'), chosen = select.value;
  select.replaceChildren(...types.map(({ id, name }) => make(null, 'option', { value: id, title: id }, name)));
  if (chosen) setType(chosen);
}

export function offerSources(sources) {
  for (const { id, name } of sources) for (const select of ['source', 'base-source']) make(byId(select), 'option', { value: id }, name);
}

// ---- from the form -------------------------------------------------------------------------------

// Asks what stands in the form.
function submit() {
  const { state } = page, [after, before] = fields.map((field) => field.take()), type = byId('type').value;
  const next = { query: isServer() ? whole(after, type) : type };
  const chosen = byId('range').value, time = (id) => withZone(byId(id).value, state.zone);
  if (chosen) Object.assign(next, { start: chosen, end: 'now' });
  else if (isServer()) Object.assign(next, { start: time('start') || DEFAULTS.start, end: time('end') || DEFAULTS.end });
  if (state.compare && isServer()) {
    const base = whole(before, type);
    Object.assign(next, { baseQuery: base === next.query ? '' : base, baseStart: time('base-start'), baseEnd: time('base-end') });
  }
  const isSame = Object.entries(next).every(([name, value]) => state[name] === value);
  if (isSame) follow.question(); else change({ ...next, zoom: next.query === state.query ? state.zoom : '' });
}

// The query of a field, with what is no matcher as it was typed: the server says what is wrong with it.
function whole({ matchers, rest }, type) {
  if (rest === '') return queryText({ type, matchers });
  if (rest.includes('{')) return rest;
  return `${type}{${[...matchers.map((one) => queryText({ type: '', matchers: [one] }).slice(1, -1)), rest].join(', ')}}`;
}

// What to compare with at first: the time before, or another file.
function before() {
  if (!isServer()) {
    const other = page.sources.find(({ id, kind }) => kind === 'file' && id !== source().id);
    return { baseSource: other ? other.id : '', baseStart: '', baseEnd: '' };
  }
  const { state, answer } = page, live = /^now-(\d+)([smhd])$/.exec(state.start);
  if (live && state.end === 'now') return { baseStart: `now-${2 * Number(live[1])}${live[2]}`, baseEnd: state.start };
  if (!answer?.start) return {};
  const [start, end] = [Date.parse(answer.start), Date.parse(answer.end)];
  return { baseStart: iso(2 * start - end), baseEnd: answer.start };
}

function swap() {
  const { state } = page;
  if (!isServer()) { change({ source: state.baseSource, baseSource: source().id, zoom: '' }); return; }
  const { baseStart, baseEnd } = state, baseQuery = state.baseQuery || state.query, own = times();
  change({ query: baseQuery, baseQuery: state.baseQuery ? state.query : '', start: baseStart, end: baseEnd, baseStart: own.start, baseEnd: own.end, zoom: '' });
}

// From a live range to its own two ends, to be changed.
function showEnds() {
  byId('times').hidden = false;
  if (page.answer?.start) for (const end of ['start', 'end']) byId(end).value = shownTime(page.answer[end]);
  byId('start').focus();
}

export function listenToQuestion() {
  for (const [value, text] of RANGES) make(byId('range'), 'option', { value }, 'Last ' + text);
  make(byId('range'), 'option', { value: '' }, 'From … to …');
  byId('question').addEventListener('submit', (event) => {
    event.preventDefault();
    if (page.running) page.running.abort(); else submit();
  });
  byId('type').addEventListener('change', submit);
  byId('range').addEventListener('change', (event) => { if (event.target.value) submit(); else showEnds(); });
  byId('source').addEventListener('change', (event) => {
    const { zone, start, end } = page.state;
    change({ ...DEFAULTS, source: event.target.value, zone, start, end });
  });
  byId('base-source').addEventListener('change', (event) => change({ baseSource: event.target.value, zoom: '' }));
  byId('compare').addEventListener('click', () => {
    if (page.state.compare) change({ compare: '', zoom: '' }); else change({ compare: '1', zoom: '', groupBy: '', ...before() });
  });
  byId('swap').addEventListener('click', swap);
}

// ---- into the form -------------------------------------------------------------------------------

export function fillQuestion() {
  const isOfServer = isServer(), { state, answer } = page, query = parseQuery(state.query);
  byId('question').dataset.kind = isOfServer ? 'server' : 'file';
  for (const id of ['field', 'range', 'run']) byId(id).hidden = !isOfServer;
  byId('type').hidden = page.types.length === 0 && !query?.type;
  if (query?.type) setType(query.type);
  // What was typed and cannot be read stays, to be mended.
  if (query) fields[0].set(query.matchers);
  else if (!fields[0].input.value) fields[0].set([], state.query);
  fillTimes(isOfServer);
  byId('source').hidden = page.sources.length < 2;
  byId('source').value = source().id;
  fillComparison(isOfServer);
  if (answer?.type?.id) setType(answer.type.id);
}

function fillTimes(isOfServer) {
  const { state } = page, known = RANGES.find(([start]) => start === state.start && state.end === 'now');
  byId('range').value = known ? known[0] : '';
  byId('times').hidden = !isOfServer || known !== undefined;
  for (const end of ['start', 'end']) byId(end).value = shownTime(state[end]);
}

function fillComparison(isOfServer) {
  const { state } = page;
  byId('compare').setAttribute('aria-pressed', String(Boolean(state.compare)));
  byId('compare').hidden = page.isOffline || !isOfServer && page.sources.length < 2;
  byId('line-before').hidden = !state.compare || page.isOffline;
  byId('base-field').hidden = byId('base-times').hidden = !isOfServer;
  byId('base-source').hidden = isOfServer;
  byId('base-source').value = state.baseSource;
  fields[1].set((parseQuery(state.baseQuery || state.query) || { matchers: [] }).matchers);
  byId('base-start').value = shownTime(state.baseStart);
  byId('base-end').value = shownTime(state.baseEnd);
}

// A time of the address as people write it in the zone that is shown; to the second.
function shownTime(text) {
  const millis = /^\d{4}-/.test(text) ? Date.parse(text) : /^\d{13}$/.test(text) ? Number(text) : /^\d{10}(\.\d+)?$/.test(text) ? Number(text) * 1000 : NaN;
  if (Number.isNaN(millis)) return text;
  const part = millis % 1000 ? (millis % 1000 / 1000).toFixed(3).slice(1) : '';
  return clock(millis, page.state.zone) + part;
}
