/** The text as a literal of CEL: what JSON escapes, CEL reads the same way. */
export function celText(text: string): string {
  return JSON.stringify(text);
}

/** A list of texts as a literal of CEL. */
export function celTexts(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`;
}
