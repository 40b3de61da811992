import { printable, printableLines } from '@ambit/kernel';
import type { RawOutput, RawTerminal } from '../terminal.ts';
import { paint, type Painted } from './paint.ts';

/** What a command writes to. Whatever the text holds and wherever it came from, nothing in it reaches the terminal unescaped. */
export interface Output {
  readonly isTerminal: boolean;
  readonly columns: number;
  /** One line; a line feed within is escaped, so that a name cannot pretend to be a line of ours. */
  line(...parts: readonly (string | Painted)[]): void;
  /** Text of several lines, such as a table or JSON. Its line feeds are ours: values in it are escaped where it is made. */
  write(text: string): void;
  /** Replaces the last line, where a person looks on; nothing clears it. */
  progress(text: string): void;
}

/** What a command sees of the terminal. Results go to `out`; progress, prompts, hints and errors to `err`. */
export interface Terminal extends Pick<RawTerminal, 'inputIsTerminal' | 'readInput' | 'ask'> {
  readonly out: Output;
  readonly err: Output;
}

/** The one place where this program writes to the streams of its process. */
export function screenOf(raw: RawTerminal, { colour }: { readonly colour: boolean }): Terminal {
  return {
    out: outputOf(raw.out, colour),
    err: outputOf(raw.err, colour),
    inputIsTerminal: raw.inputIsTerminal,
    readInput: () => raw.readInput(),
    ask: (question) => raw.ask(printableLines(question)),
  };
}

function outputOf(raw: RawOutput, wanted: boolean): Output {
  const colour = wanted && raw.colour;
  const shown = (part: string | Painted): string =>
    typeof part === 'string' ? printable(part) : paint(printable(part.text), part.colour, colour);
  return {
    isTerminal: raw.isTerminal,
    columns: raw.columns,
    line: (...parts) => raw.write(`${parts.map(shown).join('')}\n`),
    write: (text) => raw.write(printableLines(text)),
    progress: (text) => raw.write(`\r\u001b[K${printable(text)}`),
  };
}
