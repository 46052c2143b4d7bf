// What is known of a frame, in words. `labels` is what a graph is shown with.
import { human, percent, points, signed } from './numbers.js';
import { labelOf } from './profile.js';
import { plain } from './names.js';

export const nameOf = (tree, { raw, by }, id) => id === 0 && tree.above === 0 ? 'root' : plain(labelOf(raw, by, tree.frame[id]));

export function describe(tree, labels, id, zoomed) {
  const { unit, wholes: [whole, wholeBefore] } = labels, value = tree.value[id], parent = tree.parent[id];
  const said = {
    name: nameOf(tree, labels, id), value: human(value, unit), percent: percent(value, whole), own: human(tree.own[id], unit),
    ofParent: percent(value, parent >= 0 ? tree.value[parent] : value), ofZoom: zoomed > 0 ? percent(value, tree.value[zoomed]) : '', skipped: tree.skipped[id],
  };
  if (!labels.comparison) return said;
  const before = tree.before[id], share = value / (whole || 1) - before / (wholeBefore || 1);
  return Object.assign(said, {
    before: human(before, unit), change: signed(value - before, unit), points: points(share),
    fate: before === 0 && value !== 0 ? 'new' : value === 0 && before !== 0 ? 'gone' : '',
  });
}

export function words({ value, percent: share, own, before, change, points: pp, fate, name }) {
  if (before === undefined) return `${name}: ${value}, ${share}; flat ${own}`;
  return `${name}: ${before} before, ${value} after, ${change} (${pp})${fate ? ', ' + fate : ''}`;
}
