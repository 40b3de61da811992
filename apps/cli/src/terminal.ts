import type { Environment } from '@ambit/config';
import { text as readAll } from 'node:stream/consumers';

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
  readInput(): Promise<string>;
  /** Asks a person; `hidden` shows nothing of what is typed. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
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

/** The terminal of this process. */
export function processTerminal(env: Environment): RawTerminal {
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
