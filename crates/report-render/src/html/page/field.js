// The field of a query: matchers as chips, and an input that completes names and values of labels.
import { make } from './dom.js';
import { matcherText, matchersOf, parseQuery } from './selector.js';

const OPERATORS = ['=', '!=', '=~', '!~'];
let fields = 0;

export class Field {
  // `on` has names(matchers), values(label, matchers): promises of lists; typed(type): a type was pasted; run().
  constructor(element, label, on) {
    this.on = on;
    this.matchers = [];
    this.options = [];
    this.at = -1;
    const id = 'field-options-' + ++fields;
    this.chips = make(element, 'span', { class: 'chips' });
    this.input = make(element, 'input', {
      type: 'text', 'aria-label': label, role: 'combobox', 'aria-expanded': 'false', 'aria-controls': id, 'aria-autocomplete': 'list',
      autocomplete: 'off', spellcheck: 'false', placeholder: 'label="value"',
    });
    this.list = make(element, 'ul', { class: 'options', id, role: 'listbox', 'aria-label': label });
    this.list.hidden = true;
    this.input.addEventListener('input', () => { this.isQuiet = false; this.complete(); });
    this.input.addEventListener('focus', () => this.complete());
    this.input.addEventListener('blur', () => { setTimeout(() => this.close(), 150); });
    this.input.addEventListener('keydown', (event) => this.key(event));
    element.addEventListener('click', (event) => { if (event.target === element || event.target === this.chips) this.input.focus(); });
  }

  set(matchers, text = '') {
    this.matchers = matchers;
    this.input.value = text;
    this.draw();
  }

  // What stands in the field: chips, and what was typed and is no chip yet.
  take() {
    const typed = this.input.value.trim();
    if (typed === '') return { matchers: this.matchers, rest: '' };
    const more = matchersOf(typed);
    if (more) {
      this.set(this.with(more));
      return { matchers: this.matchers, rest: '' };
    }
    const query = parseQuery(typed);
    if (query && (typed.includes('{') || typed.includes(':'))) {
      if (query.type) this.on.typed(query.type);
      this.set(typed.includes('{') ? query.matchers : this.with(query.matchers));
      return { matchers: this.matchers, rest: '' };
    }
    return { matchers: this.matchers, rest: typed };
  }

  // A label has one value: another one takes its place.
  with(more) {
    const isTaken = (one) => more.some(({ name, op }) => name === one.name && op === one.op && op === '=');
    return [...this.matchers.filter((one) => !isTaken(one)), ...more];
  }

  draw() {
    this.chips.replaceChildren();
    for (const matcher of this.matchers) {
      const chip = make(this.chips, 'span', { class: 'matcher' });
      const text = matcherText(matcher);
      const edit = make(chip, 'button', { type: 'button', class: 'matcher-text', title: 'Change ' + text }, text);
      const remove = make(chip, 'button', { type: 'button', class: 'matcher-remove', 'aria-label': 'Take out ' + text }, '×');
      const without = () => this.matchers.filter((other) => other !== matcher);
      edit.addEventListener('click', () => { this.set(without(), text); this.input.focus(); this.input.select(); });
      remove.addEventListener('click', () => { this.set(without()); this.on.run(); });
    }
    this.input.placeholder = this.matchers.length ? '' : 'label="value"';
  }

  key(event) {
    const isOpen = !this.list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!isOpen) this.complete();
      else this.mark((this.at + (event.key === 'ArrowDown' ? 1 : -1) + this.options.length) % this.options.length);
    } else if (event.key === 'Escape' && isOpen) this.close();
    else if ((event.key === 'Enter' || event.key === 'Tab') && isOpen && this.at >= 0) this.choose(this.options[this.at]);
    else if (event.key === 'Enter') {
      this.close();
      this.take();
      this.on.run();
    } else if (event.key === 'Backspace' && this.input.value === '' && this.matchers.length) {
      const last = this.matchers[this.matchers.length - 1];
      this.set(this.matchers.slice(0, -1), matcherText(last));
    } else return;
    event.preventDefault();
  }

  async complete() {
    const typed = this.input.value, asked = this.asked = {};
    if (this.isQuiet) return;
    const found = /^\s*([a-zA-Z_][\w.]*)\s*(=~|!~|!=|=)\s*"?([^"]*)"?\s*$/.exec(typed), words = typed.trim().toLowerCase();
    let options = [];
    if (typed.includes('{')) options = [];
    else if (found) {
      const [, name, op, part] = found;
      const values = await this.on.values(name, this.matchers.filter((matcher) => matcher.name !== name)).catch(() => []);
      options = values.filter((value) => value.toLowerCase().includes(part.toLowerCase()))
        .map((value) => ({ text: value, matcher: { name, op, value } }));
    } else {
      const name = /^\s*([a-zA-Z_][\w.]*)\s*$/.exec(typed);
      const names = await this.on.names(this.matchers).catch(() => []);
      if (name && names.includes(name[1])) options = OPERATORS.map((op) => ({ text: name[1] + op, insert: name[1] + op }));
      options.push(...names.filter((of) => of.toLowerCase().includes(words) && of !== name?.[1]).map((of) => ({ text: of, insert: of + '=' })));
    }
    if (this.asked !== asked || document.activeElement !== this.input) return;
    this.options = options.slice(0, 200);
    this.list.replaceChildren();
    for (const [at, option] of this.options.entries()) {
      const item = make(this.list, 'li', { role: 'option', id: this.list.id + '-' + at, 'aria-selected': 'false' }, option.text);
      item.addEventListener('pointerdown', (event) => { event.preventDefault(); this.choose(option); });
    }
    this.list.hidden = this.options.length === 0;
    this.input.setAttribute('aria-expanded', String(!this.list.hidden));
    this.mark(found && this.options.length ? 0 : -1);
  }

  mark(at) {
    this.list.children[this.at]?.setAttribute('aria-selected', 'false');
    this.at = at;
    const item = this.list.children[at];
    if (item) {
      item.setAttribute('aria-selected', 'true');
      item.scrollIntoView({ block: 'nearest' });
      this.input.setAttribute('aria-activedescendant', item.id);
    } else this.input.removeAttribute('aria-activedescendant');
  }

  choose(option) {
    if (option.matcher) {
      this.isQuiet = true;
      this.set(this.with([option.matcher]));
      this.close();
      this.on.run();
      return;
    }
    this.input.value = option.insert;
    this.complete();
  }

  close() {
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}

