// A menu at a place, for pointer and keyboard.
import { make } from './dom.js';

let open = null;

export function closeMenu() {
  if (!open) return;
  const { element, before } = open;
  open = null;
  element.remove();
  before?.focus?.();
}

// `items` are [text, act, key]; an empty one is a line.
export function showMenu(x, y, title, items) {
  closeMenu();
  const before = document.activeElement;
  const element = make(document.body, 'div', { class: 'menu', role: 'menu', 'aria-label': title });
  make(element, 'p', { class: 'menu-title', role: 'presentation' }, title);
  for (const item of items) {
    if (!item) { make(element, 'hr', { role: 'separator' }); continue; }
    const [text, act, key] = item;
    const entry = make(element, 'button', { type: 'button', role: 'menuitem', tabindex: '-1' });
    make(entry, 'span', {}, text);
    if (key) make(entry, 'kbd', {}, key);
    entry.addEventListener('click', () => { closeMenu(); act(); });
  }
  const box = element.getBoundingClientRect();
  element.style.left = Math.max(4, Math.min(x, innerWidth - box.width - 4)) + 'px';
  element.style.top = Math.max(4, Math.min(y, innerHeight - box.height - 4)) + 'px';
  open = { element, before };
  const entries = [...element.querySelectorAll('button')];
  entries[0]?.focus();
  element.addEventListener('keydown', (event) => {
    const at = entries.indexOf(document.activeElement);
    if (event.key === 'ArrowDown') entries[(at + 1) % entries.length].focus();
    else if (event.key === 'ArrowUp') entries[(at + entries.length - 1) % entries.length].focus();
    else if (event.key === 'Home') entries[0].focus();
    else if (event.key === 'End') entries[entries.length - 1].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') closeMenu();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

document.addEventListener('pointerdown', (event) => {
  if (open && !open.element.contains(event.target)) closeMenu();
});
