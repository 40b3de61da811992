import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { house } from '../planted/house-copy.ts';

/** A service of `docker-compose.yml`, as far as tests start it. */
export interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

export const composePath = join(house, 'docker-compose.yml');

export async function readComposeFile(): Promise<ComposeFile> {
  return parse(await readFile(composePath, 'utf8'), { merge: true }) as ComposeFile;
}

/** What the image of central has of variables, by its Dockerfile. */
export async function imageVariables(): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(house, 'apps/central/Dockerfile'), 'utf8');
  const [, line = ''] = /^ENV (.+)$/m.exec(text) ?? [];
  const pairs = line.split(' ').map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(pairs.filter(([name]) => name.startsWith('AMBIT_')));
}

export interface Checked {
  readonly exitCode: number;
  readonly said: string;
}

const checker = join(house, 'test/compose/check');

/**
 * What Docker's own reader says of a compose file, built from its Go module. Undefined where it cannot be built: there is no Go, or
 * the module is not to be had.
 */
export async function checkCompose(path: string, into: string): Promise<Checked | undefined> {
  const program = join(into, 'compose-check');
  try {
    await promisify(execFile)('go', ['build', '-o', program, '.'], {
      cwd: checker,
      timeout: 600_000,
    });
  } catch (error) {
    console.log(`the compose file is not checked: ${String(error).split('\n')[0]}`);
    return undefined;
  }
  return new Promise((resolve) => {
    execFile(program, [path], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : 1, said: stderr || stdout }),
    );
  });
}
