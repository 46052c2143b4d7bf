// Puts the page together: status now and then, questions when asked, the state in the address.

import { byId, get, say } from './dom.js';
import { showReadiness, showStatus } from './lanes.js';
import { fill, parameters, refreshTypes, startForm } from './question.js';
import { clearResults, showAnswer, showMistakes } from './results.js';

const STATUS_EVERY = 2000;
// Types appear while a server is young; later they rarely do.
const TYPES_FIRST = 2000, TYPES_LAST = 60000;

// ---- what repeats; nothing does while nobody looks ----------------------------------------------

function repeatedly(act, first, next) {
  let timer = 0, wait = first;
  const turn = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const isWell = await act().catch(() => false);
    wait = next(wait, isWell);
    clearTimeout(timer);
    timer = setTimeout(turn, wait);
  };
  document.addEventListener('visibilitychange', turn);
  turn();
}

async function refreshStatus() {
  try {
    showStatus(await get('api/status'));
  } catch (error) {
    showReadiness('gone', error.message);
  }
}

// ---- questions ----------------------------------------------------------------------------------

let asking = null;

async function ask() {
  asking?.abort();
  const own = asking = new AbortController(), asked = parameters();
  showMistakes(null);
  say(byId('outcome'), 'Asking the Parca …');
  byId('profiles').setAttribute('aria-busy', 'true');
  try {
    const answer = await get('parcaquery', { ...asked, reportType: 'viewer' }, own.signal);
    if (asking !== own) return;
    showAnswer(answer, asked);
    remember({ ...asked, ...times(answer) });
  } catch (error) {
    if (asking !== own) return;
    clearResults();
    say(byId('outcome'), 'No profile.');
    showMistakes(error.said ?? { message: 'the page failed: ' + error.message });
  }
  byId('profiles').removeAttribute('aria-busy');
}

// What `now` was, so that a link shows tomorrow what it shows today.
function times({ start, end, baseStart, baseEnd }) {
  return baseStart ? { start, end, baseStart, baseEnd } : { start, end };
}

function remember(state) {
  history.replaceState(null, '', '#' + new URLSearchParams(state));
}

function restore() {
  const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  fill(state);
  if (state.query) {
    ask();
    return;
  }
  asking?.abort();
  asking = null;
  showMistakes(null);
  clearResults();
  say(byId('outcome'), 'Nothing asked yet.');
}

startForm();
byId('question').addEventListener('submit', (event) => {
  event.preventDefault();
  // Back leads to the question before this one.
  history.pushState(null, '', '#' + new URLSearchParams(parameters()));
  ask();
});
addEventListener('popstate', restore);
restore();
repeatedly(refreshStatus, STATUS_EVERY, () => STATUS_EVERY);
repeatedly(refreshTypes, TYPES_FIRST, (wait, isWell) => isWell ? Math.min(2 * wait, TYPES_LAST) : TYPES_FIRST);
