import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ManagedProcess, type ProcessFolder, waitUntil } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { environment, programs } from '../../support/run-program.ts';

export interface CentralStart {
  readonly folder: ProcessFolder;
  readonly name: string;
  /** The folder's own unless told. */
  readonly dataDir?: string;
  /** REST, agents, health. */
  readonly ports: readonly number[];
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts central as a process and waits until it serves. */
export async function startCentral(start: CentralStart): Promise<ManagedProcess> {
  const { folder, name, dataDir = folder.path, ports, flags = [], env = {} } = start;
  const [rest, agents, health] = ports;
  const central = folder.start({
    name,
    program: process.execPath,
    args: [
      programs.central,
      `--data-dir=${dataDir}`,
      `--listen=127.0.0.1:${rest}`,
      `--agent-listen=127.0.0.1:${agents}`,
      `--health-listen=127.0.0.1:${health}`,
      ...flags,
    ],
    environment: { ...environment, ...env },
  });
  await waitUntil({
    what: `${name} was ready`,
    process: central,
    deadline: performance.now() + 120_000,
    probe: async () => {
      const signal = AbortSignal.timeout(2_000);
      const answer = await fetch(`http://127.0.0.1:${health}/readyz`, { signal });
      if (answer.status !== 200) throw new Error(await answer.text());
      return true;
    },
  });
  return central;
}

/** The token that the first start of central leaves in the folder, a moment after it serves. Secret. */
export async function firstAdminToken(folder: Pick<ProcessFolder, 'path'>): Promise<string> {
  const file = join(folder.path, 'central', 'first-admin.token');
  const what = 'the first admin token';
  return (await eventually(() => readFile(file, 'utf8'), { withinMs: 30_000, what })).trim();
}
