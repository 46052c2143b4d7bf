// A profile as flat arrays, as report_render::html::data writes it, and what its frames are called. No page in here.

export const GROUP = 2;
const COLUMNS = ['name', 'package', 'file', 'binary', 'line', 'kind'];

// Column by column. A node is a frame below another; node 0 is the root, and each node stands before all that are below
// it, which end before `end`.
export function decode(data) {
  const stride = data.comparison ? 4 : 3, count = data.nodes.length / stride + 1, from = data.nodes;
  const { comparison, unit, type, packages, files, binaries, wholes = [0, 0], raw = {} } = data;
  const frames = data.frames.length / COLUMNS.length;
  const names = data.names.map(([full, ...shorter]) => [full, ...shorter.map((part) => typeof part === 'number' ? full.slice(part) : part)]);
  const made = { count, comparison, unit, type, packages, files, binaries, wholes, raw, frames, names };
  COLUMNS.forEach((name, column) => {
    const values = made['f_' + name] = new Int32Array(frames);
    for (let id = 0; id < frames; id++) values[id] = data.frames[id * COLUMNS.length + column];
  });
  const parent = new Int32Array(count), frame = new Int32Array(count), own = new Float64Array(count);
  const before = new Float64Array(comparison ? count : 0), path = [0];
  parent[0] = frame[0] = -1;
  for (let id = 1, at = 0; id < count; id++, at += stride) {
    const depth = from[at];
    parent[id] = path[depth];
    path[depth + 1] = id;
    frame[id] = from[at + 1];
    own[id] = Number(from[at + 2]);
    if (comparison) before[id] = Number(from[at + 3]);
  }
  return Object.assign(made, { parent, frame, own, before, end: ends(parent), f_own: sumsOfFrames(made, frame, own, before) });
}

// Behind the last node below each node.
function ends(parent) {
  const end = new Int32Array(parent.length);
  for (let id = parent.length - 1; id >= 0; id--) {
    if (end[id] === 0) end[id] = id + 1;
    if (id > 0 && end[parent[id]] === 0) end[parent[id]] = end[id];
  }
  return end;
}

function sumsOfFrames({ frames, comparison }, frame, own, before) {
  const sums = new Float64Array(frames);
  for (let id = 1; id < frame.length; id++) sums[frame[id]] += Math.abs(own[id]) + (comparison ? Math.abs(before[id]) : 0);
  return sums;
}

// Text is looked for as it is; a regular expression counts as one, too. A Go method such as `(*Server).Serve` is no
// expression and is found all the same.
export function pattern(text) {
  const plain = text.toLowerCase();
  let regex = null;
  try { regex = new RegExp(text, 'i'); } catch { /* then only as text */ }
  return (value) => value.toLowerCase().includes(plain) || regex !== null && regex.test(value);
}

// Which frames have the text in their name, file or binary, as a number for each: 1 has it.
export function matches(raw, text) {
  const test = pattern(text), names = raw.names.map(([full]) => test(full));
  for (const [at, name] of Object.entries(raw.raw)) names[at] ||= test(name);
  return withNames(raw, names, test);
}

function withNames(raw, names, test) {
  const files = raw.files.map(test), binaries = raw.binaries.map(test);
  const hits = new Uint8Array(raw.frames);
  for (let id = 0; id < raw.frames; id++) {
    hits[id] = raw.f_kind[id] !== GROUP && (names[raw.f_name[id]] || files[raw.f_file[id]] || binaries[raw.f_binary[id]]) ? 1 : 0;
  }
  return hits;
}

// Which frames a search finds: groups, too, and by what they stand for. A package or a file is no function.
export function found(raw, by, text) {
  const test = pattern(text), hits = by === 'function' || by === 'line' ? matches(raw, text) : withNames(raw, [], test);
  const packages = by === 'package' ? raw.packages.map(([name]) => test(name)) : [];
  for (let id = 0; id < raw.frames; id++) {
    if (raw.f_kind[id] === GROUP ? test(raw.names[raw.f_name[id]][0]) : packages[raw.f_package[id]]) hits[id] = 1;
  }
  return hits;
}

export function labelOf(raw, by, frame) {
  if (frame < 0) return 'root';
  if (raw.f_kind[frame] === GROUP) return raw.names[raw.f_name[frame]][0];
  switch (by) {
    case 'package': return raw.packages[raw.f_package[frame]][0] || 'no package';
    case 'file': return raw.files[raw.f_file[frame]] || 'no file';
    case 'binary': return raw.binaries[raw.f_binary[frame]] || 'no binary';
    case 'line': return raw.names[raw.f_name[frame]][0] + (raw.f_line[frame] ? ':' + raw.f_line[frame] : '');
    default: return raw.names[raw.f_name[frame]][0];
  }
}

// What frames are put together by: `of` has the key of each frame, `count` is how many keys there are, and `frame` has a
// frame of each key. Groups have keys of their own.
export function keys(raw, by) {
  const { f_name: name, f_kind: kind, frames } = raw, [of, groups] = byColumn(raw, by);
  let count = groups;
  for (let id = 0; id < frames; id++) if (kind[id] === GROUP) count = Math.max(count, groups + name[id] + 1);
  const frame = new Int32Array(count).fill(-1);
  for (let id = 0; id < frames; id++) {
    if (kind[id] === GROUP) of[id] = groups + name[id];
    frame[of[id]] = id;
  }
  return { of, count, frame };
}

function byColumn(raw, by) {
  switch (by) {
    case 'package': return [raw.f_package.slice(), raw.packages.length];
    case 'file': return [raw.f_file.slice(), raw.files.length];
    case 'binary': return [raw.f_binary.slice(), raw.binaries.length];
    case 'line': return byLine(raw);
    default: return [raw.f_name.slice(), raw.names.length];
  }
}

function byLine({ f_name: name, f_file: file, f_line: line, frames }) {
  const known = new Map(), of = new Int32Array(frames);
  for (let id = 0; id < frames; id++) {
    const text = name[id] + ':' + file[id] + ':' + line[id];
    let key = known.get(text);
    if (key === undefined) known.set(text, key = known.size);
    of[id] = key;
  }
  return [of, known.size];
}

// The place of each key's label among all labels.
export function ranks(raw, by, { frame, count }) {
  const labels = Array.from(frame, (id) => labelOf(raw, by, id));
  const order = Int32Array.from(labels.keys()).sort((a, b) => labels[a] < labels[b] ? -1 : labels[a] > labels[b] ? 1 : a - b);
  const rank = new Float64Array(count);
  order.forEach((key, place) => { rank[key] = place; });
  return rank;
}
