// What the page knows and shows, and its address. The parts of the page meet here.
import { Engine, ask } from './answers.js';
import { labelOf } from './profile.js';
import { queryText } from './selector.js';
import { fromAddress, isAsked, isLive, toAddress } from './state.js';

// How many lists of labels and values are kept.
const MOST_LISTS = 200;

export const engine = new Engine();

// `state` is as state.js has it. `answer` is what was said beside the stacks, `raw` the profile without its nodes, `result`
// what the view makes of it, `points` the values over the range, `running` what ends the question that is under way.
export const page = {
  state: fromAddress(location.search, location.hash), isOffline: engine.isOffline, sources: [], links: [], types: [],
  answer: null, raw: null, result: null, points: null, running: null, refused: null, history: null, lit: null, lists: new Map(),
};

// What follows a change of the state: the question is asked again, or the same answer is shown otherwise.
export const follow = { question() {}, view() {} };

// Changes what is shown and the address with it. `how` is push, so that Back undoes it, or replace.
export function change(parts, how = 'push') {
  const before = page.state;
  page.state = { ...before, ...parts };
  // While the address is written, the worker is at work.
  followed(before);
  writeAddress(how);
}

export function writeAddress(how) {
  const to = toAddress(page.state);
  // A page of a file keeps its address behind the mark, where no server sees it.
  const target = page.isOffline ? '#' + to.replace(/^\?/, '') : to;
  if (how === 'push' && location.search + location.hash !== target) history.pushState(null, '', target);
  else history.replaceState(null, '', target);
}

export function readAddress() {
  const before = page.state;
  page.state = fromAddress(location.search, location.hash);
  followed(before);
}

function followed(before) {
  const isNew = Object.keys(page.state).some((name) => isAsked(name) && before[name] !== page.state[name]);
  if (isNew) follow.question(); else follow.view();
}

export const source = (id = page.state.source) => page.sources.find((one) => one.id === id) || page.sources[0] || { id: '', kind: 'page', name: '' };
export const isServer = () => source().kind !== 'file' && source().kind !== 'page';

// The names of labels or the values of one, as far as the matchers and the time of a side leave them.
export async function list(what, { label = '', matchers }, side) {
  const { state, lists } = page, query = queryText({ type: '', matchers });
  const [start, end] = side === 1 ? [state.baseStart, state.baseEnd] : [state.start, state.end];
  const key = JSON.stringify([what, label, query, start, end, state.source]);
  if (!lists.has(key)) {
    if (lists.size > MOST_LISTS) lists.clear();
    lists.set(key, ask(what, { source: state.source, label, query: matchers.length ? query : '', start, end }).then((answer) => answer[what]));
    lists.get(key).catch(() => lists.delete(key));
  }
  return lists.get(key);
}

// What is asked of the server for the state.
export function parameters() {
  const { state } = page, asked = {};
  for (const name of Object.keys(state)) if (isAsked(name) && name !== 'compare') asked[name] = state[name];
  if (!state.compare) for (const name of ['baseSource', 'baseQuery', 'baseStart', 'baseEnd']) asked[name] = '';
  return asked;
}

// The ends of what is shown: live ones as they were asked for, fixed ones as they were answered.
export function times() {
  const { state, answer } = page;
  const own = isLive(state) ? { start: state.start, end: state.end } : { start: answer?.start || state.start, end: answer?.end || state.end };
  return { ...own, baseStart: answer?.base?.start || state.baseStart, baseEnd: answer?.base?.end || state.baseEnd };
}

// Of how many moments a sum of snapshots is, after and before; shown is their mean unless somebody wants the sum.
export const moments = () => (page.answer.sides || []).map((side) => side?.snapshots?.moments || 1);
export const isMean = () => page.state.sums !== 'sum' && moments().some((number) => number > 1);

export const labelAt = (id) => labelOf(page.raw, page.state.by, page.result.tree.frame[id]);
