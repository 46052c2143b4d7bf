// Everything that is done to stacks, beside the page.
import { Acts } from './acts.js';
import { warmUp } from './warm.js';

const acts = new Acts();

// Arrays go over whole, without being copied.
const arrays = (of) => Object.values(of).filter(ArrayBuffer.isView).map((array) => array.buffer);
const moved = { view: ({ tree }) => arrays(tree), table: arrays };

self.addEventListener('message', ({ data: [id, act, given] }) => {
  const began = performance.now();
  try {
    const result = acts[act](given);
    self.postMessage([id, null, result, performance.now() - began], moved[act]?.(result) || []);
  } catch (error) {
    self.postMessage([id, String(error && error.message || error)]);
  }
});

warmUp();
