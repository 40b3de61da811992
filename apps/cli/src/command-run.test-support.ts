import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly finished: Promise<Finished>;
}

const entry = fileURLToPath(new URL('./run.test-support.ts', import.meta.url));

const plugin = fileURLToPath(new URL('./credential/main.ts', import.meta.url));

/** The words that start the command from source, or the plugin that is a program of its own. */
export function commandLine(args: readonly string[]): string[] {
  const program = args[0] === 'credential' ? plugin : entry;
  return [process.execPath, '--conditions=@ambit/source', '--no-warnings', program, ...args];
}

/** Starts the command as a process of its own, from source, with these variables and no others of ours. */
export function startCommand(
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly input?: string;
    /** A file descriptor that takes the place of standard output; nothing is gathered from it then. */
    readonly output?: number;
  },
): Running {
  const [program = '', ...words] = commandLine(args);
  const child = spawn(program, words, {
    env: { HOME: '/nonexistent', ...options.env },
    stdio: ['pipe', options.output ?? 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  child.stdin?.end(options.input ?? '');
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, out: () => out, err: () => err, finished };
}
