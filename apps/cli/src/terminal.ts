import { readStandardInput, type Environment } from '@ambit/config';
import { AppError } from '@ambit/kernel';

/** One output stream: where it goes, whether a person looks at it, and whether colours make sense. */
export interface RawOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly colour: boolean;
}

/** The streams of a process. What is written goes out as it is: commands get a `Terminal` instead. */
export interface RawTerminal {
  readonly out: RawOutput;
  readonly err: RawOutput;
  readonly inputIsTerminal: boolean;
  /** All of standard input, at most `maxInputBytes`. Throws `usage` when it is no text. */
  readInput(): Promise<string>;
  /** Asks a person for a line. */
  ask(question: string): Promise<string>;
}

type Stream = NodeJS.WriteStream;

function output(stream: Stream, env: Environment): RawOutput {
  const isTerminal = stream.isTTY;
  const forced = (env['FORCE_COLOR'] ?? '0') !== '0' && env['FORCE_COLOR'] !== '';
  const forbidden = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    columns: isTerminal ? Math.max(stream.columns, 40) : 80,
    colour: !forbidden && (isTerminal || forced),
  };
}

/** What is read at most of a file or of standard input; how much policy may be in one stands in `yaml-limits.ts`. */
export const maxInputBytes = 16 * 1024 * 1024;

async function readInput(): Promise<string> {
  const input = await readStandardInput({ maxBytes: maxInputBytes });
  if (input.ok) return input.text;
  throw new AppError('usage', 'cannot read standard input', { why: input.reason });
}

/** The terminal of this process. */
export function processTerminal(env: Environment): RawTerminal {
  return {
    out: output(process.stdout, env),
    err: output(process.stderr, env),
    inputIsTerminal: process.stdin.isTTY,
    readInput,
    ask: async (question) => {
      const { askPerson } = await import('./ask-person.ts');
      return askPerson(question);
    },
  };
}
