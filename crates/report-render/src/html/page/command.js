// The command lines that show what the page shows.
import { parseQuery, queryText } from './selector.js';

const shell = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replace(/'/g, "'\\''") + "'";
const isRegex = (text) => { try { new RegExp(text); return true; } catch { return false; } };
// What was looked for as text has to be escaped for a program that reads an expression.
const expression = (text) => isRegex(text) ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function flags(state, except = []) {
  const made = [];
  for (const name of ['focus', 'ignore', 'hide']) if (state[name] && !except.includes(name)) made.push(`--${name}`, shell(expression(state[name])));
  if (state.invert && !except.includes('invert')) made.push('--invert');
  if (state.collapse && !except.includes('collapse')) made.push('--collapse');
  return made;
}

const server = (source) => source.deployment ? [shell(source.deployment)] : ['-', '--url', shell(source.url), '--backend', source.kind];

// The profile-query line; nothing where there is none that says the same.
export function profileQuery(state, source, times, baseSource, row) {
  const failIf = row ? ['--fail-if', shell(`${row.kind}(^${row.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$)>${row.limit}`)] : [];
  if (source.kind === 'file') {
    const type = state.query ? ['--type', shell(state.query)] : [];
    if (state.compare && baseSource) return ['profile-query diff', shell(baseSource.path), shell(source.path), ...type, ...flags(state, ['collapse']), ...failIf].join(' ');
    return ['profile-query flamegraph', shell(source.path), '--output graph', ...type, ...flags(state)].join(' ');
  }
  const query = parseQuery(state.query);
  if (!query) return null;
  if (!state.compare) {
    return ['profile-query flamegraph', ...server(source), '--query', shell(state.query), '--start', shell(times.start), '--end', shell(times.end), '--output graph', ...flags(state)].join(' ');
  }
  const base = parseQuery(state.baseQuery || state.query);
  if (!base) return null;
  const shown = (one) => queryText({ type: '', matchers: [one] });
  const isShared = (one) => base.matchers.some((other) => shown(other) === shown(one)) && query.matchers.some((other) => shown(other) === shown(one));
  const side = (name, of) => of.filter((one) => !isShared(one)).flatMap(({ name: label, op, value }) => [`--${name}-label`, shell(label + op + value)]);
  return [
    'profile-query diff', ...server(source), shell(times.baseStart), shell(times.baseEnd), shell(times.start), shell(times.end),
    '--query', shell(queryText({ type: query.type, matchers: query.matchers.filter(isShared) })),
    ...side('base', base.matchers), ...side('compare', query.matchers), ...flags(state, ['collapse']), ...failIf,
  ].join(' ');
}

// The address of a report in another form.
export function reportAddress(state, source, times, form) {
  const parameters = new URLSearchParams({ source: source.id, query: state.query, reportType: form });
  if (source.kind !== 'file') for (const name of ['start', 'end']) parameters.set(name, times[name]);
  if (state.compare) {
    if (source.kind === 'file') parameters.set('baseSource', state.baseSource);
    else for (const name of ['baseStart', 'baseEnd']) parameters.set(name, times[name]);
    if (state.baseQuery) parameters.set('baseQuery', state.baseQuery);
    if (state.diff === 'value') parameters.set('absolute', 'true');
  }
  if (!form.startsWith('pprof')) {
    for (const name of ['focus', 'ignore', 'hide']) if (state[name]) parameters.set(name, expression(state[name]));
    if (state.invert) parameters.set('invert', 'true');
    if (state.collapse && !state.compare) parameters.set('collapse', 'true');
  }
  if (state.groupBy && !state.compare) parameters.set('groupBy', state.groupBy);
  return new URL('api/report?' + parameters, location.href).href;
}

export const curl = (state, source, times, form = 'json_flamegraph') => `curl -s ${shell(reportAddress(state, source, times, form))}`;
export const goTool = (state, source, times) => `curl -s -o profile.pb.gz ${shell(reportAddress(state, source, times, 'pprof_raw'))} && go tool pprof -http=: profile.pb.gz`;
