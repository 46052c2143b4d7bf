// Pushes profiles of itself with Pyroscope's SDK (npm: @pyroscope/nodejs) to the address in its argument.
const { createRequire } = require("module");
const Pyroscope = createRequire(process.argv[3] + "/")("@pyroscope/nodejs");

Pyroscope.init({
  serverAddress: process.argv[2],
  appName: "node.sdk",
  tags: { region: "eu" },
  flushIntervalMs: 1000,
  wall: { collectCpuTime: true, samplingDurationMs: 1000 },
});
Pyroscope.start();
const until = Date.now() + 2500;
const kept = [];
function burn() {
  const end = Date.now() + 50;
  while (Date.now() < end) kept.push(new Array(100).fill(Math.sqrt(kept.length)));
  if (Date.now() < until) setTimeout(burn, 1);
  else Pyroscope.stop().then(() => process.exit(0));
}
burn();
