const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

export type Colour = keyof typeof codes;

/** A part of a line in a colour. */
export interface Painted {
  readonly text: string;
  readonly colour: Colour;
}

/** The text in a colour, or as it is when colours make no sense. */
export function paint(text: string, colour: Colour, enabled: boolean): string {
  return enabled ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}
