// What is shown in front of the page: keys, command lines, what differs.
import { button, byId, copy, make, toast } from './dom.js';
import { percent, points } from './numbers.js';

// How many labels are asked for, and how many of their values are shown.
const MOST_LABELS = 12, MOST_ROWS = 40;

function dialog(title, fill) {
  const element = byId('dialog');
  element.replaceChildren();
  const head = make(element, 'div', { class: 'dialog-head' });
  make(head, 'h2', { id: 'dialog-title' }, title);
  element.setAttribute('aria-labelledby', 'dialog-title');
  button(head, '×', () => element.close(), { class: 'quiet', 'aria-label': 'Close' });
  fill(element);
  if (!element.open) element.showModal();
}

export function showKeys(keys) {
  dialog('Keys', (element) => {
    const list = make(element, 'dl', { class: 'keys' });
    for (const [key, what] of keys) {
      make(make(list, 'dt', {}), 'kbd', {}, key);
      make(list, 'dd', {}, what);
    }
    make(element, 'p', { class: 'hint' }, 'In the chart: drag over a span to look at it; when comparing, drag the spans and their ends. Search and filters take text or a regular expression.');
  });
}

// `lines` are programs with the line of each; those without are left out.
export function showCommands(lines) {
  dialog('The same from a terminal', (element) => {
    for (const [program, line] of lines) {
      if (!line) continue;
      make(element, 'h3', {}, program);
      const row = make(element, 'div', { class: 'command' });
      make(row, 'pre', { tabindex: '0' }, line);
      button(row, 'Copy', () => copy(line).then(() => toast('Copied the command')));
    }
  });
}

// Which values of labels have other stacks than the rest: ranked label by label by rank(label), the largest difference
// first. `on` has shorten(name) and open(label).
export function showDifferences(labels, rank, on) {
  dialog('What differs', async (element) => {
    make(element, 'p', { class: 'hint' }, 'Values of labels, ranked by how much their stacks differ from those of the rest: 0 % is the same, 100 % has no function in common.');
    const rows = make(element, 'div', { class: 'differs' }), words = make(element, 'p', { class: 'hint' }, 'asking'), found = [];
    for (const label of labels.slice(0, MOST_LABELS)) {
      words.textContent = `asking for ${label}`;
      // A label that cannot be grouped by is left out.
      for (const row of await rank(label).catch(() => [])) if (row.share < 0.9999) found.push({ ...row, label });
      if (!element.open) return;
      found.sort((a, b) => b.score - a.score);
      rows.replaceChildren();
      for (const row of found.slice(0, MOST_ROWS)) showDifference(rows, row, { ...on, open: (of) => { element.close(); on.open(of); } });
    }
    words.textContent = found.length ? '' : 'No label has several values here.';
  });
}

function showDifference(rows, { group, score, share, functions, label }, on) {
  const row = button(rows, '', () => on.open(label), { class: 'differ' });
  make(row, 'b', {}, percent(score, 1));
  make(row, 'span', {}, group);
  const changes = functions.map(([of, by]) => `${on.shorten(of)} ${points(by)}`);
  make(row, 'small', {}, `${percent(share, 1)} of all; ` + changes.join(', '));
}
