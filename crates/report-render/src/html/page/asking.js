// A question on its way: asked, answered, refused or stopped. The picture stays until there is another.
import { byId } from './dom.js';
import { ask } from './answers.js';
import { showMistakes } from './mistakes.js';
import { earlySeries, series, showSeries } from './over-time.js';
import { change, engine, list, page, parameters, source } from './page.js';
import { fillQuestion, offerTypes } from './question.js';
import { status } from './status.js';

// How long it takes is said anew so often.
const EVERY = 1000;

export const mistakes = (error) => showMistakes(byId('mistakes'), error, { state: page.state, change, list });

// Asks what the state says; `shown` draws what was answered.
export async function run(shown) {
  page.latest?.abort();
  const running = page.latest = page.running = new AbortController(), began = Date.now(), isLatest = () => page.latest === running;
  const clockwork = begin(began);
  const early = earlySeries(running.signal);
  early?.then((points) => { if (points && isLatest()) showSeries(page.points = points); });
  try {
    const [loaded] = await Promise.all([engine.load(parameters(), running.signal), loadTypes()]);
    if (isLatest()) await answered(loaded, Date.now() - began, shown);
  } catch (error) {
    if (!isLatest()) return;
    if (error.name === 'AbortError') { status('ready', 'stopped'); return; }
    refuse(error);
  } finally {
    clearInterval(clockwork);
    if (isLatest()) end();
  }
  if (!running.signal.aborted) series(running.signal, early);
}

// Says why there is no answer; the picture of the one before stays.
export function refuse(error) {
  page.refused = error;
  status('failed', 'no answer to this question');
  mistakes(error);
}

function begin(began) {
  document.body.setAttribute('aria-busy', 'true');
  byId('run').textContent = 'Stop';
  if (page.sources.length) status('asking', 'asking');
  page.history = null;
  fillQuestion();
  showSeries(null);
  return setInterval(() => status('asking', `asking ${source().name || 'the server'}, ${Math.round((Date.now() - began) / 1000)} s`), EVERY);
}

async function answered(loaded, took, shown) {
  page.received = performance.now();
  Object.assign(page, { answer: loaded.answer, raw: loaded.raw, refused: null });
  status('ready', `answered in ${took < 995 ? took + ' ms' : (took / 1000).toFixed(1) + ' s'}`);
  mistakes(null);
  fillQuestion();
  await shown();
}

function end() {
  page.running = null;
  document.body.removeAttribute('aria-busy');
  byId('run').textContent = 'Run';
}

export async function loadTypes() {
  const { source: of, start, end: until } = page.state, asked = JSON.stringify([of, start, until]);
  if (page.isOffline || page.typesOf === asked) return;
  page.typesOf = asked;
  page.typesRefused = null;
  const { types } = await ask('types', { source: of, start, end: until }).catch((error) => {
    // Asked for again with the next question.
    page.typesOf = '';
    page.typesRefused = error;
    return { types: [] };
  });
  page.types = types;
  offerTypes(page.types);
}
