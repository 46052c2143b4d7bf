// Queries as Parca's selector writes them: TYPE{label="value", ...}.

export const quoted = (value) => '"' + value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n') + '"';
export const matcherText = ({ name, op, value }) => name + op + quoted(value);
export const queryText = ({ type, matchers }) => (type || '') + (matchers.length || !type ? '{' + matchers.map(matcherText).join(', ') + '}' : '');

const MATCHER = /^\s*([a-zA-Z_][\w.]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s,"'{}]+))\s*(?:,|$)/;
const unescaped = (text) => text.replace(/\\(.)/g, (_, letter) => letter === 'n' ? '\n' : letter === 't' ? '\t' : letter);

// One matcher at the beginning of a text and what is behind it; nothing if there is none.
function first(text) {
  const found = MATCHER.exec(text);
  if (!found) return null;
  const value = found[3] ?? found[4];
  return { matcher: { name: found[1], op: found[2], value: value === undefined ? found[5] : unescaped(value) }, rest: text.slice(found[0].length) };
}

// All matchers of a text, or nothing if a part of it is none.
export function matchersOf(text) {
  const matchers = [];
  let rest = text.trim().replace(/,$/, '');
  while (rest.trim() !== '') {
    const found = first(rest);
    if (!found) return null;
    matchers.push(found.matcher);
    rest = found.rest;
  }
  return matchers;
}

// A query in full; nothing if it is none.
export function parseQuery(text) {
  const found = /^\s*([^{}\s]*)\s*(?:\{(.*)\})?\s*$/s.exec(text);
  if (!found) return null;
  const matchers = matchersOf(found[2] || '');
  return matchers && { type: found[1], matchers };
}
