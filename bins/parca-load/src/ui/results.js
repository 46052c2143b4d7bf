// What came of a question: profiles, or why there are none.

import { byId, count, make, say } from './dom.js';
import { isField, markInvalid, put } from './question.js';
import { split } from './selector.js';

// More graphs than that at once would only make the page slow.
const OPEN = 3;
// The forms that /parcaquery has, how they are called here, and whether they are made from stacks.
const FORMS = [
  ['svg', 'svg', true], ['html', 'html', true], ['folded', 'folded', true], ['top', 'top', true],
  ['speedscope', 'speedscope', true], ['pprof_raw', 'pprof', false], ['json_flamegraph', 'json', true],
];

let views = [];

export function clearResults() {
  for (const view of views) view.destroy();
  views = [];
  byId('profiles').replaceChildren();
}

export function showAnswer(answer, asked) {
  clearResults();
  showMistakes(null);
  const number = answer.profiles.length;
  const compared = answer.baseStart ? `, compared with ${shown(answer.baseStart)} to ${shown(answer.baseEnd)}` : '';
  const what = number === 1 ? '1 profile type' : number + ' profile types';
  say(byId('outcome'), `${what} for ${answer.query}, from ${shown(answer.start)} to ${shown(answer.end)}${compared}.`);
  answer.profiles.forEach((profile, at) => showProfile(answer, asked, profile, at));
}

// To the second; links have all of it.
const shown = (time) => time.replace(/\.\d+/, '');

function showProfile(answer, asked, profile, at) {
  const section = make(byId('profiles'), 'article', { class: 'profile', 'aria-label': profile.profileType });
  make(section, 'h3', {}, profile.profileType);
  facts(make(section, 'p', { class: 'facts' }), profile, Boolean(answer.baseStart));
  links(make(section, 'p', { class: 'links' }), answer, asked, profile);
  const draw = (place) => views.push(window.flameView(place, profile.viewer));
  if (at < OPEN) {
    draw(make(section, 'div', { class: 'graph' }));
    return;
  }
  const details = make(section, 'details');
  make(details, 'summary', {}, 'Flame graph');
  details.addEventListener('toggle', () => draw(make(details, 'div', { class: 'graph' })), { once: true });
}

function facts(place, profile, compares) {
  place.append(compares ? 'total of the later time ' : 'total ');
  make(place, 'b', { class: 'total', 'data-value': exact(profile.total) }, exact(profile.total) + ' ' + profile.unit);
  if (profile.filtered) place.append(`; filtered out ${exact(profile.filtered)} ${profile.unit}`);
  if (profile.cut) place.append(`; cut off ${count(profile.cut.nodes)} frames with ${exact(profile.cut.value)} ${profile.unit}`);
}

// Where the browser's numbers end, it says so.
function exact(number) {
  return (Number.isSafeInteger(number) ? '' : 'about ') + count(number);
}

// The same question in other forms, for this type alone and for the times that the server understood.
function links(place, answer, asked, profile) {
  place.append('open as');
  const { start, end, baseStart, baseEnd } = answer;
  const query = profile.profileType + split(answer.query).braces;
  const times = baseStart ? { start, end, baseStart, baseEnd } : { start, end };
  for (const [reportType, name, isFromStacks] of FORMS) {
    if (!isFromStacks && (asked.focus || baseStart)) {
      make(place, 'span', { class: 'soft' }, name + ' (not with a focus or a comparison)');
      continue;
    }
    const parameters = new URLSearchParams({ ...asked, ...times, query, reportType });
    make(place, 'a', { href: 'parcaquery?' + parameters, target: '_blank', rel: 'noreferrer', 'data-form': reportType }, name);
  }
}

// Nothing clears them.
export function showMistakes(said) {
  const place = byId('mistakes');
  place.replaceChildren();
  markInvalid((said?.mistakes ?? []).map((mistake) => mistake.parameter));
  if (!said) return;
  for (const mistake of said.mistakes ?? []) showMistake(place, mistake);
  if (!said.mistakes?.length) make(place, 'p', {}, said.message);
  if (said.hint) make(place, 'p', {}, 'Hint: ' + said.hint);
  const data = said.searched?.data;
  if (data) {
    const button = make(make(place, 'div', { class: 'candidates' }), 'button', { type: 'button' }, 'Use the time that has data');
    button.addEventListener('click', () => {
      put('end', data.end);
      put('start', data.start);
    });
  }
}

function showMistake(place, { parameter, message, caret, candidates }) {
  make(place, 'p', {}, parameter + ': ' + message);
  if (caret) make(place, 'pre', {}, caret);
  if (!candidates?.length || !isField(parameter)) return;
  const list = make(place, 'div', { class: 'candidates', role: 'group', 'aria-label': 'did you mean' });
  for (const candidate of candidates) {
    make(list, 'button', { type: 'button' }, candidate).addEventListener('click', () => put(parameter, candidate));
  }
}
