import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Where what a step says goes. */
export interface Speech {
  /** For the processes of the step; undefined where they say it themselves. */
  readonly output: number | undefined;
  line(text: string): void;
  /** Says what has been held back so far, once; what comes after it is lost. */
  tell(): void;
}

/** Of a step that runs alone: heard as it comes. */
export const aloud: Speech = {
  output: undefined,
  line: (text) => console.log(text),
  tell: () => undefined,
};

/** Of one that runs beside others: held back in `file` until it is told in one piece, that it can be read. */
export function heldBack(file: string): Speech {
  const output = openSync(file, 'a');
  let told = false;
  return {
    output,
    line: (text) => void writeSync(output, `${text}\n`),
    tell() {
      if (told) return;
      told = true;
      closeSync(output);
      console.log(readFileSync(file, 'utf8').trimEnd());
    },
  };
}
