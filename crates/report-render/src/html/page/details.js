// What is known of the function that is chosen.
import { button, make } from './dom.js';
import { human, percent, points, signed } from './numbers.js';
import { plain } from './names.js';

const cut = (text) => text.length > 600 ? text.slice(0, 600) + '…' : text;

// `about` has label, of (the sums), node (what the graph says of the frame that is chosen, if one is), raw, unit,
// wholes, comparison; `on` has select(label), open(what).
export function showDetails(element, about, on) {
  element.replaceChildren();
  if (!about) {
    make(element, 'p', { class: 'hint' }, 'Click a frame or a row to see what it costs, where it is, and who calls it. Enter or a double click zooms; right click or m has more; ? shows all keys.');
    return;
  }
  const { label, of, node, raw, unit, wholes, comparison } = about;
  const head = make(element, 'div', { class: 'details-head' });
  make(head, 'h2', {}, cut(plain(label)));
  button(head, 'Copy', () => on.open('copy'), { class: 'quiet', title: 'Copy the name' });
  button(head, 'Callers and callees', () => on.open('sandwich'), { class: 'quiet', title: 'The graph with this function in the middle (s)' });
  button(head, 'Focus', () => on.open('focus'), { class: 'quiet', title: 'Only stacks with this function (f)' });
  button(head, '×', () => on.open('close'), { class: 'quiet', 'aria-label': 'Close the details' });

  const facts = make(element, 'dl', { class: 'facts' });
  const fact = (name, value, more, trend) => {
    make(facts, 'dt', {}, name);
    const said = make(facts, 'dd', {});
    if (value) {
      const main = make(said, 'b', {}, value);
      if (trend !== undefined) main.dataset.trend = trend > 0 ? 'up' : trend < 0 ? 'down' : 'same';
    }
    if (more) make(said, 'span', {}, (value ? ' ' : '') + more);
  };
  if (comparison) {
    const change = of.all - of.allBefore, share = of.all / (wholes[0] || 1) - of.allBefore / (wholes[1] || 1);
    fact('Before', human(of.allBefore, unit), percent(of.allBefore, wholes[1]) + ' of all before');
    fact('After', human(of.all, unit), percent(of.all, wholes[0]) + ' of all after');
    fact('Change', change === 0 ? '0' : signed(change, unit), `${points(share)}${of.allBefore === 0 && of.all ? ', new' : of.all === 0 && of.allBefore ? ', gone' : ''}`, change);
    const own = of.own - of.ownBefore;
    fact('Flat', `${human(of.ownBefore, unit)} → ${human(of.own, unit)}`, own === 0 ? 'unchanged' : signed(own, unit));
  } else {
    fact('Cumulative', human(of.all, unit), percent(of.all, wholes[0]) + ' of all');
    fact('Flat', human(of.own, unit), percent(of.own, wholes[0]) + ' of all');
  }
  if (node) fact('This frame', node.value, `${node.percent} of all, ${node.ofParent} of its parent${node.ofZoom && `, ${node.ofZoom} of the zoom`}`);
  const places = of.places.filter(({ frame }) => raw.f_file[frame] || raw.f_binary[frame]).slice(0, 3);
  for (const [at, { frame, value }] of places.entries()) {
    const file = raw.files[raw.f_file[frame]], line = raw.f_line[frame], binary = raw.binaries[raw.f_binary[frame]];
    const where = [file && file + (line > 0 ? ':' + line : ''), binary && 'in ' + binary, raw.f_kind[frame] === 1 && 'inlined'].filter(Boolean).join(' ');
    fact(at ? '' : 'Where', '', plain(where) + (places.length > 1 ? ', ' + human(value, unit) : ''));
  }
  const rawName = about.rawName;
  if (rawName && rawName !== label) fact('Linker’s name', cut(plain(rawName)));

  const lists = make(element, 'div', { class: 'neighbours' });
  for (const [title, rows] of [['Callers', of.callers], ['Callees', of.callees]]) {
    const list = make(lists, 'section', {});
    make(list, 'h3', {}, `${title}${rows.length ? '' : ': none'}`);
    const items = make(list, 'ul', {});
    for (const row of rows.slice(0, 12)) {
      const item = make(items, 'li', {});
      const act = button(item, '', () => on.select(row.label), { class: 'neighbour', title: plain(row.label) });
      const whole = Math.max(Math.abs(of.all), Math.abs(of.allBefore)) || 1;
      const bar = make(act, 'i', { class: 'bar' });
      bar.style.width = Math.min(100, Math.abs(row.value) / whole * 100).toFixed(1) + '%';
      make(act, 'b', {}, comparison ? signed(row.value - row.before, unit) : human(row.value, unit));
      make(act, 'span', {}, plain(shortest(raw, row)));
    }
  }
}

function shortest(raw, { frame, label }) {
  const forms = raw.names[raw.f_name[frame]];
  return forms[0] === label && forms.length > 1 ? forms[Math.min(1, forms.length - 1)] : label;
}
