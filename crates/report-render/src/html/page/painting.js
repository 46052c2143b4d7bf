// The boxes of a graph on a canvas: only what is seen is painted, and each pixel of a row once.
import { changeColour } from './colours.js';
import { formsOf } from './names.js';

export const ROW = 19;
const PAD = 3, MIN_BOX = 0.4, MIN_TEXT = 18;
// Narrower boxes have no gap between them, and no frame around them.
const LEAST_GAP = 2.5, LEAST_FRAME = 3;
// A change that is less has no sign.
const LEAST_CHANGE = 1e-4;
const LIGHT = { ink: '#16181d', faint: '#5d6370', selected: '#111827', like: '#4b5563' };
const DARK = { ink: '#eef0f3', faint: '#9aa0ab', selected: '#ffffff', like: '#c3cad6' };
const FOUND = '#c2187a';

// From -1 to 1: how much a node changed, of what it was or of what it is.
function changeShare(tree, labels, id) {
  const before = tree.before[id] * labels.scale, most = Math.max(Math.abs(before), Math.abs(tree.value[id]));
  return most === 0 ? 0 : (tree.value[id] - before) / most;
}

// Paints what a graph shows on its context, and gives what it has written: node, text, width.
export function paint(graph, context, lettering, width, height) {
  const { tree, zoomed, rootBelow } = graph, offset = graph.size.top, written = [];
  const rows = [Math.floor(offset / ROW), Math.ceil((offset + height) / ROW)];
  const [first, last] = rootBelow ? [tree.levels - 1 - rows[1], tree.levels - 1 - rows[0]] : [rows[0] - tree.above, rows[1] - tree.above];
  const box = painter(graph, context, lettering, width, offset, written);
  for (let id = tree.parent[zoomed]; id >= 0; id = tree.parent[id]) if (tree.depth[id] >= first && tree.depth[id] <= last) box(id, 0, width, true);
  paintBelow(tree, box, { from: zoomed, pixels: width / Math.max(tree.width[zoomed], Number.MIN_VALUE), first, last, side: 0 });
  // The other half of a sandwich stays as it is.
  const side = Math.sign(tree.depth[zoomed]);
  if (side !== 0 && tree.above > 0) paintBelow(tree, box, { from: 0, pixels: width / tree.width[0], first, last, side: -side });
  return written;
}

// All below a node, or what is on one side of it.
function paintBelow({ depth, start, width, end, levels, above }, box, { from, pixels, first, last, side }) {
  const painted = new Int32Array(levels + above).fill(-1), begin = start[from];
  for (let id = from; id < end[from];) {
    const level = depth[id], x = (start[id] - begin) * pixels, wide = width[id] * pixels, isNarrow = wide < MIN_BOX;
    const isBeyond = level > 0 ? level > last : level < 0 && level < first;
    const isOtherSide = side !== 0 && level !== 0 && Math.sign(level) !== side;
    if (isBeyond || isOtherSide || isNarrow && painted[level + above] >= Math.floor(x)) {
      id = end[id];
      continue;
    }
    if (isNarrow) painted[level + above] = Math.floor(x);
    if (level >= first && level <= last && wide > 0 && !(side !== 0 && level === 0)) box(id, x, wide, false);
    id = isNarrow ? end[id] : id + 1;
  }
}

// A function that paints one box.
function painter(graph, context, lettering, viewWidth, offset, written) {
  const { tree, labels, hovered, marked, found } = graph, { key, frame, depth } = tree, isDark = graph.dark.matches;
  const { ink, faint, selected, like } = isDark ? DARK : LIGHT, hoveredKey = hovered > 0 ? key[hovered] : -1;
  const colour = labels.palette ? (id) => labels.palette.of(frame[id]) : (id) => changeColour(changeShare(tree, labels, id), isDark);
  return (id, x, width, isAbove) => {
    const y = graph.rowTop(depth[id]) - offset, isFound = found === null || found(frame[id]), shown = width > LEAST_GAP ? width - 1 : width;
    const alpha = isAbove ? 0.6 : isFound ? 1 : 0.28;
    if (alpha !== 1) context.globalAlpha = alpha;
    context.fillStyle = colour(id);
    context.fillRect(x, y, shown, ROW - 1);
    if (alpha !== 1) context.globalAlpha = 1;
    const edge = id === 0 ? '' : key[id] === marked ? selected : key[id] === hoveredKey ? like : found !== null && isFound ? FOUND : '';
    if (edge !== '') frameBox(context, edge, x, y, shown, edge === selected ? 1.5 : 1);
    if (width < MIN_TEXT) return;
    const text = lettering.fit(forms(tree, labels, id), mark(tree, labels, id), Math.min(width, viewWidth - x) - 2 * PAD);
    if (text === '') return;
    context.fillStyle = isFound || isAbove ? ink : faint;
    context.fillText(text, x + PAD, y + ROW / 2 + 0.5);
    written.push([id, text, width]);
  };
}

function frameBox(context, colour, x, y, width, line) {
  if (width > LEAST_FRAME) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, ROW - 2);
  } else {
    context.fillStyle = colour;
    context.fillRect(x, y, Math.max(1, width), ROW - 1);
  }
}

const forms = (tree, labels, id) => id === 0 && tree.above === 0 ? [labels.rootLabel] : formsOf(labels, tree.frame[id]);

// What stands before a name: whether it grew or shrank, and how many wrappers are not shown.
function mark(tree, labels, id) {
  const skipped = tree.skipped[id] > 0 ? `⋯${tree.skipped[id]} ` : '';
  if (!labels.comparison || id === 0) return skipped;
  const change = changeShare(tree, labels, id);
  return (Math.abs(change) < LEAST_CHANGE ? '' : change > 0 ? '+ ' : '− ') + skipped;
}
