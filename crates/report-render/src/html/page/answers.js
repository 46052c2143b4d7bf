// Where answers are from: a server over HTTP, or what is written in the page itself.
import { byId } from './dom.js';
import { Acts } from './acts.js';

// How many nodes the views may have that are kept.
const MOST_NODES = 6e5;

export class Refused extends Error {
  constructor(said) {
    super(said.message || 'the server gave no reason');
    this.said = said;
  }
}

async function answer(path, parameters, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== '' && value !== undefined) query.set(name, value);
  let response;
  try {
    response = await fetch(`api/${path}?${query}`, { signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused({ message: 'this page’s own server does not answer', hint: 'is the program still running?' });
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  throw new Refused(said && said.error || { message: `the server answered ${response.status}` });
}

export const ask = async (path, parameters = {}, signal) => (await answer(path, parameters, signal)).json();

// The stacks and what is done to them, in a worker; in a file there is none, and all happens here.
export class Engine {
  constructor() {
    const embedded = byId('profile');
    this.isOffline = embedded !== null;
    this.pending = new Map();
    this.number = 0;
    this.took = {};
    this.views = new Map();
    this.zeros = new Float64Array(0);
    if (this.isOffline) return;
    // The one address that may become a script here.
    const policy = globalThis.trustedTypes?.createPolicy('profile-worker', { createScriptURL: (path) => path === 'ui/worker.js' ? path : '' });
    this.worker = new Worker(policy ? policy.createScriptURL('ui/worker.js') : 'ui/worker.js', { type: 'module' });
    this.worker.addEventListener('message', ({ data: [id, error, result, took] }) => {
      const { act, done, failed } = this.pending.get(id);
      this.pending.delete(id);
      this.took[act] = took;
      if (error) failed(new Error(error)); else done(result);
    });
  }

  async call(act, given) {
    const result = this.isOffline ? this.here(act, given) : await this.there(act, given);
    return act === 'view' ? { ...result, tree: this.whole(result.tree) } : result;
  }

  // A view, with `rows` as the promise of its table. Those that were looked at last are kept: what does not change them, and
  // the way back, need no worker.
  async view(view) {
    const key = JSON.stringify(view), known = this.views.get(key);
    if (known) return known;
    const made = await this.call('view', view);
    const same = [...this.views.values()].find(({ stacks, load }) => stacks === made.stacks && load === made.load);
    made.rows = same ? same.rows : this.call('table', view);
    made.rows.catch(() => {});
    this.keep(key, made);
    return made;
  }

  keep(key, made) {
    this.views.set(key, made);
    let nodes = 0;
    for (const [of, { tree }] of [...this.views].reverse()) {
      nodes += tree.count;
      if (of !== key && nodes > MOST_NODES) this.views.delete(of);
    }
  }

  // A tree with the columns that are left out where they are all 0.
  whole(tree) {
    if (this.zeros.length < tree.count) this.zeros = new Float64Array(tree.count);
    return { before: this.zeros, ownBefore: this.zeros, skipped: this.zeros, ...tree };
  }

  there(act, given) {
    const id = ++this.number;
    return new Promise((done, failed) => {
      this.pending.set(id, { act, done, failed });
      this.worker.postMessage([id, act, given]);
    });
  }

  here(act, given) {
    const began = performance.now();
    this.acts ||= new Acts();
    const result = this.acts[act](given);
    this.took[act] = performance.now() - began;
    return result;
  }

  // The profile of a question.
  async load(parameters, signal) {
    const loaded = await this.call('load', this.isOffline ? byId('profile').textContent : await this.text(parameters, signal));
    this.views.clear();
    return loaded;
  }

  // How much the stacks of each value of a label differ from those of the rest.
  async differs(parameters) {
    return this.call('differs', await this.text(parameters));
  }

  async text(parameters, signal) {
    return (await answer('profile', parameters, signal)).text();
  }
}
