/**
 * What a terminal would act on or hide: control characters (C0, DEL, C1), marks of direction and other invisible
 * characters, separators of lines, and halves of characters.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The text on one line, with everything that a terminal would act on or hide made visible as `\uXXXX`. */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => (character === '\t' ? ' ' : escapeOf(character)));
}

/** As `printable` for a text of several lines: line feeds stay. */
export function printableLines(text: string): string {
  return text.replace(unsafe, (character) =>
    character === '\n' ? character : escapeOf(character),
  );
}

/** Escapes as JSON and double-quoted YAML read them back: UTF-16 units. */
function escapeOf(character: string): string {
  let escapes = '';
  for (let at = 0; at < character.length; at++) {
    escapes += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escapes;
}

/** True when the text holds something that `printableLines` would change. */
export function isUnprintable(text: string): boolean {
  return printableLines(text) !== text;
}
