// What keys do wherever the focus is, and the list of all keys.
import { act } from './functions.js';
import { showKeys } from './dialogs.js';
import { change, follow, page } from './page.js';
import { nextMatch } from './view.js';

export const KEYS = [
  ['/', 'search'], ['n, N', 'next and previous match'], ['← ↑ ↓ →', 'move through the graph or the table'], ['Enter', 'zoom into the frame'],
  ['Esc', 'back out: menu, search, zoom'], ['Space', 'choose the frame'], ['m', 'menu of the frame'], ['s', 'callers and callees of the chosen function'],
  ['f', 'only stacks with the chosen function'], ['x', 'hide the chosen function'], ['i', 'inverted: leaves on top'], ['c', 'collapse runs of wrappers'],
  ['t', 'table, graph, or both'], ['b', 'root at the bottom'], ['r', 'run again'], ['0', 'all filters and zoom off'], ['?', 'this list'],
];
const NEXT_PANES = { both: 'graph', graph: 'table', table: 'both' };
// Where letters are text.
const TYPING = 'input:not([type=checkbox]), textarea, select, dialog, .menu';

const chosen = (what) => () => { if (page.state.selected) act(what, page.state.selected); };

const ACTS = {
  '/': () => page.tools.search.focus(), '?': () => showKeys(KEYS), n: () => nextMatch(1), N: () => nextMatch(-1), r: () => follow.question(),
  i: () => page.tools.invert.click(), c: () => page.tools.collapse.click(), b: () => change({ below: page.state.below ? '' : '1' }, 'replace'),
  s: chosen('sandwich'), f: chosen('focus'), x: chosen('hide'), t: () => change({ show: NEXT_PANES[page.state.show] }, 'replace'),
  0: () => change({ focus: '', ignore: '', hide: '', sandwich: '', invert: '', collapse: '', search: '', zoom: '' }),
};

export function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING)) return;
    if (event.key === 'Escape') backOut();
    else if (page.tools && Object.hasOwn(ACTS, event.key)) {
      event.preventDefault();
      ACTS[event.key]();
    }
  });
}

// From the search, the zoom, the callers and callees, what is chosen: one after the other.
function backOut() {
  const { state, graph } = page;
  if (state.search || page.lit !== null) { page.lit = null; change({ search: '' }, 'replace'); }
  else if (state.zoom && page.result) { const id = page.result.tree.parent[graph.zoomed]; change({ zoom: id > 0 ? graph.path(id) : '' }); }
  else if (state.sandwich) change({ sandwich: '', zoom: '' });
  else if (state.selected) change({ selected: '' }, 'replace');
}
