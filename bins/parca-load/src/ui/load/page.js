// The load: lanes since the start and over time, refreshed in place.
import { byId, make, makeSvg, say } from '../ui/dom.js';
import { count, duration, showLanes } from './lanes.js';

// Together less than the five seconds in which a frozen server has to be seen.
const EVERY = 1000, PATIENCE = 3000;
const WIDTH = 400, RATES = 34, TIMES = 56;
const parts = new Map();

const ready = (is, words) => {
  byId('readiness').dataset.is = is;
  say(byId('readiness-words'), words);
};

// Since when, as people say it.
function span(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (minutes < 1) return Math.floor(seconds) + ' s';
  return hours < 1 ? minutes + ' min' : hours + ' h ' + minutes % 60 + ' min';
}

function show(status) {
  say(byId('target'), status.target);
  say(byId('protocol'), 'over ' + status.protocol);
  say(byId('uptime'), `version ${status.version}, up ${span(status.uptimeSeconds)}`);
  if (!status.ready) ready('waiting', status.trouble || 'waiting for the Parca');
  else if (status.trouble) ready('lost', status.trouble);
  else ready('ready', 'answering');
  showLanes(status.lanes);
  for (const lane of status.lanes) showOverTime(lane, status.step);
}

function showOverTime(lane, step) {
  if (!parts.has(lane.name)) {
    const element = make(byId('over-time'), 'section', { class: 'lane' });
    parts.set(lane.name, { title: make(element, 'h3', {}, lane.name), svg: makeSvg(element, 'svg', { viewBox: `0 0 ${WIDTH} ${RATES + TIMES + 6}`, role: 'img' }), error: make(element, 'p', { class: 'error' }) });
  }
  const { svg, error } = parts.get(lane.name), { moments } = lane;
  svg.replaceChildren();
  const last = moments[moments.length - 1];
  makeSvg(svg, 'title', {}, last ? `${lane.name}: ${(last[0] / step).toFixed(1)} calls per second, ${count(last[1])} failed, p50 ${duration(last[2])}, p99 ${duration(last[3])}, lag ${duration(last[4])}` : `${lane.name}: nothing yet`);
  const wide = WIDTH / Math.max(60, moments.length), x = (at) => WIDTH - (moments.length - at) * wide;
  const most = Math.max(...moments.map(([calls]) => calls), 1);
  const bars = (value, of) => moments.map((moment, at) => {
    const height = of(moment) / most * (RATES - 12);
    return height > 0 ? `M${x(at).toFixed(1)} ${RATES}v${(-height).toFixed(1)}h${Math.max(0.6, wide - 0.5).toFixed(2)}V${RATES}z` : '';
  }).join('');
  makeSvg(svg, 'path', { class: 'rate', d: bars('rate', ([calls]) => calls) });
  makeSvg(svg, 'path', { class: 'failed', d: bars('failed', ([, failed]) => failed) });
  makeSvg(svg, 'path', { class: 'axis', d: `M0 ${RATES + 0.5}H${WIDTH}M0 ${RATES + TIMES + 5.5}H${WIDTH}` });
  // Times over decades, so that half and slowest can be read in one picture.
  const all = moments.flatMap(([, , p50, p99, lag]) => [p50, p99, lag]).filter((value) => value > 0);
  const low = Math.log10(Math.min(...all, 1e-3)), high = Math.max(Math.log10(Math.max(...all, 1e-2)), low + 0.5);
  const y = (value) => RATES + TIMES + 4 - (Math.log10(value) - low) / (high - low) * (TIMES - 8);
  for (const [name, column] of [['lag', 4], ['p50', 2], ['p99', 3]]) {
    let line = '', open = false;
    moments.forEach((moment, at) => {
      const value = moment[column];
      if (!(value > 0)) { open = false; return; }
      line += `${open ? 'L' : 'M'}${(x(at) + wide / 2).toFixed(1)} ${y(value).toFixed(1)}${open ? '' : 'h0.01'}`;
      open = true;
    });
    makeSvg(svg, 'path', { class: name, d: line });
  }
  makeSvg(svg, 'text', { x: 2, y: 10 }, `up to ${(most / step).toFixed(most / step < 10 ? 1 : 0)} calls/s`);
  if (all.length) makeSvg(svg, 'text', { x: 2, y: RATES + 13 }, duration(10 ** high));
  say(error, lane.lastError ? `${span(lane.lastError.secondsAgo)} ago: ${lane.lastError.words}` : '');
}

async function turn() {
  try {
    const response = await fetch('api/status', { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`the answer was ${response.status}`);
    show(await response.json());
  } catch (error) {
    ready('lost', ['TypeError', 'TimeoutError'].includes(error.name) ? 'parca-load does not answer' : error.message);
  }
  setTimeout(turn, EVERY);
}

turn();
