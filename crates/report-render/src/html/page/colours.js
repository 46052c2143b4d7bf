// What colours say: to which package, file or binary a frame belongs, or how much it changed.
import { human } from './numbers.js';

// Told apart by hue, all light (or dark) enough for the text on them; what belongs to the system is grey.
const HUES = [212, 28, 152, 262, 48, 336, 188, 92, 8, 300, 128, 232];

function hash(text) {
  let made = 2166136261;
  for (let at = 0; at < text.length; at++) made = Math.imul(made ^ text.charCodeAt(at), 16777619);
  return (made ^ made >>> 15) >>> 0;
}

const paint = (hue, dark) => dark ? `hsl(${hue} 34% 33%)` : `hsl(${hue} 62% 84%)`;
const grey = (dark, step) => dark ? `hsl(220 8% ${27 + 5 * step}%)` : `hsl(220 14% ${91 - 4 * step}%)`;

// What a colour is of, as the number that each frame has and the name of each number.
function coloured(raw, by) {
  switch (by) {
    case 'file': return [raw.f_file, raw.files];
    case 'binary': return [raw.f_binary, raw.binaries];
    case 'function': return [raw.f_name, raw.names.map(([name]) => name)];
    default: return [raw.f_package, raw.packages.map(([name]) => name)];
  }
}

function sumsOf(column, many, frames, of) {
  const sums = new Float64Array(many);
  for (let at = 0; at < frames.length; at++) sums[column[frames[at]]] += of(at);
  return sums;
}

// The colour of each package, file or binary of a profile: the largest choose first, by their name, so that the same one
// most often has the same colour in two profiles. Filters do not change them.
function assigned(raw, by, dark) {
  const [column, names] = coloured(raw, by), all = Int32Array.from({ length: raw.frames }, (_, frame) => frame);
  const sums = sumsOf(column, names.length, all, (frame) => raw.f_kind[frame] === 2 ? 0 : raw.f_own[frame]);
  const order = [...sums.keys()].sort((a, b) => sums[b] - sums[a] || (names[a] < names[b] ? -1 : 1)), taken = new Set();
  const colours = new Array(names.length);
  let systems = 0;
  for (const at of order) {
    const isSystem = by === 'package' && raw.packages[at][1] === 1;
    if (isSystem || names[at] === '') {
      colours[at] = grey(dark, Math.min(2, isSystem ? systems++ : 0));
      continue;
    }
    let slot = hash(names[at]) % HUES.length;
    if (taken.size < HUES.length) {
      while (taken.has(slot)) slot = (slot + 1) % HUES.length;
      taken.add(slot);
    }
    colours[at] = paint(HUES[slot], dark);
  }
  return { raw, by, dark, column, names, colours };
}

let last = { raw: null };

// What each frame's colour is, and a function that gives the legend of what a table has.
export function palette(raw, of, dark) {
  const by = ['file', 'binary', 'function'].includes(of) ? of : 'package';
  if (last.raw !== raw || last.by !== by || last.dark !== dark) last = assigned(raw, by, dark);
  const { column, names, colours } = last;
  const legend = (table) => {
    const sums = sumsOf(column, names.length, table.frame, (row) => Math.abs(table.own[row]) + Math.abs(table.ownBefore[row]));
    const order = [...sums.keys()].filter((at) => sums[at] > 0 && names[at] !== '').sort((a, b) => sums[b] - sums[a] || a - b);
    return order.map((at) => ({ at, name: names[at], colour: colours[at], sum: sums[at] }));
  };
  // Where nothing is known of them, functions are at least told apart.
  const nameless = (frame) => paint(HUES[hash(raw.names[raw.f_name[frame]][0]) % HUES.length], dark);
  const colour = (frame) => {
    if (frame < 0 || raw.f_kind[frame] === 2) return grey(dark, 1);
    return names[column[frame]] === '' && by === 'package' ? nameless(frame) : colours[column[frame]];
  };
  return { column, legend, of: colour };
}

// Red where something grew and blue where it shrank, stronger the more; a text says it, too.
export function changeColour(change, dark) {
  if (Math.abs(change) < 1e-4) return grey(dark, 0);
  const size = Math.min(1, Math.sqrt(Math.abs(change)));
  const hue = change > 0 ? 8 : 214;
  return dark ? `hsl(${hue} ${38 + 26 * size}% ${26 + 18 * size}%)` : `hsl(${hue} ${70 + 16 * size}% ${94 - 28 * size}%)`;
}

export const legendTitle = (entry, unit) => `${entry.name || 'without a name'}: ${human(entry.sum, unit)} flat`;
