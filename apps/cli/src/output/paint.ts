import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

/** A part of a line in a colour. */
export interface Painted {
  readonly text: string;
  readonly colour: Colour;
}

/** The text in a colour, or as it is when colours make no sense. */
export function paint(text: string, colour: Colour, enabled: boolean): string {
  // Whether colours make sense was decided by flags, variables and the stream; the platform does not ask again.
  return enabled ? styleText(colour, text, { validateStream: false }) : text;
}
