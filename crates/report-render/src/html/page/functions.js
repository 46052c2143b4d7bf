// What can be done with a function or a frame: the acts, the menu of them, and the names that they are called by.
import { copy, toast } from './dom.js';
import { plain } from './names.js';
import { showMenu } from './menu.js';
import { profileQuery } from './command.js';
import { change, engine, page, source, times } from './page.js';
import { parseQuery, queryText } from './selector.js';
import { view } from './view.js';

const LONGEST_SHORT_NAME = 40, LONGEST_TITLE = 60;

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// The last of a function's short names.
export function shortLabel(label) {
  const forms = page.raw?.names.find(([full]) => full === label);
  return plain(forms ? forms[forms.length - 1] : label).slice(0, LONGEST_SHORT_NAME);
}

export function act(what, label) {
  const { state } = page, exactly = '^' + literal(label) + '$';
  switch (what) {
    case 'copy': copy(label).then(() => toast('Copied the name')); break;
    case 'sandwich': change({ sandwich: state.sandwich === label ? '' : label, zoom: '' }); break;
    case 'focus': change({ focus: state.focus === exactly ? '' : exactly, zoom: '' }); break;
    case 'ignore': change({ ignore: exactly, zoom: '' }); break;
    case 'hide': change({ hide: state.hide ? state.hide + '|' + exactly : exactly, zoom: '' }); break;
    case 'close': change({ selected: '' }, 'replace'); break;
    default: break;
  }
}

export function zoom(id) {
  const { graph } = page;
  if (id !== graph.zoomed || id !== 0) change({ zoom: id === 0 ? '' : graph.path(id) });
}

// The menu of a function, and of a frame if one is meant; -1 is none.
export function showFunctionMenu(label, x, y, id) {
  const { raw, result } = page, frame = id >= 0 ? result.tree.frame[id] : -1;
  const isGroup = frame >= 0 && raw.f_kind[frame] === 2, isFunction = !isGroup && label && (id !== 0 || page.state.sandwich);
  const items = [];
  if (id >= 0) items.push(['Zoom into this frame', () => zoom(id), 'Enter']);
  if (isGroup) items.push(...ofGroup(label));
  if (isFunction) items.push(...ofFunction(label));
  items.push(null, ['Copy the name', () => act('copy', label)]);
  if (raw.comparison && !isGroup && label) items.push(['Copy a check for CI', () => copyCheck(label)]);
  showMenu(x, y, label.length > LONGEST_TITLE ? '…' + label.slice(2 - LONGEST_TITLE) : label || 'root', items);
}

const ofFunction = (label) => [
  ['Callers and callees', () => act('sandwich', label), 's'], ['Only stacks with this function', () => act('focus', label), 'f'],
  ['No stacks with this function', () => act('ignore', label)], ['Hide this function', () => act('hide', label), 'x'],
  ['Mark all of its frames', () => change({ search: label }, 'replace')],
];

function ofGroup(label) {
  const matchers = parseQuery(label)?.matchers || [], query = parseQuery(page.state.query);
  if (!matchers.length || !query) return [];
  const narrowed = queryText({ type: query.type, matchers: [...query.matchers, ...matchers] });
  return [['Only these labels', () => change({ query: narrowed, groupBy: '', zoom: '' })]];
}

// The command that fails where the function grows by half of what it did here; nothing where there is none.
export async function checkLine(name) {
  const of = await engine.call('details', [view(), name]), [whole, wholeBefore] = page.wholes;
  const points = (of.all / (whole || 1) - of.allBefore / (wholeBefore || 1)) * 100;
  const row = { kind: 'cum', name, limit: `${Math.max(0.1, Math.abs(points) / 2).toFixed(1)}pp` };
  return profileQuery(page.state, source(), times(), source(page.state.baseSource), row);
}

async function copyCheck(name) {
  const line = await checkLine(name);
  if (line) copy(line).then(() => toast('Copied the command'));
}
