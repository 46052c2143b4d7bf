// The form as the parameters of /parcaquery, and back; and the pickers that help to fill it.

import { byId, get, make } from './dom.js';
import { split, withMatcher, withName } from './selector.js';

const FIELDS = ['query', 'start', 'end', 'groupBy', 'focus', 'baseStart', 'baseEnd'];
const UNITS = { m: 60, h: 3600, d: 86400 };

// The parameters but for reportType; empty ones left out.
export function parameters() {
  const given = {};
  for (const name of FIELDS) {
    const input = byId(name);
    if (!input.disabled && input.value.trim() !== '') given[name] = input.value.trim();
  }
  return given;
}

export function fill(given) {
  for (const name of FIELDS) byId(name).value = given[name] ?? '';
  const range = [...byId('range').options].find((option) => option.value && relative(option.value) === given.start + ' ' + given.end);
  byId('range').value = given.start || given.end ? range?.value ?? '' : '15m';
  byId('compare').checked = Boolean(given.baseStart || given.baseEnd);
  rangeChosen();
  arrange();
  showType();
  refreshLabels();
}

// Puts a candidate of an error, or a time that has data, into the form.
export function put(parameter, value) {
  const input = byId(parameter);
  if (!FIELDS.includes(parameter)) return;
  input.value = parameter === 'query' ? withName(input.value, value) : value;
  if (parameter === 'start' || parameter === 'end') {
    byId('range').value = '';
    arrange();
  }
  if (parameter === 'query') queryChanged();
  input.focus();
}

export function isField(parameter) {
  return FIELDS.includes(parameter);
}

export function markInvalid(names) {
  for (const name of FIELDS) {
    if (names.includes(name)) byId(name).setAttribute('aria-invalid', 'true');
    else byId(name).removeAttribute('aria-invalid');
    if (names.includes(name)) byId(name).setAttribute('aria-describedby', 'mistakes');
    else byId(name).removeAttribute('aria-describedby');
  }
}

function relative(span) {
  return `now-${span} now`;
}

function rangeChosen() {
  const span = byId('range').value;
  if (span) [byId('start').value, byId('end').value] = relative(span).split(' ');
}

// Which fields count: times of a chosen span are not for typing, and a comparison has no groups.
function arrange() {
  const compares = byId('compare').checked, isTyped = byId('range').value === '';
  for (const name of ['start', 'end']) byId(name).readOnly = !isTyped;
  byId('base').hidden = !compares;
  for (const name of ['baseStart', 'baseEnd']) byId(name).disabled = !compares;
  byId('groupBy').disabled = compares;
  byId('groupBy').title = compares ? 'not in a comparison' : '';
}

// The time before, just as long.
function proposeBase() {
  const span = byId('range').value;
  const twice = span && 2 * parseInt(span, 10) + span.at(-1);
  const [start, end] = span ? [`now-${twice}`, `now-${span}`] : before(byId('start').value, byId('end').value);
  byId('baseStart').value = start;
  byId('baseEnd').value = end;
}

function before(start, end) {
  const [from, to] = [start, end].map(point);
  if (!(to > from)) return ['now-30m', 'now-15m'];
  return [new Date(2 * from - to).toISOString(), new Date(from).toISOString()];
}

// Only as well as it takes to propose something: the server reads times itself.
function point(text) {
  const ago = /^now(?:-(\d+)([mhd]))?$/.exec(text.trim());
  return ago ? Date.now() - 1000 * (ago[1] ? ago[1] * UNITS[ago[2]] : 0) : Date.parse(text);
}

// ---- pickers ----------------------------------------------------------------------------------

let types = [], labelsOf = null;

// Whether there were any. Options that somebody looks at stay as they are.
export async function refreshTypes() {
  const { types: found } = await get('api/types');
  if (String(found) !== String(types) && document.activeElement !== byId('type')) {
    types = found;
    const select = byId('type');
    select.replaceChildren(select.options[0]);
    for (const id of types) make(select, 'option', { value: id }, id);
    showType();
  }
  return found.length > 0;
}

function showType() {
  const { name } = split(byId('query').value);
  byId('type').value = types.includes(name) ? name : '';
}

function queryChanged() {
  showType();
  refreshLabels();
}

// Lists are help: without them everything can still be typed.
async function refreshLabels() {
  const type = byId('type').value;
  if (labelsOf === type) return;
  labelsOf = type;
  const { labels } = await get('api/labels', type ? { type } : {}).catch(() => {
    if (labelsOf === type) labelsOf = null;
    return { labels: [] };
  });
  if (labelsOf !== null && labelsOf !== type) return;
  const select = byId('label'), chosen = select.value, shown = [...select.options].slice(1).map((option) => option.value);
  // Options that somebody looks at stay as they are, if they can.
  if (String(shown) === String(labels)) {
    refreshValues();
    return;
  }
  select.replaceChildren(select.options[0]);
  byId('labels').replaceChildren();
  for (const label of labels) {
    make(select, 'option', { value: label }, label);
    make(byId('labels'), 'option', { value: label });
  }
  select.value = labels.includes(chosen) ? chosen : '';
  refreshValues();
}

async function refreshValues() {
  const label = byId('label').value, type = byId('type').value;
  byId('values').replaceChildren();
  if (!label) return;
  const { values } = await get('api/values', type ? { label, type } : { label }).catch(() => ({ values: [] }));
  if (byId('label').value !== label) return;
  byId('values').replaceChildren();
  for (const value of values) make(byId('values'), 'option', { value });
}

function addMatcher() {
  const label = byId('label').value;
  if (!label) {
    byId('label').focus();
    return;
  }
  byId('query').value = withMatcher(byId('query').value, label, byId('operator').value, byId('value').value);
  byId('value').value = '';
  byId('label').focus();
}

export function startForm() {
  byId('type').addEventListener('change', () => {
    const { name } = split(byId('query').value), chosen = byId('type').value;
    // "As written" leaves alone what is no type of the list.
    if (chosen || types.includes(name)) byId('query').value = withName(byId('query').value, chosen);
    refreshLabels();
  });
  byId('query').addEventListener('change', queryChanged);
  byId('label').addEventListener('focus', refreshLabels);
  byId('label').addEventListener('change', refreshValues);
  byId('add').addEventListener('click', addMatcher);
  byId('value').addEventListener('keydown', (event) => {
    // Enter here means this label, not the whole form.
    if (event.key !== 'Enter') return;
    event.preventDefault();
    addMatcher();
  });
  byId('range').addEventListener('change', () => {
    rangeChosen();
    if (byId('compare').checked) proposeBase();
    arrange();
    if (!byId('range').value) byId('start').focus();
  });
  byId('compare').addEventListener('change', () => {
    if (byId('compare').checked) proposeBase();
    arrange();
  });
}
