// The lanes as a table with a small picture each, refreshed in place.

import { byId, make, makeSvg, say } from '../ui/dom.js';

const WIDTH = 260, HEIGHT = 34, AXIS = 14;
const COLUMNS = ['name', 'calls', 'rate', 'failed', 'missed', 'idle', 'inFlight', 'p50', 'p90', 'p99', 'max', 'picture', 'words'];
const TIMES = new Set(['p50', 'p90', 'p99', 'max']);
const BAD = new Set(['failed', 'missed']);
// Bars are a quarter of a factor of two wide.
const STEP = 2 ** 0.25;

const rows = new Map();

const NUMBER = new Intl.NumberFormat('en');

export const count = (number) => NUMBER.format(number);

// Three digits and a unit.
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const [value, unit] = seconds < 1e-3 ? [seconds * 1e6, 'µs'] : seconds < 1 ? [seconds * 1e3, 'ms'] : [seconds, 's'];
  return (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)) + ' ' + unit;
}

export function showLanes(lanes) {
  const scale = scaleOf(lanes);
  drawAxis(scale);
  for (const lane of lanes) showLane(lane, scale);
}

function showLane(lane, scale) {
  if (!rows.has(lane.name)) rows.set(lane.name, makeRow());
  const cells = rows.get(lane.name);
  for (const column of COLUMNS) {
    const cell = cells[column];
    if (column === 'picture') draw(cell, lane, scale);
    else if (column === 'words') say(cell, answers(lane.codes));
    else if (column === 'name') say(cell, lane.name);
    else if (column === 'rate') say(cell, lane.rate === null ? '–' : lane.rate.toFixed(lane.rate < 10 ? 2 : 0));
    else say(cell, TIMES.has(column) ? duration(lane[column]) : count(lane[column]));
    if (BAD.has(column)) cell.classList.toggle('bad', lane[column] > 0);
  }
}

function makeRow() {
  const row = make(byId('lanes').tBodies[0], 'tr'), cells = {};
  for (const column of COLUMNS) {
    cells[column] = column === 'name' ? make(row, 'th', { scope: 'row' }) : make(row, 'td');
    if (column === 'picture' || column === 'words') cells[column].className = column;
  }
  return cells;
}

function answers(codes) {
  const words = Object.entries(codes).sort((a, b) => b[1] - a[1]).map(([code, number]) => count(number) + ' ' + code);
  return words.join(', ') || 'none yet';
}

// One scale for all lanes, in whole decades, so that they can be compared.
function scaleOf(lanes) {
  const bounds = lanes.flatMap((lane) => lane.buckets.map(([upper]) => upper));
  const low = Math.floor(Math.log10(Math.min(1e-3, ...bounds) / STEP)), high = Math.ceil(Math.log10(Math.max(1e-1, ...bounds)));
  return { low, high, x: (seconds) => (Math.log10(seconds) - low) / (high - low) * (WIDTH - 1) };
}

function decades({ low, high }) {
  return Array.from({ length: high - low + 1 }, (_, at) => low + at);
}

function frame(svg, height) {
  svg.replaceChildren();
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${height}`);
  svg.setAttribute('height', height);
}

function drawAxis(scale) {
  const svg = byId('axis');
  if (svg.dataset.scale === `${scale.low} ${scale.high}`) return;
  svg.dataset.scale = `${scale.low} ${scale.high}`;
  frame(svg, AXIS);
  const shown = decades(scale), every = Math.ceil(shown.length / 8);
  for (const decade of shown.filter((_, at) => at % every === 0)) {
    const anchor = decade === scale.low ? 'start' : decade === scale.high ? 'end' : 'middle';
    makeSvg(svg, 'text', { x: scale.x(10 ** decade), y: AXIS - 4, 'text-anchor': anchor }, power(decade));
  }
}

function power(decade) {
  const unit = decade < -3 ? [-6, ' µs'] : decade < 0 ? [-3, ' ms'] : [0, ' s'];
  return 10 ** (decade - unit[0]) + unit[1];
}

function draw(cell, lane, scale) {
  const svg = cell.firstChild ?? makeSvg(cell, 'svg', { role: 'img' });
  // What has not changed is not drawn again.
  const key = `${scale.low} ${scale.high} ${lane.calls}`;
  if (svg.dataset.key === key) return;
  svg.dataset.key = key;
  frame(svg, HEIGHT);
  makeSvg(svg, 'title', {}, described(lane));
  for (const decade of decades(scale)) {
    const x = Math.round(scale.x(10 ** decade)) + 0.5;
    makeSvg(svg, 'line', { class: 'grid', x1: x, x2: x, y1: 0, y2: HEIGHT });
  }
  const most = Math.max(1, ...lane.buckets.map(([, number]) => number));
  for (const [upper, number] of lane.buckets) {
    const from = scale.x(upper / STEP), to = scale.x(upper);
    // One slow call among thousands is still seen.
    const height = Math.max(2, number / most * (HEIGHT - 3));
    makeSvg(svg, 'rect', { class: 'bars', x: from, width: Math.max(1.5, to - from - 0.5), y: HEIGHT - height, height });
  }
  for (const name of ['p50', 'p99']) {
    if (lane[name] === null) continue;
    const x = scale.x(Math.max(lane[name], 10 ** scale.low));
    makeSvg(svg, 'line', { class: 'mark ' + name, x1: x, x2: x, y1: 0, y2: HEIGHT });
  }
}

function described(lane) {
  if (lane.p50 === null) return lane.name + ': no calls yet';
  return `${lane.name}: half within ${duration(lane.p50)} (line), 99 % within ${duration(lane.p99)} (dashed line), longest ${duration(lane.max)}`;
}
