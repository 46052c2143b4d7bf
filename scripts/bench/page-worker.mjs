// What the worker of the profile page does, in Node: ms of each change, from the plain picture to it.
//
//   node scripts/bench/page-worker.mjs ANSWER.json [ROUNDS]      # the answer of api/profile
import { readFileSync } from 'node:fs';

const { Stacks } = await import(new URL('../../crates/report-render/src/html/page/stacks.js', import.meta.url));
const [, , file, rounds = '5'] = process.argv, text = readFileSync(file, 'utf8');
const timed = (act) => {
  const began = performance.now(), result = act();
  return [performance.now() - began, result];
};
const [read, answer] = timed(() => JSON.parse(text)), [taken, stacks] = timed(() => new Stacks(answer.data));
const plain = { focus: '', ignore: '', hide: '', by: 'function', groups: false, invert: false, sandwich: '', collapse: false, order: 'value', divide: [1, 1], share: false };
const [first] = timed(() => stacks.view(plain)), [tabled, table] = timed(() => stacks.tableOf(plain));
console.log(`Node: ${read.toFixed(0)} ms to read, ${taken.toFixed(0)} to take in, ${first.toFixed(0)} for the first picture, ${tabled.toFixed(0)} for its table`);
const label = stacks.raw.names[stacks.raw.f_name[table.frame[0]]][0];
const views = {
  inverted: { invert: true }, collapsed: { collapse: true }, packages: { by: 'package' }, lines: { by: 'line' }, focus: { focus: 'serve' },
  ignore: { ignore: 'serve' }, hide: { hide: 'handle' }, 'by name': { order: 'name' }, 'callers and callees': { sandwich: label },
};
for (const [name, change] of Object.entries(views)) {
  const times = [];
  for (let round = 0; round < Number(rounds); round++) {
    stacks.view(plain);
    times.push(timed(() => stacks.view({ ...plain, ...change }))[0]);
  }
  const median = times.toSorted((a, b) => a - b)[times.length >> 1];
  console.log(`${name.padEnd(22)}${times[0].toFixed(0).padStart(9)} first ${median.toFixed(0).padStart(6)} median`);
}
