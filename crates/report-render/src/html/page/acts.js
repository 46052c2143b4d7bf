// What the page has done to a profile, in a worker or, where there is none, in the page.
import { Stacks } from './stacks.js';

const NODES = ['parent', 'frame', 'own', 'before', 'end'];

export class Acts {
  constructor() {
    this.loads = 0;
  }

  // Takes an answer in, and gives what the page needs of it: all but the stacks themselves. `load` tells of which answer
  // a view is.
  load(text) {
    const { data, ...rest } = JSON.parse(text);
    this.stacks = new Stacks(data);
    const told = Object.entries(this.stacks.raw).filter(([name]) => !NODES.includes(name));
    return { answer: { ...rest, cut: data.cut }, raw: { ...Object.fromEntries(told), load: ++this.loads } };
  }

  view(view) { return { ...this.stacks.view(view), load: this.loads }; }

  table(view) { return this.stacks.tableOf(view); }

  details([view, label]) { return this.stacks.details(view, label); }

  // Of another answer, which is not kept.
  differs(text) { return new Stacks(JSON.parse(text).data).differs(); }
}
