import { spawn } from 'node:child_process';

export interface ToolOptions {
  readonly cwd?: string;
  /** All of it: nothing is inherited. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with everything it says, as it says it. */
  readonly onOutput?: (text: string) => void;
  /** Milliseconds; what takes longer is ended. */
  readonly withinMs: number;
}

/** Runs a program to its end and gives what it printed. Throws with the last lines of what it said when it fails. */
export function runTool(
  program: string,
  args: readonly string[],
  { cwd, env, onOutput, withinMs }: ToolOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: withinMs,
    });
    let printed = '';
    let said = '';
    const take = (text: string): void => {
      said = (said + text).slice(-4_000);
      onOutput?.(text);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      take(text);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new Error(failure(`${program} ${args.join(' ')}`, signal ?? code, said)));
    });
  });
}

const failure = (command: string, how: string | number | null, said: string): string =>
  `"${command}" ended with ${how}:\n${said.trimEnd().split('\n').slice(-25).join('\n')}`;
