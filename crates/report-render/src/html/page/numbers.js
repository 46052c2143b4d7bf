// Values as people read them; the same rules as units.rs.

const TIME = [['ns', 1], ['µs', 1e3], ['ms', 1e6], ['s', 1e9], ['min', 6e10], ['h', 3.6e12], ['d', 8.64e13]];
const SIZE = [['B', 1], ['KiB', 2 ** 10], ['MiB', 2 ** 20], ['GiB', 2 ** 30], ['TiB', 2 ** 40], ['PiB', 2 ** 50]];
const UNITS = {
  // The data has units by the name that profile-model's table gives them.
  nanoseconds: [TIME, 1], microseconds: [TIME, 1e3], milliseconds: [TIME, 1e6], seconds: [TIME, 1e9],
  minutes: [TIME, 6e10], hours: [TIME, 3.6e12], days: [TIME, 8.64e13],
  bytes: [SIZE, 1], kilobytes: [SIZE, 2 ** 10], megabytes: [SIZE, 2 ** 20], gigabytes: [SIZE, 2 ** 30],
  terabytes: [SIZE, 2 ** 40], petabytes: [SIZE, 2 ** 50],
};

export function grouped(value) {
  const size = Math.abs(value);
  const text = Number.isInteger(value) ? String(value) : size < 1 ? String(Number(value.toPrecision(2))) : value.toFixed(size < 10 ? 2 : 1);
  const [whole, part] = text.split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? '.' + part : '');
}

export function human(value, unit) {
  const known = Object.hasOwn(UNITS, unit) ? UNITS[unit] : null;
  if (!known) return unit === '' || unit === 'count' ? grouped(value) : grouped(value) + ' ' + unit;
  const [scale, factor] = known;
  const size = Math.abs(value * factor);
  const fits = ([name, least]) => size >= (name === 'min' ? Math.max(least, 12e10) : least);
  const [name, least] = scale.findLast(fits) || scale[0];
  const scaled = value * factor / least, shown = Math.abs(scaled);
  const digits = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;
  return String(Number(scaled.toFixed(digits))) + ' ' + name;
}

export const signed = (value, unit) => (value > 0 ? '+' : '') + human(value, unit).replace('-', '−');

export function percent(part, whole) {
  const share = whole === 0 ? 0 : part / whole * 100, size = Math.abs(share);
  if (size === 0) return '0 %';
  if (size < 0.01) return (share < 0 ? '> -' : '< ') + '0.01 %';
  return share.toFixed(size < 1 ? 2 : 1) + ' %';
}

// The difference of two shares, in points.
export function points(difference) {
  const value = difference * 100, size = Math.abs(value);
  if (size < 0.005) return '0 pp';
  return (value > 0 ? '+' : '−') + size.toFixed(size < 1 ? 2 : 1) + ' pp';
}

// ---- times: UTC unless the reader asked for their own zone -----------------------------------

export function clock(millis, zone, withDate = true, withSeconds = true) {
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (withSeconds) options.second = '2-digit';
  if (withDate) Object.assign(options, { year: 'numeric', month: '2-digit', day: '2-digit' });
  if (zone !== 'local') options.timeZone = 'UTC';
  return new Intl.DateTimeFormat('sv-SE', options).format(millis);
}

export const zoneName = (zone) => zone === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : 'UTC';

// What was typed, with its zone said: a time without one is of the zone that is shown.
export function withZone(text, zone) {
  const found = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?$/.exec(text.trim());
  if (!found) return text.trim();
  const time = found[2] || '00:00';
  const whole = found[1] + 'T' + (time.length === 5 ? time + ':00' : time);
  return zone === 'local' ? new Date(whole).toISOString() : whole + 'Z';
}

export const iso = (millis) => new Date(Math.round(millis)).toISOString().replace('.000Z', 'Z');

export function span(millis) {
  const units = [['d', 864e5], ['h', 36e5], ['min', 6e4], ['s', 1e3]];
  const parts = [];
  let rest = Math.round(millis / 1000) * 1000;
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(count + ' ' + name);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
