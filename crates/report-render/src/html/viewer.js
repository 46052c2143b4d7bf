// A flame graph that people can walk through: flameView(element, data) fills the element and gives
//   { find(name), focus(id), zoom(id), back(), reset(), search(text), flip(), destroy() }
// where an id is the position of a frame in the data, parents before children; the root is 0.
// `data` is what report_render::html::viewer_data writes. Nothing is fetched, nothing is stored.
// Only what is visible is drawn. All text from the profile goes through textContent or the canvas.
(function (global) {
  'use strict';

  const ROW = 20, PAD = 4, MIN_BOX = 0.5, MIN_TEXT = 28, TABLE_ROWS = 200;
  const FONT = '12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
  let views = 0;

  // ---- values as people read them; the same rules as units.rs -------------------------------

  const TIME = [['ns', 1], ['µs', 1e3], ['ms', 1e6], ['s', 1e9], ['min', 6e10], ['h', 3.6e12], ['d', 8.64e13]];
  const SIZE = [['B', 1], ['KiB', 2 ** 10], ['MiB', 2 ** 20], ['GiB', 2 ** 30], ['TiB', 2 ** 40], ['PiB', 2 ** 50]];
  const UNITS = {
    // The data has units by the name that profile-model's table gives them.
    nanoseconds: [TIME, 1], microseconds: [TIME, 1e3], milliseconds: [TIME, 1e6], seconds: [TIME, 1e9],
    minutes: [TIME, 6e10], hours: [TIME, 3.6e12], days: [TIME, 8.64e13],
    bytes: [SIZE, 1], kilobytes: [SIZE, 2 ** 10], megabytes: [SIZE, 2 ** 20], gigabytes: [SIZE, 2 ** 30],
    terabytes: [SIZE, 2 ** 40], petabytes: [SIZE, 2 ** 50],
  };

  function human(value, unit) {
    const known = Object.hasOwn(UNITS, unit) ? UNITS[unit] : null;
    if (!known) {
      const number = String(value).replace(/\B(?=(\d{3})+$)/g, ',');
      return unit === '' || unit === 'count' ? number : number + ' ' + unit;
    }
    const [scale, factor] = known;
    const size = Math.abs(value * factor);
    const fits = ([name, least]) => size >= (name === 'min' ? Math.max(least, 12e10) : least);
    const [name, least] = scale.findLast(fits) || scale[0];
    const scaled = value * factor / least, shown = Math.abs(scaled);
    const digits = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;
    return String(Number(scaled.toFixed(digits))) + ' ' + name;
  }

  function exact(value, unit) {
    return unit === '' || unit === 'count' ? String(value) : value + ' ' + unit;
  }

  function percent(part, whole) {
    const share = whole === 0 ? 0 : part / whole * 100, size = Math.abs(share);
    if (size === 0) return '0 %';
    if (size < 0.01) return (share < 0 ? '> -' : '< ') + '0.01 %';
    return share.toFixed(size < 1 ? 2 : 1) + ' %';
  }

  // ---- the tree, column by column -----------------------------------------------------------

  function decode(data) {
    const raw = data.nodes, stride = data.comparison ? 6 : 5, count = raw.length / stride;
    const ints = () => new Int32Array(count), floats = () => new Float64Array(count);
    const tree = {
      count, strings: data.strings, unit: data.unit, type: data.type, comparison: data.comparison,
      name: ints(), file: ints(), depth: ints(), parent: ints(), end: ints(),
      value: floats(), own: floats(), diff: floats(), start: floats(), levels: 0,
      // Values beyond 2^53 come as text, so that what is called exact is.
      exact: (id) => exact(raw[id * stride + 3], data.unit),
    };
    const next = floats(), path = [];
    for (let id = 0; id < count; id++) {
      const at = id * stride, depth = raw[at + 2];
      while (path.length > depth) tree.end[path.pop()] = id;
      const parent = depth ? path[depth - 1] : -1;
      path.push(id);
      tree.name[id] = raw[at];
      tree.file[id] = raw[at + 1];
      tree.depth[id] = depth;
      tree.value[id] = Number(raw[at + 3]);
      tree.own[id] = Number(raw[at + 4]);
      tree.diff[id] = data.comparison ? Number(raw[at + 5]) : 0;
      tree.parent[id] = parent;
      tree.levels = Math.max(tree.levels, depth + 1);
    }
    while (path.length) tree.end[path.pop()] = count;
    // As wide as what ends in a node and below it is large, signs aside, and in a comparison on both sides: children
    // fit below their parent also where values are below 0, and what is gone has a place.
    const ends = tree.value.slice(), endsDiff = tree.diff.slice(), width = floats();
    for (let id = 1; id < count; id++) {
      ends[tree.parent[id]] -= tree.value[id];
      endsDiff[tree.parent[id]] -= tree.diff[id];
    }
    for (let id = count - 1; id >= 0; id--) {
      width[id] += Math.abs(ends[id]) + (data.comparison ? Math.abs(ends[id] - endsDiff[id]) : 0);
      if (id > 0) width[tree.parent[id]] += width[id];
    }
    for (let id = 1; id < count; id++) {
      tree.start[id] = next[tree.parent[id]];
      next[tree.parent[id]] += width[id];
      next[id] = tree.start[id];
    }
    tree.scaled = data.scaled;
    tree.total = count ? tree.value[0] : 0;
    tree.whole = Number(data.whole);
    tree.width = (id) => width[id];
    tree.label = (id) => tree.strings[tree.name[id]];
    return tree;
  }

  // Values scaled for a comparison are rounded: what that leaves is no change worth a colour.
  function trend(tree, id) {
    const diff = tree.diff[id], before = tree.value[id] - diff;
    return Math.abs(diff) <= 1e-4 * Math.max(Math.abs(before), Math.abs(tree.value[id])) ? 0 : diff;
  }

  function change(tree, id) {
    const diff = tree.diff[id], before = tree.value[id] - diff;
    if (diff === 0) return 'unchanged';
    const sign = diff > 0 ? '+' : '', scaled = tree.scaled ? ' scaled' : '';
    if (before === 0) return sign + human(diff, tree.unit) + scaled + ' (new)';
    if (tree.value[id] === 0) return human(diff, tree.unit) + scaled + ' (gone)';
    const share = diff / Math.abs(before) * 100;
    return sign + human(diff, tree.unit) + scaled + ' (' + sign + share.toFixed(1) + ' %)';
  }

  // The sums of each function; one that is several times in a stack counts once.
  function functions(tree) {
    const rows = new Map(), path = [];
    for (let id = 0; id < tree.count; id++) {
      while (path.length > tree.depth[id]) rows.get(path.pop()).open--;
      const name = tree.name[id];
      if (!rows.has(name)) rows.set(name, { name, own: 0, all: 0, open: 0 });
      const row = rows.get(name);
      row.own += tree.own[id];
      if (row.open++ === 0) row.all += tree.value[id];
      path.push(name);
    }
    return [...rows.values()].sort((a, b) => Math.abs(b.own) - Math.abs(a.own) || Math.abs(b.all) - Math.abs(a.all));
  }

  // ---- colours ------------------------------------------------------------------------------

  function hash(text) {
    let hash = 2166136261;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
    return (hash ^ hash >>> 15) >>> 0;
  }

  function colorOf(tree, id, dark, cache) {
    if (tree.comparison) {
      const diff = trend(tree, id), before = tree.value[id] - diff;
      if (diff === 0) return dark ? '#444' : '#dcdcdc';
      const share = before === 0 ? 1 : Math.min(1, Math.abs(diff / before));
      const light = dark ? 22 + 20 * share : 92 - 37 * share;
      return `hsl(${diff > 0 ? 5 : 215} ${dark ? 60 : 85}% ${light}%)`;
    }
    if (id === 0) return dark ? '#444' : '#dcdcdc';
    const name = tree.name[id];
    if (!cache[name]) {
      const mixed = hash(tree.strings[name]), hue = 35 + mixed % 155;
      cache[name] = dark ? `hsl(${hue} 35% ${28 + (mixed >>> 24 & 7)}%)` : `hsl(${hue} ${45 + (mixed >>> 16 & 15)}% ${70 + (mixed >>> 24 & 7)}%)`;
    }
    return cache[name];
  }

  // ---- the page -----------------------------------------------------------------------------

  function make(parent, tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    parent.appendChild(element);
    return element;
  }

  function flameView(element, data) {
    const tree = decode(data), view = ++views;
    const state = { zoom: 0, cursor: -1, hover: -1, history: [], found: null, rootBelow: false };
    const listeners = new AbortController(), signal = listeners.signal;
    const scheme = global.matchMedia('(prefers-color-scheme: dark)');
    let colors = [], frame = 0;

    element.textContent = '';
    const top = make(element, 'div', 'fv');
    const bar = make(top, 'div', 'fv-bar');
    const label = make(bar, 'label', 'fv-search', 'Search ');
    const input = make(label, 'input');
    input.type = 'search';
    input.placeholder = 'regular expression';
    input.spellcheck = false;
    const matched = make(bar, 'output', 'fv-matched');
    const button = (text, act) => {
      const made = make(bar, 'button', 'fv-button', text);
      made.type = 'button';
      made.addEventListener('click', act, { signal });
      return made;
    };
    const backButton = button('Back', () => back());
    const resetButton = button('Reset', () => reset());
    const flipButton = button('Root at the bottom', () => flip());
    flipButton.setAttribute('aria-pressed', 'false');
    const root = tree.count ? `${tree.type}: ${human(tree.total, tree.unit)}${tree.whole === tree.total ? '' : ' of ' + human(tree.whole, tree.unit)} in all (${tree.exact(0)})` : 'nothing';
    make(bar, 'span', 'fv-total', root);
    const scroll = make(top, 'div', 'fv-scroll');
    scroll.tabIndex = 0;
    scroll.setAttribute('role', 'tree');
    scroll.setAttribute('aria-label', 'Flame graph, ' + root + '. Arrow keys move, Enter zooms, Escape goes back.');
    const canvas = make(scroll, 'canvas', 'fv-canvas');
    canvas.setAttribute('aria-hidden', 'true');
    const space = make(scroll, 'div', 'fv-space');
    const cursor = make(scroll, 'div', 'fv-cursor');
    cursor.id = 'fv-cursor-' + view;
    cursor.setAttribute('role', 'treeitem');
    cursor.hidden = true;
    const tip = make(top, 'div', 'tip');
    tip.setAttribute('role', 'tooltip');
    tip.hidden = true;
    const part = {};
    for (const name of ['name', 'value', 'percent', 'exact', 'own', 'diff', 'file']) part[name] = make(tip, 'span', 'tip-' + name);
    const live = make(top, 'div', 'fv-live');
    live.setAttribute('aria-live', 'polite');
    if (data.cut && data.cut.nodes > 0) {
      make(top, 'p', 'fv-cut', `Not in this graph: ${human(data.cut.nodes, '')} frames too small or too deep; those at the edge sum up to ${human(Number(data.cut.value), tree.unit)}.`);
    }
    const details = make(top, 'details', 'fv-functions');
    make(details, 'summary', '', 'Functions as a table');

    // -- geometry

    const viewWidth = () => Math.max(1, scroll.clientWidth);
    const rowTop = (depth) => ROW * (state.rootBelow ? tree.levels - 1 - depth : depth);
    const scale = () => viewWidth() / Math.max(tree.width(state.zoom), Number.MIN_VALUE);
    const isInZoom = (id) => id >= state.zoom && id < tree.end[state.zoom];

    function place(id) {
      if (!isInZoom(id)) return { x: 0, width: viewWidth() };
      const x = (tree.start[id] - tree.start[state.zoom]) * scale();
      return { x, width: tree.width(id) * scale() };
    }

    function hit(x, y) {
      const row = Math.floor(y / ROW), depth = state.rootBelow ? tree.levels - 1 - row : row;
      if (depth < 0 || depth >= tree.levels || !tree.count) return -1;
      let id = state.zoom;
      while (tree.depth[id] > depth) id = tree.parent[id];
      const at = tree.start[state.zoom] + x / scale();
      while (tree.depth[id] < depth) {
        let child = id + 1;
        while (child < tree.end[id] && at >= tree.start[child] + tree.width(child)) child = tree.end[child];
        if (child >= tree.end[id] || at < tree.start[child]) return -1;
        id = child;
      }
      return id;
    }

    // -- drawing

    function redraw() {
      if (!frame) frame = requestAnimationFrame(draw);
    }

    function draw() {
      frame = 0;
      const width = viewWidth(), height = Math.max(1, scroll.clientHeight), ratio = global.devicePixelRatio || 1;
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = width + 'px';
        canvas.style.height = height + 'px';
      }
      const ctx = canvas.getContext('2d');
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, width, height);
      ctx.font = FONT;
      ctx.textBaseline = 'middle';
      const paint = painter(ctx, width, height);
      if (tree.count) paintAll(paint, height);
      placeCursor();
    }

    function paintAll(paint, height) {
      const offset = scroll.scrollTop;
      const rows = [Math.floor(offset / ROW), Math.ceil((offset + height) / ROW)];
      const [first, last] = state.rootBelow ? [tree.levels - 1 - rows[1], tree.levels - 1 - rows[0]] : rows;
      for (let id = tree.parent[state.zoom]; id >= 0; id = tree.parent[id]) {
        if (tree.depth[id] >= first && tree.depth[id] <= last) paint(id, 0, viewWidth(), true);
      }
      const pixels = scale(), from = tree.start[state.zoom], painted = new Int32Array(tree.levels).fill(-1);
      for (let id = state.zoom; id < tree.end[state.zoom];) {
        const depth = tree.depth[id], x = (tree.start[id] - from) * pixels, width = tree.width(id) * pixels;
        const isNarrow = width < MIN_BOX;
        if (depth > last || isNarrow && painted[depth] >= Math.floor(x)) {
          id = tree.end[id];
          continue;
        }
        if (isNarrow) painted[depth] = Math.floor(x);
        if (depth >= first && width > 0) paint(id, x, width, false);
        id = isNarrow ? tree.end[id] : id + 1;
      }
    }

    function painter(ctx, viewWidth, height) {
      const dark = scheme.matches, letter = ctx.measureText('m').width;
      return (id, x, width, isAbove) => {
        const y = rowTop(tree.depth[id]) - scroll.scrollTop;
        const isFound = state.found && state.found[tree.name[id]];
        ctx.globalAlpha = isAbove || state.found && !isFound ? 0.45 : 1;
        ctx.fillStyle = isFound ? (dark ? '#b0146e' : '#c2187a') : colorOf(tree, id, dark, colors);
        ctx.fillRect(x, y, width > 2 ? width - 0.5 : width, ROW - 1);
        if (width < MIN_TEXT) return;
        const diff = trend(tree, id), sign = diff > 0 ? '+ ' : diff < 0 ? '− ' : '';
        const room = Math.min(width, viewWidth - x) - 2 * PAD, letters = Math.floor(room / letter);
        let text = sign + tree.label(id);
        if (text.length > letters) text = text.slice(0, Math.max(0, letters - 1)) + '…';
        ctx.globalAlpha = 1;
        ctx.fillStyle = isFound || dark ? '#fff' : '#111';
        ctx.fillText(text, x + PAD, y + ROW / 2, room);
      };
    }

    // -- what is said about a frame

    function show(id, x, y) {
      if (id < 0) {
        tip.hidden = true;
        return;
      }
      describe(id);
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      const left = Math.min(x + 14, global.innerWidth - box.width - 8), below = y + 18;
      const above = below + box.height > global.innerHeight ? y - box.height - 10 : below;
      tip.style.left = Math.max(4, left) + 'px';
      tip.style.top = Math.max(4, above) + 'px';
    }

    function describe(id) {
      const file = tree.strings[tree.file[id]];
      tip.dataset.id = id;
      part.name.textContent = tree.label(id);
      part.value.textContent = human(tree.value[id], tree.unit);
      part.percent.textContent = percent(tree.value[id], tree.whole);
      part.exact.textContent = tree.exact(id);
      part.own.textContent = 'own ' + human(tree.own[id], tree.unit);
      part.diff.textContent = tree.comparison ? 'change ' + change(tree, id) : '';
      part.file.textContent = file;
    }

    function spoken(id) {
      const words = [tree.label(id), human(tree.value[id], tree.unit), percent(tree.value[id], tree.whole)];
      if (tree.comparison) words.push(change(tree, id));
      return words.join(', ');
    }

    function placeCursor() {
      cursor.hidden = state.cursor < 0;
      if (cursor.hidden) return;
      const { x, width } = place(state.cursor);
      cursor.style.left = x + 'px';
      cursor.style.top = rowTop(tree.depth[state.cursor]) + 'px';
      cursor.style.width = Math.max(3, Math.min(width, viewWidth() - x)) + 'px';
    }

    // -- what people do

    function focus(id) {
      if (!(id >= 0 && id < tree.count)) return;
      state.cursor = id;
      const y = rowTop(tree.depth[id]);
      if (y < scroll.scrollTop) scroll.scrollTop = y;
      if (y + ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = y + ROW - scroll.clientHeight;
      cursor.setAttribute('aria-level', tree.depth[id] + 1);
      cursor.setAttribute('aria-label', spoken(id));
      scroll.setAttribute('aria-activedescendant', cursor.id);
      live.textContent = spoken(id);
      placeCursor();
      const box = cursor.getBoundingClientRect();
      show(id, box.left, box.top);
      redraw();
    }

    function zoom(id) {
      if (!(id >= 0 && id < tree.count) || id === state.zoom) return;
      state.history.push(state.zoom);
      zoomed(id);
    }

    function zoomed(id) {
      state.zoom = id;
      backButton.disabled = state.history.length === 0;
      resetButton.disabled = id === 0 && !state.found;
      redraw();
    }

    function back() {
      if (state.history.length) zoomed(state.history.pop());
      else search(input.value = '');
    }

    function reset() {
      state.history = [];
      input.value = '';
      search('');
      zoomed(0);
    }

    function flip() {
      state.rootBelow = !state.rootBelow;
      flipButton.setAttribute('aria-pressed', String(state.rootBelow));
      scroll.scrollTop = state.rootBelow ? scroll.scrollHeight : 0;
      redraw();
    }

    function search(text) {
      let regex = null;
      input.removeAttribute('aria-invalid');
      try {
        regex = text === '' ? null : new RegExp(text, 'u');
      } catch (error) {
        input.setAttribute('aria-invalid', 'true');
        matched.textContent = 'not a regular expression';
        return;
      }
      state.found = regex && tree.strings.map((name) => regex.test(name));
      matched.textContent = regex ? summary() : '';
      resetButton.disabled = state.zoom === 0 && !regex;
      redraw();
    }

    // What matches, each stack counted once: what is below a match is part of it.
    function summary() {
      let value = 0, frames = 0, inside = -1;
      for (let id = 0; id < tree.count; id++) {
        if (!state.found[tree.name[id]]) continue;
        frames++;
        if (id < inside) continue;
        value += tree.value[id];
        inside = tree.end[id];
      }
      return `matched ${percent(value, tree.whole)}: ${human(value, tree.unit)} in ${human(frames, '')} frames`;
    }

    function find(name) {
      const at = tree.strings.indexOf(name);
      return at < 0 ? -1 : tree.name.indexOf(at);
    }

    function sideways(id, step) {
      const depth = tree.depth[id];
      for (let at = id + step; at >= state.zoom && at < tree.end[state.zoom]; at += step) {
        if (tree.depth[at] === depth) return at;
      }
      return id;
    }

    function inward(id) {
      if (!isInZoom(id)) {
        let at = state.zoom;
        while (tree.parent[at] !== id) at = tree.parent[at];
        return at;
      }
      return id + 1 < tree.end[id] ? id + 1 : id;
    }

    function onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !tree.count) return;
      const at = state.cursor < 0 ? state.zoom : state.cursor;
      const outward = () => focus(Math.max(0, tree.parent[at]));
      const acts = {
        ArrowDown: () => state.rootBelow ? outward() : focus(inward(at)),
        ArrowUp: () => state.rootBelow ? focus(inward(at)) : outward(),
        ArrowRight: () => focus(sideways(at, 1)),
        ArrowLeft: () => focus(sideways(at, -1)),
        Home: () => focus(state.zoom),
        Enter: () => { zoom(at); focus(at); },
        ' ': () => { zoom(at); focus(at); },
        Escape: () => { back(); focus(at); },
        Backspace: () => { back(); focus(at); },
        '/': () => input.focus(),
      };
      if (!Object.hasOwn(acts, event.key)) return;
      event.preventDefault();
      acts[event.key]();
    }

    function onMove(event) {
      const box = scroll.getBoundingClientRect();
      const id = hit(event.clientX - box.left, event.clientY - box.top + scroll.scrollTop);
      scroll.style.cursor = id < 0 ? 'default' : 'pointer';
      show(id, event.clientX, event.clientY);
      return id;
    }

    function fillTable() {
      if (!details.open || details.querySelector('table')) return;
      const rows = functions(tree), table = make(details, 'table');
      const head = make(make(table, 'thead'), 'tr');
      for (const text of ['own', 'own %', 'with calls', 'with calls %', 'function']) make(head, 'th', '', text);
      const body = make(table, 'tbody');
      for (const row of rows.slice(0, TABLE_ROWS)) {
        const line = make(body, 'tr');
        for (const value of [row.own, row.all]) {
          make(line, 'td', '', human(value, tree.unit)).title = exact(value, tree.unit);
          make(line, 'td', '', percent(value, tree.whole));
        }
        const name = make(make(line, 'td'), 'button', 'fv-name', tree.strings[row.name]);
        name.addEventListener('click', () => {
          input.value = '^' + tree.strings[row.name].replace(/[\\^$.*+?()[\]{}|\/]/g, '\\$&') + '$';
          search(input.value);
        }, { signal });
      }
      if (rows.length > TABLE_ROWS) make(details, 'p', '', `${human(rows.length - TABLE_ROWS, '')} more functions are not listed.`);
    }

    const on = (target, type, act) => target.addEventListener(type, act, { signal });
    on(scroll, 'keydown', onKey);
    on(scroll, 'scroll', () => { tip.hidden = true; redraw(); });
    on(scroll, 'mousemove', onMove);
    on(scroll, 'mouseleave', () => show(-1));
    on(scroll, 'click', (event) => {
      const id = onMove(event);
      if (id >= 0) {
        zoom(id);
        state.cursor = id;
        cursor.setAttribute('aria-label', spoken(id));
      }
    });
    on(scroll, 'focus', () => { if (scroll.matches(':focus-visible')) focus(state.cursor < 0 ? state.zoom : state.cursor); });
    on(scroll, 'blur', () => show(-1));
    on(input, 'input', () => search(input.value));
    on(input, 'keydown', (event) => {
      if (event.key === 'Escape') { input.value = ''; search(''); scroll.focus(); }
      if (event.key === 'Enter') scroll.focus();
    });
    on(details, 'toggle', fillTable);
    on(scheme, 'change', () => { colors = []; redraw(); });
    const resized = new ResizeObserver(redraw);
    resized.observe(scroll);

    space.style.height = tree.levels * ROW + 'px';
    canvas.style.marginBottom = '0';
    zoomed(0);
    draw();

    function destroy() {
      listeners.abort();
      resized.disconnect();
      if (frame) cancelAnimationFrame(frame);
      element.textContent = '';
    }

    return { find, focus, zoom, back, reset, search, flip, destroy };
  }

  global.flameView = flameView;
})(window);
