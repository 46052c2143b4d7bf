// What colours say: to which package, file or binary a frame belongs, or how much it changed.
import { human } from './numbers.js';

// Told apart by hue, all light (or dark) enough for the text on them; what belongs to the system is grey.
const HUES = [212, 28, 152, 262, 48, 336, 188, 92, 8, 300, 128, 232];

function hash(text) {
  let made = 2166136261;
  for (let at = 0; at < text.length; at++) made = Math.imul(made ^ text.charCodeAt(at), 16777619);
  return (made ^ made >>> 15) >>> 0;
}

const paint = (hue, dark, strong) => dark
  ? `hsl(${hue} ${strong ? 46 : 34}% ${strong ? 44 : 33}%)`
  : `hsl(${hue} ${strong ? 72 : 62}% ${strong ? 74 : 84}%)`;
const grey = (dark, step) => dark ? `hsl(220 8% ${27 + 5 * step}%)` : `hsl(220 14% ${91 - 4 * step}%)`;

// The colour of each package, file or binary: the largest choose first, by their name, so that the same one most
// often has the same colour in two profiles.
export function palette(raw, table, by, dark) {
  const column = { package: raw.f_package, file: raw.f_file, binary: raw.f_binary, function: raw.f_name }[by] || raw.f_package;
  const names = { package: raw.packages.map(([name]) => name), file: raw.files, binary: raw.binaries, function: raw.names.map(([name]) => name) }[by] || raw.packages.map(([name]) => name);
  const sums = new Float64Array(names.length);
  for (let row = 0; row < table.frame.length; row++) sums[column[table.frame[row]]] += Math.abs(table.own[row]) + Math.abs(table.ownBefore[row]);
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
    colours[at] = paint(HUES[slot], dark, false);
  }
  const legend = order.filter((at) => sums[at] > 0 && names[at] !== '').map((at) => ({ at, name: names[at], colour: colours[at], sum: sums[at] }));
  // Where nothing is known of them, functions are at least told apart.
  const nameless = new Map();
  const byName = (name) => {
    if (!nameless.has(name)) nameless.set(name, paint(HUES[hash(raw.names[name][0]) % HUES.length], dark, false));
    return nameless.get(name);
  };
  const of = (frame) => {
    if (frame < 0 || raw.f_kind[frame] === 2) return grey(dark, 1);
    return names[column[frame]] === '' && by === 'package' ? byName(raw.f_name[frame]) : colours[column[frame]];
  };
  return { colours, column, legend, of };
}

// Red where something grew and blue where it shrank, stronger the more; a text says it, too.
export function changeColour(change, dark) {
  if (Math.abs(change) < 1e-4) return grey(dark, 0);
  const size = Math.min(1, Math.sqrt(Math.abs(change)));
  const hue = change > 0 ? 8 : 214;
  return dark ? `hsl(${hue} ${38 + 26 * size}% ${26 + 18 * size}%)` : `hsl(${hue} ${70 + 16 * size}% ${94 - 28 * size}%)`;
}

export const legendTitle = (entry, unit) => `${entry.name || 'without a name'}: ${human(entry.sum, unit)} flat`;
