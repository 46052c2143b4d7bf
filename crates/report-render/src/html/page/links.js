// The links of the first line: other pages of the program, what differs, commands, other forms, addresses, the zone, keys.
import { byId, button, copy, make, toast } from './dom.js';
import { curl, goTool, profileQuery, reportAddress } from './command.js';
import { showCommands, showDifferences, showKeys } from './dialogs.js';
import { checkLine, shortLabel } from './functions.js';
import { KEYS } from './keys.js';
import { showMenu } from './menu.js';
import { change, engine, isServer, list, page, parameters, source, times } from './page.js';
import { parseQuery } from './selector.js';
import { isLive, toAddress } from './state.js';

const FORMS = [['svg', 'SVG image'], ['html', 'This page as a file'], ['folded', 'Folded stacks'], ['top', 'Ranking as text'], ['speedscope', 'Speedscope'], ['pprof_raw', 'pprof'], ['json_flamegraph', 'JSON']];
// Forms of one profile.
const SINGLE = ['pprof_raw', 'speedscope'];

// `zoned` is called when times are to be shown in another zone.
export function drawLinks(zoned) {
  const element = byId('links');
  for (const { text, href } of page.links) make(element, 'a', { href }, text);
  if (!page.isOffline) {
    button(element, 'What differs', whatDiffers, { title: 'Which values of labels have other stacks than the rest' }).hidden = !isServer();
    button(element, 'Command', commands, { title: 'The command lines that show the same' });
    menuButton(element, 'Open as', forms);
    menuButton(element, 'Link', addresses);
  }
  const words = () => page.state.zone === 'local' ? 'Local time' : 'UTC';
  const zone = button(element, words(), () => {
    change({ zone: page.state.zone === 'local' ? 'utc' : 'local' }, 'replace');
    zone.textContent = words();
    zoned();
  }, { title: 'Times in UTC or in this browser’s zone' });
  button(element, '?', () => showKeys(KEYS), { title: 'Keys', 'aria-label': 'Keys' });
}

function menuButton(element, text, items) {
  const made = button(element, text, () => {
    const box = made.getBoundingClientRect();
    showMenu(box.left, box.bottom + 4, text, items());
  }, { 'aria-haspopup': 'menu' });
}

function forms() {
  const { state } = page, open = (form) => window.open(reportAddress(state, source(), times(), form), '_blank', 'noopener');
  return FORMS.filter(([form]) => !(state.compare && SINGLE.includes(form))).map(([form, text]) => [text, () => open(form)]);
}

function addresses() {
  const { state, answer } = page, copied = (address) => copy(address).then(() => toast('Copied the link'));
  const items = [['Copy the link', () => copied(location.href)]];
  if (isLive(state) && answer?.start) {
    const pinned = toAddress({ ...state, start: answer.start, end: answer.end });
    items.push(['Copy a link to exactly this time', () => copied(new URL(pinned, location.href).href)]);
  }
  return items;
}

async function commands() {
  const { state } = page, at = [state, source(), times()];
  showCommands([
    ['profile-query', profileQuery(...at, source(state.baseSource))], ['curl', curl(...at)],
    ['go tool pprof', state.compare ? null : goTool(...at)],
    ['A check for CI of the chosen function', state.compare && state.selected ? await checkLine(state.selected) : null],
  ]);
}

async function whatDiffers() {
  const names = await list('labels', { matchers: parseQuery(page.state.query)?.matchers || [] }, 0).catch(() => []);
  const rank = (label) => engine.differs({ ...parameters(), baseStart: '', baseEnd: '', baseQuery: '', groupBy: label });
  showDifferences(names, rank, { shorten: shortLabel, open: (label) => change({ groupBy: label, zoom: '' }) });
}
