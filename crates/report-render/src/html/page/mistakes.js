// What is wrong with a question, and what could be asked instead.
import { button, make } from './dom.js';
import { Refused } from './answers.js';
import { parseQuery, queryText } from './selector.js';

// `asked` has the state, change(parts), and list(what, of, side) of what there is.
export function showMistakes(element, error, asked) {
  element.replaceChildren();
  if (!error) return;
  const said = error instanceof Refused ? error.said : { message: error.message };
  const all = said.mistakes?.length ? said.mistakes : [{ message: said.message, candidates: [] }];
  for (const mistake of all) showMistake(element, mistake, asked);
  if (said.hint) make(element, 'p', { class: 'hint' }, said.hint);
  if (said.reason === 'no_match') showValues(element, said.searched?.labels || [], asked);
  const data = said.searched?.data;
  if (!data) return;
  const row = make(element, 'p', { class: 'candidates' });
  button(row, 'Use the time that has data', () => asked.change({ start: data.start, end: data.end }));
}

function showMistake(element, { parameter, message, caret, candidates }, { state, change }) {
  make(element, 'p', {}, caret ? 'The query cannot be read:' : message);
  if (caret) make(element, 'pre', {}, caret);
  if (!candidates?.length) return;
  const row = make(element, 'p', { class: 'candidates' }, 'Did you mean ');
  for (const candidate of candidates.slice(0, 12)) {
    button(row, candidate, () => {
      const query = parseQuery(state.query);
      if (parameter === 'query' && query) change({ query: queryText({ type: candidate, matchers: query.matchers }) });
      else change({ [parameter]: candidate });
    });
  }
}

// What there is of labels and values like those that were asked for, the most alike first.
function showValues(element, labels, { state, change, list }) {
  const query = parseQuery(state.query), like = (word) => (other) => [...word].filter((letter, at) => other[at] === letter).length;
  const instead = (matcher, parts) => change({ query: queryText({ type: query.type, matchers: query.matchers.map((one) => one === matcher ? { ...one, ...parts } : one) }) });
  const offer = (words, all, to, parts) => {
    const row = make(element, 'p', { class: 'candidates' }, words), likeness = like(to);
    for (const one of [...all].sort((a, b) => likeness(b) - likeness(a)).slice(0, 10)) button(row, one, () => parts(one));
  };
  for (const matcher of query?.matchers || []) {
    if (labels.length && !labels.includes(matcher.name)) {
      offer(`${matcher.name} is no label here; there are`, labels, matcher.name, (name) => instead(matcher, { name }));
      continue;
    }
    list('values', { label: matcher.name, matchers: [] }, 0).then((all) => {
      if (!all.length || matcher.op === '=' && all.includes(matcher.value)) return;
      offer(`${matcher.name} is one of`, all, matcher.value, (value) => instead(matcher, { op: '=', value }));
    }).catch(() => {});
  }
}
