import { parseArgs } from 'node:util';
import { processEnvironment } from '@ambit/config';
import { printable } from '@ambit/kernel';
import { writeOutput } from './exec-credential.ts';
import type { Wanted } from './kept-credential.ts';
import { giveCredential } from './give-credential.ts';

/**
 * `ambit credential`, as kubectl starts it for every command of a person: a program of its own, which is loaded to run and loads next
 * to nothing while a credential is kept. Leaves the exit code behind; a failure goes to standard error alone.
 */
async function main(): Promise<void> {
  try {
    const wanted = wantedOf(process.argv.slice(3));
    writeOutput(await given(wanted));
  } catch (error) {
    const { tellFailure } = await import('./tell-failure.ts');
    process.exitCode = tellFailure(error, process.stderr);
  }
}

/** Whose session is over signs in, where there is somebody to ask, and goes on. */
async function given(wanted: Wanted): Promise<string> {
  const env = processEnvironment();
  try {
    return await giveCredential(wanted, env, say);
  } catch (error) {
    const { runAmbit, signInAgain } = await import('./sign-in-again.ts');
    const run = runAmbit(process.argv[1] ?? '');
    const terminal = { env, say, run, seen: process.stderr.isTTY };
    if (!(await signInAgain(error, wanted.server, terminal))) throw error;
    return giveCredential(wanted, env, say);
  }
}

function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

function wantedOf(args: string[]): Wanted {
  const text = { type: 'string' } as const;
  const { server = '', cluster = '' } = parseArgs({
    args,
    options: { server: text, cluster: text },
  }).values;
  return { server, cluster };
}

await main();
