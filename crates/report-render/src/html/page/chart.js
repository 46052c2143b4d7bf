// The values over the range, with the spans that are looked at: one, or two that are compared.
import { makeSvg } from './dom.js';
import { clock, human, percent } from './numbers.js';

const HEIGHT = 92, TOP = 6, FOOT = 16, EDGE = 6;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800].map((seconds) => seconds * 1000);

export class Chart {
  // `picked(side, start, end)` is called with what somebody drew: side 0 is what is looked at, 1 what was before.
  constructor(element, picked) {
    this.element = element;
    this.picked = picked;
    this.svg = makeSvg(element, 'svg', { class: 'chart', height: String(HEIGHT), role: 'img', 'aria-label': 'Values over time' });
    this.data = null;
    new ResizeObserver(() => this.draw()).observe(element);
    this.svg.addEventListener('pointerdown', (event) => this.down(event));
  }

  // `data` has series, range [start, end], bands, unit, zone and, for the function that is chosen, `line`.
  show(data) {
    this.data = data;
    this.draw();
  }

  x(time) {
    const [start, end] = this.data.range;
    return (time - start) / Math.max(1, end - start) * this.width;
  }

  time(x) {
    const [start, end] = this.data.range;
    return start + Math.min(1, Math.max(0, x / this.width)) * (end - start);
  }

  draw() {
    const { svg, data } = this;
    const style = getComputedStyle(this.element);
    this.width = Math.max(1, this.element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
    svg.setAttribute('width', String(this.width));
    svg.replaceChildren();
    if (!data) return;
    const bottom = HEIGHT - FOOT, room = bottom - TOP;
    const most = Math.max(...data.series.map(([, value]) => value), 0) || 1;
    const y = (value) => bottom - value / most * room;
    const edge = (data.range[1] - data.range[0]) / 100;
    const isPart = ([start, end]) => start > data.range[0] + edge || end < data.range[1] - edge;
    for (const [side, band] of data.bands.entries()) if (band && (data.bands[1] || isPart(band))) this.band(side, band, bottom);
    this.axis(bottom);
    const step = data.step || 1;
    if (data.series.length) {
      let area = '', line = '';
      const wide = Math.max(1, this.x(data.range[0] + step));
      for (const [time, value] of data.series) {
        const from = this.x(time), top = y(Math.max(0, value));
        area += `M${from.toFixed(1)} ${bottom}V${top.toFixed(1)}h${Math.max(0.8, wide - (wide > 4 ? 1 : 0)).toFixed(1)}V${bottom}z`;
      }
      makeSvg(svg, 'path', { class: 'chart-area', d: area });
      if (data.line) {
        const steps = data.line.map(([time, share]) => [this.x(time), share === null ? null : bottom - share / Math.max(data.lineMost, 1e-9) * room]);
        let open = false;
        for (const [x, height] of steps) {
          if (height === null) { open = false; continue; }
          line += `${open ? 'L' : 'M'}${x.toFixed(1)} ${height.toFixed(1)}`;
          open = true;
        }
        makeSvg(svg, 'path', { class: 'chart-line', d: line });
        makeSvg(svg, 'text', { class: 'chart-line-most', x: String(this.width - 4), y: '14', 'text-anchor': 'end' }, `${percent(data.lineMost, 1)} ${data.lineName}`);
      }
      if (data.asking) makeSvg(svg, 'text', { class: 'chart-line-most', x: String(this.width - 4), y: '14', 'text-anchor': 'end' }, data.asking);
    } else makeSvg(svg, 'text', { class: 'chart-tick', x: String(this.width / 2), y: String(HEIGHT / 2), 'text-anchor': 'middle' }, data.words || 'no values over time');
    if (data.series.length) makeSvg(svg, 'text', { class: 'chart-most', x: '4', y: '14' }, `${data.kind || ''} up to ${human(most, data.unit)}${data.perSecond ? '/s' : ''}`);
  }

  band(side, [start, end], bottom) {
    const from = Math.max(0, this.x(start)), to = Math.min(this.width, this.x(end));
    makeSvg(this.svg, 'rect', { class: `chart-band side-${side}`, x: from.toFixed(1), y: '0', width: Math.max(2, to - from).toFixed(1), height: String(bottom) });
    if (this.data.bands[1]) makeSvg(this.svg, 'text', { class: `chart-band-name side-${side}`, x: (to - 5).toFixed(1), y: '14', 'text-anchor': 'end' }, side ? 'before' : 'after');
  }

  axis(bottom) {
    const [start, end] = this.data.range;
    const step = STEPS.find((size) => (end - start) / size <= this.width / 110) || STEPS[STEPS.length - 1];
    const isDays = end - start > 864e5;
    makeSvg(this.svg, 'path', { class: 'chart-axis', d: `M0 ${bottom + 0.5}H${this.width}` });
    const shift = this.data.zone === 'local' ? new Date(start).getTimezoneOffset() * 6e4 : 0;
    for (let time = Math.ceil((start - shift) / step) * step + shift; time <= end; time += step) {
      const x = this.x(time);
      if (x > this.width - 30 || x < 20) continue;
      const text = step >= 864e5 ? clock(time, this.data.zone).slice(5, 10) : clock(time, this.data.zone, isDays, step < 6e4).slice(isDays ? 5 : 0);
      makeSvg(this.svg, 'path', { class: 'chart-grid', d: `M${x.toFixed(1)} ${bottom}v4` });
      makeSvg(this.svg, 'text', { class: 'chart-tick', x: x.toFixed(1), y: String(bottom + 13), 'text-anchor': 'middle' }, text);
    }
  }

  // Draws a span, moves one, or pulls one of its ends.
  down(event) {
    if (!this.data || event.button !== 0) return;
    const left = this.svg.getBoundingClientRect().left, from = event.clientX - left;
    const grip = this.grip(from);
    this.svg.setPointerCapture(event.pointerId);
    let spanned = null;
    const move = (moved) => {
      const to = moved.clientX - left;
      if (Math.abs(to - from) < 3 && !spanned) return;
      const [a, b] = grip.span(from, to).map((x) => this.time(x));
      spanned = [Math.min(a, b), Math.max(a, b)];
      this.data.bands[grip.side] = spanned;
      this.draw();
    };
    const up = () => {
      this.svg.removeEventListener('pointermove', move);
      if (spanned && spanned[1] - spanned[0] >= 1) this.picked(grip.side, ...spanned);
    };
    this.svg.addEventListener('pointermove', move);
    this.svg.addEventListener('pointerup', up, { once: true });
    this.svg.addEventListener('pointercancel', () => this.svg.removeEventListener('pointermove', move), { once: true });
  }

  grip(x) {
    if (this.data.bands[1]) {
      for (const [side, band] of this.data.bands.entries()) {
        if (!band) continue;
        const [from, to] = band.map((time) => this.x(time));
        if (Math.abs(x - from) <= EDGE) return { side, span: (_, now) => [now, to] };
        if (Math.abs(x - to) <= EDGE) return { side, span: (_, now) => [from, now] };
        if (x > from && x < to) return { side, span: (then, now) => [from + now - then, to + now - then] };
      }
    }
    return { side: 0, span: (then, now) => [then, now] };
  }
}
