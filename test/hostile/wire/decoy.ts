import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { centralName, createCa, loadCa } from '@ambit/transport';
import type { Target } from './raw-session.ts';

const program = fileURLToPath(new URL('./decoy-server.ts', import.meta.url));

/** A server that is not central, for attackers to spend themselves on while nobody attacks central. */
export interface Decoy {
  readonly target: Target;
  stop(): void;
}

export async function startDecoy(): Promise<Decoy> {
  const now = Date.now();
  const ca = await loadCa(await createCa({ name: 'decoy', now }));
  const child = fork(program, { execArgv: ['--no-warnings'] });
  child.send(await ca.issueServer([centralName], now));
  const [port] = (await once(child, 'message')) as [number];
  return { target: { port, ca: ca.certificatePem }, stop: () => child.kill() };
}
