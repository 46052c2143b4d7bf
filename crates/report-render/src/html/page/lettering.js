// The text of a box: the longest form of its name that has room.

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
// Where a name has no room, smaller letters come before fewer ones.
const SIZES = [12, 10];
const FONTS = SIZES.map((size) => `${size}px ${FAMILY}`);
// What is less says nothing.
const LEAST_LETTERS = 3;
// How many widths are remembered.
const MOST_WIDTHS = 200000;

export class Lettering {
  constructor() {
    this.widths = new Map();
  }

  // For a picture that is drawn anew on a context.
  begin(context) {
    this.context = context;
    this.font = -1;
    this.use(0);
    context.textBaseline = 'middle';
  }

  use(font) {
    if (this.font === font) return;
    this.font = font;
    this.context.font = FONTS[font];
  }

  measure(text, font) {
    let width = this.widths.get(text);
    if (width === undefined) {
      this.use(0);
      width = this.context.measureText(text).width;
      if (this.widths.size > MOST_WIDTHS) this.widths.clear();
      this.widths.set(text, width);
    }
    return width * SIZES[font] / SIZES[0];
  }

  // What of a name is written into so much room, with a mark before it if that fits, too; the font is set for it. Empty if
  // nothing would say anything.
  fit(forms, mark, room) {
    for (const form of forms) if (this.measure(mark + form, 0) <= room) return this.taken(mark + form, 0);
    const shortest = forms[forms.length - 1];
    for (const text of [mark + shortest, shortest]) if (this.measure(text, 1) <= room) return this.taken(text, 1);
    let letters = Math.floor(shortest.length * room / this.measure(shortest, 1));
    while (letters >= LEAST_LETTERS && this.measure(shortest.slice(0, letters) + '…', 1) > room) letters--;
    return letters < LEAST_LETTERS ? '' : this.taken(shortest.slice(0, letters) + '…', 1);
  }

  taken(text, font) {
    this.use(font);
    return text;
  }
}
