import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const bin = (app: string, name: string): string =>
  fileURLToPath(new URL(`../../apps/${app}/bin/${name}.js`, import.meta.url));

/** The programs as a user starts them. */
export const programs = {
  central: bin('central', 'ambit-central'),
  agent: bin('agent', 'ambit-agent'),
  cli: bin('cli', 'ambit'),
} as const;

/** What programs of ours are started with: nothing of the settings in this shell. */
export const environment = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** A variable that is undefined is taken away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The account that runs it; only root may choose another. */
  readonly uid?: number;
}

/** Runs one of our programs to its end. */
export function runProgram(
  program: keyof typeof programs,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  const env = { ...environment, ...options.env };
  const account = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [programs[program], ...args],
      { env, timeout: 60_000, maxBuffer: 16 * 1024 * 1024, ...account },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode: code, stdout, stderr });
      },
    );
    child.stdin?.end(options.input ?? '');
  });
}

/** What the agent prints for the owner of a cluster with this ceiling. */
export async function printed(
  command: 'print-rbac' | 'print-policy',
  ceilingFile: string,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram('agent', [
    command,
    '--ceiling',
    ceilingFile,
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}
