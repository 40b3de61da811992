/** Ends of lines to some readers of YAML, so that what follows would stand outside of the text; and what nobody sees. */
const unseen = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text as a literal of CEL: what JSON escapes, CEL reads the same way. */
export function celText(text: string): string {
  return JSON.stringify(text).replace(unseen, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** A list of texts as a literal of CEL. */
export function celTexts(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`;
}
