// Small things that the other files share. Text goes into the page through textContent only.

export const byId = (id) => document.getElementById(id);

export function make(parent, tag, properties = {}, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

export function makeSvg(parent, tag, properties = {}, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

export function button(parent, text, act, properties = {}) {
  const element = make(parent, 'button', { type: 'button', ...properties }, text);
  element.addEventListener('click', act);
  return element;
}

// Writes only what differs: nothing is read out again, and no selection is lost.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make(document.body, 'textarea', { class: 'copied' });
    area.value = text;
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

let toastEnd = 0;
export function toast(text) {
  const element = byId('toast');
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toastEnd);
  toastEnd = setTimeout(() => { element.hidden = true; }, 2500);
}
