// Everything that is done to stacks, beside the page.
import { Stacks } from './stacks.js';

let stacks = null;

const acts = {
  load(text) {
    const answer = JSON.parse(text), { data, ...rest } = answer;
    stacks = new Stacks(data);
    const { names, raw, wholes, packages, files, binaries, unit, type, comparison, count, frames } = stacks.raw;
    const columns = {};
    for (const name of ['name', 'package', 'file', 'binary', 'line', 'kind']) columns['f_' + name] = stacks.raw['f_' + name];
    return { answer: { ...rest, cut: data.cut }, raw: { names, raw, wholes, packages, files, binaries, unit, type, comparison, count, frames, ...columns } };
  },
  view: (view) => stacks.view(view),
  details: ([view, label]) => stacks.details(view, label),
  differs: () => stacks.differs(),
};

self.addEventListener('message', ({ data: [id, act, given] }) => {
  const began = performance.now();
  try {
    const result = acts[act](given);
    const moved = act === 'view' ? [...Object.values(result.tree), ...Object.values(result.table)].filter(ArrayBuffer.isView).map((array) => array.buffer) : [];
    self.postMessage([id, null, result, performance.now() - began], moved);
  } catch (error) {
    self.postMessage([id, String(error && error.message || error)]);
  }
});
