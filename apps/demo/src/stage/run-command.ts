import { execFile } from 'node:child_process';
import type { Environment } from '@ambit/config';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunCommand {
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

const withinMs = 60_000;

/** Runs a program to its end. A failure is a result; being called off is an error. */
export function runCommand(
  program: string,
  args: readonly string[],
  { environment, signal }: RunCommand,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...environment }, signal, timeout: withinMs };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      return resolve({ exitCode, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}

/** What a command that has to work prints. */
export async function printedBy(
  program: string,
  args: readonly string[],
  options: RunCommand,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(program, args, options);
  if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
}
