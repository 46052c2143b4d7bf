// Names as they may be shown: harmless, and as short as the room needs.
import { GROUP, labelOf } from './profile.js';

// Would change the order of what stands beside them.
const REORDERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const plain = (text) => text.replace(REORDERING, '\ufffd');

// The forms of a frame's label, the longest first.
export function formsOf({ raw, by }, frame) {
  if (by !== 'function' || frame < 0 || raw.f_kind[frame] === GROUP) return shorterPaths(plain(labelOf(raw, by, frame)));
  raw.safe ||= [];
  return raw.safe[raw.f_name[frame]] ||= raw.names[raw.f_name[frame]].map(plain);
}

function shorterPaths(text) {
  const forms = [text];
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) if (at + 1 < text.length) forms.push(text.slice(at + 1));
  return forms;
}
