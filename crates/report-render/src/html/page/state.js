// What the page shows, and the same as the address of the page.
import { iso } from './numbers.js';

// What is asked of the server, and then what is made of the answer; what is as here is not in the address.
const ASKED = { source: '', query: '', start: 'now-15m', end: 'now', compare: '', baseSource: '', baseQuery: '', baseStart: '', baseEnd: '', groupBy: '' };
const VIEWED = {
  by: 'function', colour: 'package', order: 'value', invert: '', sandwich: '', collapse: '', focus: '', ignore: '', hide: '',
  search: '', selected: '', zoom: '', show: 'both', table: 'own', diff: 'share', sums: '', below: '', zone: 'utc',
};
export const DEFAULTS = { ...ASKED, ...VIEWED };

export const isAsked = (name) => Object.hasOwn(ASKED, name);

// From the address: our own names, those of the pages before this one, and those of Parca's own page.
export function fromAddress(search, fragment) {
  const given = new URLSearchParams(search), older = new URLSearchParams(fragment.replace(/^#/, ''));
  const state = { ...DEFAULTS };
  for (const parameters of [older, given]) {
    for (const [name, value] of parameters) if (Object.hasOwn(DEFAULTS, name)) state[name] = value;
  }
  if (given.has('expression_a') || given.has('expression_b')) ofParca(given, state);
  if (older.get('compare') === 'true' || state.baseStart && state.baseEnd && !state.compare) state.compare = '1';
  return state;
}

function ofParca(given, state) {
  const side = (name) => {
    const relative = /^relative:(minute|hour|day)\|(\d+)$/.exec(given.get('time_selection_' + name) || '');
    const time = (end) => {
      const millis = Number(given.get(end + '_' + name));
      return millis > 0 ? iso(millis) : '';
    };
    return {
      query: given.get('expression_' + name) || '',
      start: relative ? `now-${relative[2]}${relative[1][0]}` : time('from') || DEFAULTS.start,
      end: relative ? 'now' : time('to') || DEFAULTS.end,
    };
  };
  const a = side('a'), isCompared = given.get('compare_a') === 'true' || given.get('compare_b') === 'true';
  if (isCompared && given.has('expression_b')) {
    // Parca's left side, a, is what was before.
    const b = side('b');
    Object.assign(state, b, { compare: '1', baseQuery: a.query, baseStart: a.start, baseEnd: a.end });
    if (given.get('compare_absolute') === 'true') state.diff = 'value';
  } else Object.assign(state, a);
  if (given.get('invert_call_stack') === 'true') state.invert = '1';
  if (given.get('sandwich_function_name')) state.sandwich = given.get('sandwich_function_name');
  if (given.get('search_string')) state.search = given.get('search_string');
  const groups = (given.get('group_by') || '').split(',').filter((name) => name.startsWith('labels.'));
  if (groups.length) state.groupBy = groups.map((name) => name.slice(7)).join(',');
  for (const filter of (given.get('profile_filters') || '').split(',')) parcaFilter(filter, state);
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// `TYPE:FIELD:MATCH:VALUE` of Parca's page: s for stacks and f for frames.
function parcaFilter(filter, state) {
  const [type, , match, ...rest] = filter.split(':');
  if (!rest.length) return;
  let value = rest.join(':');
  try { value = decodeURIComponent(value); } catch { /* as it is */ }
  const text = match.endsWith('^') ? '^' + escaped(value) : match.endsWith('~') ? value : '^' + escaped(value) + '$';
  const isNot = match.startsWith('!');
  if (type === 's') state[isNot ? 'ignore' : 'focus'] = text;
  else if (type === 'f' && isNot) state.hide = text;
}

export function toAddress(state) {
  const parameters = new URLSearchParams();
  for (const [name, standard] of Object.entries(DEFAULTS)) if (state[name] !== standard && state[name] !== '') parameters.set(name, state[name]);
  // Always said, so that a link means the same whatever the standard is one day.
  if (state.query) for (const name of ['start', 'end']) parameters.set(name, state[name]);
  const text = parameters.toString();
  return text ? '?' + text : location.pathname;
}

export const isLive = (state) => /now/.test(state.end);
