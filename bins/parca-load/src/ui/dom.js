// Small things that the other files share. Text goes into the page through textContent only.

export const byId = (id) => document.getElementById(id);

export function make(parent, tag, properties = {}, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

export function makeSvg(parent, tag, properties = {}, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

// Writes only what differs: nothing is read out again, and no selection is lost.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const NUMBER = new Intl.NumberFormat('en');

export const count = (number) => NUMBER.format(number);

// Three digits and a unit.
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const [value, unit] = seconds < 1e-3 ? [seconds * 1e6, 'µs'] : seconds < 1 ? [seconds * 1e3, 'ms'] : [seconds, 's'];
  return (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)) + ' ' + unit;
}

// Since when, as people say it.
export function span(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (minutes < 1) return Math.floor(seconds) + ' s';
  return hours < 1 ? minutes + ' min' : hours + ' h ' + minutes % 60 + ' min';
}

// What is at a relative address, as JSON; an Error with what the server said otherwise.
export async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  try {
    response = await fetch(query ? path + '?' + query : path, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw Object.assign(new Error('parca-load does not answer'), { said: { message: 'parca-load does not answer' } });
  }
  const body = await response.json().catch((error) => {
    if (error.name === 'AbortError') throw error;
    return null;
  });
  if (response.ok && body !== null) return body;
  const message = response.ok ? 'the answer broke off' : 'the answer was ' + response.status;
  const said = body?.error ?? { message };
  throw Object.assign(new Error(said.message), { said });
}
