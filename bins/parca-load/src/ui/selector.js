// The text of a query: a profile type, and matchers in braces. The server parses it; here it is only put together.

// What stands before the braces, and the braces.
export function split(text) {
  const at = text.indexOf('{');
  return at < 0 ? { name: text.trim(), braces: '' } : { name: text.slice(0, at).trim(), braces: text.slice(at).trim() };
}

// As the parser takes it back, whatever is in it; the same rules as pql's.
export function quoted(text) {
  const escapes = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const code = (c, sign, digits) => '\\' + sign + c.charCodeAt(0).toString(16).padStart(digits, '0');
  const escaped = (c) => escapes[c] ?? (c.charCodeAt(0) < 0x80 ? code(c, 'x', 2) : code(c, 'u', 4));
  return '"' + text.replace(/["\\\u0000-\u001f\u007f-\u009f\ufffd]/g, escaped) + '"';
}

export function withName(text, name) {
  return name + split(text).braces;
}

export function withMatcher(text, label, operator, value) {
  const { name, braces } = split(text);
  const inside = braces.replace(/^\{/, '').replace(/\}$/, '').trim().replace(/,$/, '');
  const bare = /^[A-Za-z_][A-Za-z0-9_]*$/.test(label) ? label : quoted(label);
  const matcher = bare + operator + quoted(value);
  return name + '{' + (inside ? inside + ', ' : '') + matcher + '}';
}
