import { runCommandLine } from './command-line.ts';
import type { RawTerminal } from './terminal.ts';

export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CapturedOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Answers of the person at the terminal; without them nobody is there. */
  readonly answers?: readonly string[];
  readonly signal?: AbortSignal;
  readonly colour?: boolean;
  readonly onWrite?: (text: string) => void;
}

/** Runs one command line in this process and keeps what it wrote. */
export async function runCaptured(
  args: readonly string[],
  options: CapturedOptions,
): Promise<Captured> {
  const written = { out: '', err: '' };
  const answers = [...(options.answers ?? [])];
  const person = options.answers !== undefined;
  const output = (stream: 'out' | 'err') => ({
    write: (text: string) => {
      written[stream] += text;
      options.onWrite?.(text);
    },
    isTerminal: person,
    columns: 80,
    colour: options.colour ?? false,
  });
  const terminal: RawTerminal = {
    out: output('out'),
    err: output('err'),
    inputIsTerminal: person,
    readInput: async () => options.input ?? '',
    ask: async (question) => {
      written.err += question;
      return answers.shift() ?? '';
    },
  };
  const signal = options.signal ?? new AbortController().signal;
  const code = await runCommandLine(args, { env: options.env, terminal, signal, now: Date.now });
  return { code, ...written };
}
