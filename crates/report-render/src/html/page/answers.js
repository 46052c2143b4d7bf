// Where answers are from: a server over HTTP, or what is written in the page itself.
import { byId } from './dom.js';
import { Acts } from './acts.js';

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
    return act === 'view' ? { ...result, tree: whole(result.tree) } : result;
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
    return this.call('load', this.isOffline ? byId('profile').textContent : await this.text(parameters, signal));
  }

  // How much the stacks of each value of a label differ from those of the rest.
  async differs(parameters) {
    return this.call('differs', await this.text(parameters));
  }

  async text(parameters, signal) {
    return (await answer('profile', parameters, signal)).text();
  }
}

// A tree with the columns that are left out where they are all 0.
function whole(tree) {
  const { count } = tree;
  return { before: new Float64Array(count), ownBefore: new Float64Array(count), skipped: new Int32Array(count), ...tree };
}
