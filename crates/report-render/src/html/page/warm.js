// What is done to stacks, done a few times to some made ones: an engine of JavaScript translates what is often used, so that
// the first view of a large profile takes no longer than those after it. It is done in small steps, while an answer is on its
// way, and lets whatever is asked go first.
import { Acts } from './acts.js';

const NODES = 1500, FUNCTIONS = 200, ROUNDS = 8;
const PLAIN = { focus: '', ignore: '', hide: '', by: 'function', groups: false, invert: false, sandwich: '', collapse: false, order: 'value', divide: [1, 1], share: false };
const VIEWS = [{}, { invert: true }, { collapse: true }, { by: 'package' }, { by: 'line' }, { focus: 'f1' }, { ignore: 'f2' }, { hide: 'f3' }, { sandwich: 'f1' }];

export async function warmUp() {
  const acts = new Acts();
  acts.load(JSON.stringify({ data: made() }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const change of VIEWS) {
      const view = { ...PLAIN, ...change };
      acts.view(view);
      acts.table(view);
      await new Promise((done) => { setTimeout(done, 0); });
    }
  }
}

// Some stacks, always the same.
function made() {
  const nodes = [], frames = [], names = [['']], packages = [['', 0]];
  for (let id = 1; id <= FUNCTIONS; id++) {
    names.push(['f' + id]);
    packages.push(['p' + id, 0]);
    frames.push(id, 1 + id % 20, 0, 0, id % 50, 0);
  }
  let depth = -1, chance = 1;
  for (let id = 0; id < NODES; id++) {
    chance = Math.imul(chance, 1664525) + 1013904223 >>> 0;
    depth = Math.min(depth + 1, (chance >>> 8) % 20);
    nodes.push(depth, (chance >>> 13) % FUNCTIONS, id % 7);
  }
  return { comparison: false, unit: '', type: '', nodes, frames, names, packages, files: [''], binaries: [''], wholes: [0, 0], raw: {} };
}
