const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

/** The text in a colour, or as it is when colours make no sense. */
export function paint(text: string, colour: keyof typeof codes, enabled: boolean): string {
  return enabled ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}
