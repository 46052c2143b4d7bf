// Whether the server answers, as the first line says it.
import { byId, say } from './dom.js';
import { ask } from './answers.js';
import { follow, page } from './page.js';

// Together less than the five seconds in which a frozen server has to be seen.
const EVERY = 1000, PATIENCE = 3000;

export function status(is, words) {
  byId('status').dataset.is = is;
  say(byId('status-words'), words);
  // A long reason is cut off where there is no room.
  byId('status').title = words;
}

// Looks again and again, as long as the page is open: a frozen server is seen without a question, and so is a frozen server
// of this page.
export async function watch() {
  answered();
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY));
    if (document.hidden || page.running) answered();
    else await look();
  }
}

async function look() {
  const lost = (error) => ({ ok: false, words: error.message });
  const health = await ask('health', { source: page.state.source }, AbortSignal.timeout(PATIENCE)).catch(lost);
  if (page.running) return;
  if (health.ok) {
    const { is } = byId('status').dataset;
    answered();
    if (is === 'lost' || is === 'asking') status('ready', 'answering');
    // What it could not answer while it was lost.
    if (is === 'lost' && page.refused) follow.question();
    return;
  }
  const age = performance.now() - page.answered;
  page.lostAfter ||= age;
  status('lost', `${health.words}; the last answer is ${Math.round(age / 1000)} s old`);
}

function answered() {
  page.answered = performance.now();
  page.lostAfter = 0;
}
