// Everything that is done to stacks, beside the page.
import { Acts } from './acts.js';

const acts = new Acts();

// Arrays go over whole, without being copied.
function moved({ tree, table }) {
  return [...Object.values(tree), ...Object.values(table)].filter(ArrayBuffer.isView).map((array) => array.buffer);
}

self.addEventListener('message', ({ data: [id, act, given] }) => {
  const began = performance.now();
  try {
    const result = acts[act](given);
    self.postMessage([id, null, result, performance.now() - began], act === 'view' ? moved(result) : []);
  } catch (error) {
    self.postMessage([id, String(error && error.message || error)]);
  }
});
