// Where answers are from: a server over HTTP, or what is written in the page itself.
import { byId } from './dom.js';
import { Stacks } from './stacks.js';

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

  call(act, given) {
    if (this.isOffline) return this.here(act, given);
    const id = ++this.number;
    return new Promise((done, failed) => {
      this.pending.set(id, { act, done, failed });
      this.worker.postMessage([id, act, given]);
    });
  }

  async here(act, given) {
    const began = performance.now();
    let result;
    if (act === 'load') {
      const { data, ...rest } = JSON.parse(given);
      this.stacks = new Stacks(data);
      result = { answer: { ...rest, cut: data.cut }, raw: this.stacks.raw };
    } else if (act === 'details') result = this.stacks.details(...given);
    else result = this.stacks[act](given);
    this.took[act] = performance.now() - began;
    return result;
  }

  // The profile of a question.
  async load(parameters, signal) {
    const text = this.isOffline ? byId('profile').textContent : await (await answer('profile', parameters, signal)).text();
    return this.call('load', text);
  }
}
