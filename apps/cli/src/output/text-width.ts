import stringWidth from 'string-width';

/** Columns that a text takes on a terminal: two for wide characters, none for those that combine. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

/** The text with spaces up to `width` columns; one that is wider stays. */
export function padText(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The text within `width` columns; one that is cut ends with "…", and no character is cut in two. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let [kept, used] = ['', 1];
  for (const { segment } of characters.segment(text)) {
    used += textWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}
