// The chart of the values over the range, and in it the share of the function that is chosen.
import { byId } from './dom.js';
import { ask } from './answers.js';
import { shortLabel } from './functions.js';
import { iso } from './numbers.js';
import { change, isServer, page } from './page.js';
import { Chart } from './chart.js';
import { parseQuery } from './selector.js';

// The least share that the line's scale ends at.
const LEAST_SHARE = 0.0001;

const chart = new Chart(byId('chart'), (side, start, end) => {
  const [from, to] = side === 1 ? ['baseStart', 'baseEnd'] : ['start', 'end'];
  change({ [from]: iso(start), [to]: iso(end), zoom: '' });
});

const askSeries = (query, start, end, signal) => ask('series', { source: page.state.source, query, start, end }, signal);

// The values of a question that is only now asked: the chart need not wait for the stacks where what it shows does not
// depend on them. Nothing where it does.
export function earlySeries(signal) {
  const { query, start, end, compare } = page.state;
  return isServer() && !compare && parseQuery(query)?.type ? askSeries(query, start, end, signal).catch(() => null) : null;
}

// The values of the question that was answered, for all of its range: in a comparison, from the earlier start on.
export async function series(signal, early) {
  page.points = null;
  if (!isServer()) { showSeries(null); return; }
  const { state, refused } = page, answer = refused ? null : page.answer;
  let [start, end] = answer ? [answer.start, answer.end] : [state.start, state.end];
  if (state.compare && answer?.base) [start, end] = [[start, answer.base.start].sort()[0], [end, answer.base.end].sort()[1]];
  try {
    page.points = await early || await askSeries(answer ? answer.query : state.query, start, end, signal);
  } catch { /* the chart says that there is none */ }
  if (signal.aborted) return;
  showSeries(page.points);
  drawLine();
}

export function showSeries(points) {
  const element = byId('chart'), answer = page.refused ? null : page.answer;
  element.hidden = !isServer();
  if (element.hidden) return;
  if (!points) {
    if (!chart.data) chart.show(null);
    return;
  }
  const band = (of) => of ? [Date.parse(of.start), Date.parse(of.end)] : null;
  chart.show({
    series: points.points, step: points.step, unit: points.unit, range: band(points), bands: [band(answer), page.state.compare ? band(answer?.base) : null],
    zone: page.state.zone, kind: points.name, perSecond: points.perSecond, words: 'no data in this range',
  });
}

// The share of the chosen function at each step, which no server gives in one answer: asked for once, for all functions.
export async function drawLine() {
  if (!page.points || !chart.data) return;
  const label = page.state.selected;
  if (!label || !isServer() || page.refused) {
    if (chart.data.line || chart.data.asking) chart.show({ ...chart.data, line: null, asking: '' });
    return;
  }
  page.history ||= ask('history', { source: page.state.source, query: page.answer.query, start: page.points.start, end: page.points.end });
  if (!page.history.isThere) chart.show({ ...chart.data, line: null, asking: 'asking for its share over time' });
  const history = await page.history.catch(() => null);
  if (page.history) page.history.isThere = true;
  if (!history && chart.data) chart.show({ ...chart.data, asking: 'its share over time is not known' });
  if (!history || page.state.selected !== label || !chart.data) return;
  const line = shares(history, label), most = Math.max(...line.map(([, share]) => share || 0), LEAST_SHARE);
  chart.show({ ...chart.data, asking: '', line, lineMost: most, lineName: shortLabel(label) });
}

// In the middle of each step, the function's share of the step's total; nothing where a step has none.
function shares({ times, step, totals, functions }, label) {
  const sums = functions.find(([name]) => name === label)?.[1];
  return times.map((time, at) => [time + step / 2, totals[at] ? (sums ? sums[at] : 0) / totals[at] : null]);
}
