// The page: one question, one answer, and all that can be made of it.
import { byId, say } from './dom.js';
import { Refused, ask } from './answers.js';
import { loadTypes, mistakes, refuse, run } from './asking.js';
import { listenToKeys } from './keys.js';
import { drawLinks } from './links.js';
import { closeMenu } from './menu.js';
import { showSeries } from './over-time.js';
import { engine, follow, isServer, page, readAddress, writeAddress } from './page.js';
import { render } from './picture.js';
import { fillQuestion, listenToQuestion, offerSources } from './question.js';
import { parseQuery, queryText } from './selector.js';
import { status, watch } from './status.js';

const NOTHING = new Refused({ message: 'There are no profiles in this time.', hint: 'A longer range may have some.' });

async function answerQuestion() {
  // What asks for no type asks for the first that there is.
  if (!page.isOffline && parseQuery(page.state.query)?.type === '') {
    await loadTypes();
    if (!page.types.length) {
      fillQuestion();
      refuse(page.typesRefused || NOTHING);
      return;
    }
    page.state.query = firstQuery();
    writeAddress('replace');
  }
  await run(async () => {
    await render();
    page.shownIn = page.pictured - page.received;
  });
}

// The state's query, with a type.
function firstQuery() {
  const { state: { query }, types } = page;
  if (!isServer()) return (types.find(({ isDefault }) => isDefault) || types[0]).id;
  return query === '' ? types[0].id : queryText({ type: types[0].id, matchers: parseQuery(query).matchers });
}

follow.question = answerQuestion;
follow.view = render;
page.dark.addEventListener('change', render);
addEventListener('popstate', () => {
  closeMenu();
  readAddress();
});
listenToQuestion();
listenToKeys();

// Times are shown in another zone.
function zoned() {
  fillQuestion();
  showSeries(page.points);
}

async function start() {
  if (page.isOffline) { await startFile(); return; }
  try {
    const { program, sources, links } = await ask('source');
    Object.assign(page, { sources, links });
    say(byId('brand'), program);
  } catch (error) {
    status('lost', error.message);
    mistakes(error);
    return;
  }
  offerSources(page.sources);
  if (!page.sources.some(({ id }) => id === page.state.source)) page.state.source = page.sources[0]?.id || '';
  drawLinks(zoned);
  watch();
  writeAddress('replace');
  answerQuestion();
}

// A file with the stacks in it.
async function startFile() {
  const { answer, raw } = await engine.load();
  Object.assign(page, { answer, raw });
  byId('head').classList.add('offline');
  say(byId('brand'), answer.title || 'Profile');
  status('ready', '');
  byId('question').hidden = byId('chart').hidden = true;
  drawLinks(zoned);
  await render();
}

start();
// For tests: what is drawn, and how long it took.
globalThis.profilePage = { page, graph: page.graph, engine, state: () => page.state };
