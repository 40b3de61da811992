import type { Environment } from '@ambit/config';
import { text as readAll } from 'node:stream/consumers';

/** One output stream: where it goes, whether a person looks at it, and whether colours make sense. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly colour: boolean;
}

/** What a command sees of the terminal. Results go to `out`; progress, prompts, hints and errors to `err`. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  readonly inputIsTerminal: boolean;
  readInput(): Promise<string>;
  /** Asks a person; `hidden` shows nothing of what is typed. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
}

type Stream = NodeJS.WriteStream;

function output(stream: Stream, env: Environment): Output {
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

/** The terminal of this process. */
export function processTerminal(env: Environment): Terminal {
  return {
    out: output(process.stdout, env),
    err: output(process.stderr, env),
    inputIsTerminal: process.stdin.isTTY,
    readInput: () => readAll(process.stdin),
    ask: async (question, options) => {
      const { askPerson } = await import('./ask-person.ts');
      return askPerson(question, options?.hidden ?? false);
    },
  };
}
