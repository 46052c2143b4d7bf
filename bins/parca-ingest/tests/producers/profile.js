// Writes the profiles that @datadog/pprof makes of this program into the folder that is its argument.
const fs = require('fs');
const path = require('path');
const pprof = require('@datadog/pprof');

function compute() {
  let sum = 0;
  for (let number = 0; number < 1e6; number++) sum += number * number;
  return sum;
}

const kept = [];
function work() {
  compute();
  kept.push(new Array(1000).fill(0).map((_, at) => ({ at })));
  if (kept.length > 100) kept.shift();
  setTimeout(work, 1);
}

async function main() {
  const write = async (name, profile) =>
    fs.writeFileSync(path.join(process.argv[2], `node_${name}`), await pprof.encode(profile));
  pprof.heap.start(16 * 1024, 64);
  work();
  await write('wall', await pprof.time.profile({ durationMillis: 1000 }));
  await write('heap', pprof.heap.profile());
  process.exit(0);
}
main();
