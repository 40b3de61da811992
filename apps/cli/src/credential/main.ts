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
    writeOutput(await giveCredential(wanted, processEnvironment(), say));
  } catch (error) {
    const { tellFailure } = await import('./tell-failure.ts');
    process.exitCode = tellFailure(error, process.stderr);
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
