// What the worker is asked for, and what is marked in its answer: the function that is chosen, and what a search finds.
import { found, labelOf } from './profile.js';
import { isMean, moments, page } from './page.js';

// The state as stacks.js takes it.
export function view() {
  const { state, raw } = page, [after = 1, before = 1] = isMean() ? moments() : [1, 1];
  return {
    focus: state.focus, ignore: state.ignore, hide: state.hide, by: state.by, groups: Boolean(state.groupBy), invert: Boolean(state.invert) && !state.sandwich,
    sandwich: state.sandwich, collapse: Boolean(state.collapse), order: state.order, divide: [after, before], share: raw.comparison && state.diff === 'share',
  };
}

// The key of the frames with a label; nothing where there is none.
export function keyOf(label) {
  if (!label) return null;
  const { tree } = page.result, { raw, state: { by } } = page, isIt = new Uint8Array(raw.frames);
  for (let frame = 0; frame < raw.frames; frame++) if (labelOf(raw, by, frame) === label) isIt[frame] = 1;
  for (let id = 0; id < tree.count; id++) if (tree.frame[id] >= 0 && isIt[tree.frame[id]] === 1) return tree.key[id];
  return null;
}

// Marks what the search finds or, without one, what has the colour that somebody clicked on.
export function setFound() {
  const { raw, state, graph, palette, lit } = page, hits = state.search ? found(raw, state.by, state.search) : null;
  page.found = hits && ((frame) => frame >= 0 && hits[frame] === 1);
  graph.found = page.found || (lit === null ? null : (frame) => frame >= 0 && palette?.column[frame] === lit);
}

// The share of what matches: each stack counts once.
export function matched() {
  const { tree } = page.result;
  let sum = 0, count = 0, end = 0;
  for (let id = 1; id < tree.count; id++) {
    if (!page.found(tree.frame[id])) continue;
    count++;
    if (id >= end) { sum += tree.value[id]; end = tree.end[id]; }
  }
  return { sum, count };
}

export function nextMatch(step) {
  if (!page.found) return;
  const { graph } = page, { tree } = page.result;
  for (let tried = 1; tried <= tree.count; tried++) {
    const id = (graph.cursor + step * tried + tree.count * 2) % tree.count;
    if (id > 0 && page.found(tree.frame[id]) && graph.isInZoom(id)) { graph.moveTo(id); return; }
  }
}
