// The words around the picture: what it is of and how much, what its colours mean, and what the pointer is at.
import { byId, button, make, say } from './dom.js';
import { changeColour, legendTitle } from './colours.js';
import { plain } from './names.js';
import { clock, human, percent, span, zoneName } from './numbers.js';
import { change, isMean, isServer, page } from './page.js';
import { setFound } from './view.js';

// A colour's name and share need so many pixels.
const LEGEND_ITEM = 150;
const CHANGES = [-1, -0.3, -0.05, 0, 0.05, 0.3, 1];
const LONGEST_NAME = 400;

// Which time, how much in all, and of what it is a mean.
export function drawFacts() {
  const { answer, raw, state } = page, { sums } = page.result, element = byId('when'), parts = [];
  if (answer.start && isServer()) parts.push(spanned(answer, state.zone));
  if (raw.comparison) parts.push(`${human(sums.allBefore, raw.unit)} before, ${human(sums.all, raw.unit)} after`);
  else parts.push(`${human(sums.all, raw.unit)} in all`);
  const snapshots = answer.sides?.[0]?.snapshots;
  if (snapshots?.moments > 1) parts.push(isMean() ? `mean of ${snapshots.words}` : snapshots.words);
  parts.push(...answer.facts || []);
  say(element, parts.join(' · '));
  element.title = parts.join('\n');
}

function spanned({ start, end }, zone) {
  const [from, to] = [Date.parse(start), Date.parse(end)], [first, last] = [clock(from, zone), clock(to, zone)];
  const isOneDay = first.slice(0, 10) === last.slice(0, 10);
  return `${first} to ${last.slice(isOneDay ? 11 : 0)} ${zoneName(zone)} (${span(to - from)})`;
}

export function drawLegend() {
  const element = byId('legend'), { palette, wholes } = page;
  element.replaceChildren();
  if (!palette) { drawScale(element); return; }
  const { legend } = page, most = Math.max(3, Math.floor(innerWidth / LEGEND_ITEM));
  for (const entry of legend.slice(0, most)) {
    const item = button(element, '', () => light(entry.at), {
      class: 'legend-item', title: legendTitle(entry, page.raw.unit), 'aria-pressed': String(page.lit === entry.at),
    });
    make(item, 'i', { class: 'swatch' }).style.background = entry.colour;
    make(item, 'span', {}, plain(entry.name.split('/').slice(-2).join('/') || 'other'));
    make(item, 'small', {}, percent(entry.sum, wholes[0] || 1));
  }
  if (legend.length > most) make(element, 'span', { class: 'legend-words' }, `and ${legend.length - most} more`);
}

// Shows where a colour is, or no longer.
function light(at) {
  page.lit = page.lit === at ? null : at;
  setFound();
  page.graph.redraw();
  drawLegend();
}

function drawScale(element) {
  const scale = make(element, 'span', { class: 'legend-item' });
  for (const amount of CHANGES) make(scale, 'i', { class: 'swatch' }).style.background = changeColour(amount, page.dark.matches);
  make(element, 'span', { class: 'legend-words' }, 'blue − shrank, red + grew' + (page.state.diff === 'share' ? ', as a share of the total' : ''));
}

// What stands in the place of a picture that has nothing in it.
export function drawNothing() {
  const element = byId('nothing'), { state, result: { tree } } = page, { focus, ignore, hide, sandwich } = state;
  element.replaceChildren();
  element.hidden = tree.count > 1;
  if (element.hidden) return;
  if (!(focus || ignore || hide || sandwich)) {
    make(element, 'p', {}, 'There is no stack in this profile.');
    return;
  }
  make(element, 'p', {}, sandwich ? 'The function is in no stack that is left.' : 'No stack is left by these filters.');
  button(element, 'Take all filters off', () => change({ focus: '', ignore: '', hide: '', sandwich: '', zoom: '' }));
}

// What the frame is that the pointer or the cursor is at; without one, what is not in the picture.
export function showSaid(id) {
  const element = byId('said');
  if (!page.result) return;
  if (id < 0) { say(element, leftOut().join('; ')); return; }
  const told = page.graph.describe(id);
  element.replaceChildren();
  make(element, 'b', {}, told.name.length > LONGEST_NAME ? told.name.slice(0, LONGEST_NAME) + '…' : told.name);
  make(element, 'span', {}, page.raw.comparison ? ` ${told.before} → ${told.value}, ${told.change} (${told.points})${told.fate ? ', ' + told.fate : ''}`
    : ` ${told.value} (${told.percent}), flat ${told.own}${told.skipped ? `; ${told.skipped} wrappers collapsed` : ''}`);
}

function leftOut() {
  const { result: { sums, cut }, raw, answer, wholes, state } = page, filtered = sums.all - sums.kept, parts = [];
  if (filtered !== 0) parts.push(`filtered out ${human(filtered, raw.unit)} (${percent(filtered, wholes[0])})`);
  if (cut) parts.push(`${cut} parts below 0.006 % are not followed towards the root`);
  if (answer.cut?.nodes) parts.push(`${answer.cut.nodes} frames are not in this page`);
  if (raw.comparison && state.diff === 'share') parts.push('colours and widths: shares of each side’s total');
  return parts;
}
