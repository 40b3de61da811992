import { createServer } from 'node:net';
import { freePorts, holdPort, type HeldPort } from '@ambit/dev-cluster';
import { AppError } from '@ambit/kernel';
import type { DemoSettings } from '../demo-settings.ts';

export interface DemoPorts {
  readonly rest: number;
  readonly agents: number;
  readonly health: number;
  /** Where the agent of a cluster answers whose a token is: its API server is told of it before the agent starts. */
  readonly webhook: HeldPort;
}

/** The ports that were named, and free ones for the rest. Throws `address_in_use` for a named port that is taken. */
export async function claimPorts(settings: DemoSettings): Promise<DemoPorts> {
  const named = [
    ['--port', settings.port],
    ['--agent-port', settings.agentPort],
    ['--health-port', settings.healthPort],
  ] as const;
  for (const [flag, port] of named) {
    if (port !== undefined) await checkFree(flag, port);
  }
  const [rest = 0, agents = 0, health = 0] = await freePorts(3);
  return {
    webhook: await holdPort(),
    rest: settings.port ?? rest,
    agents: settings.agentPort ?? agents,
    health: settings.healthPort ?? health,
  };
}

function checkFree(flag: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(flag, port, error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}

function refusal(flag: string, port: number, error: NodeJS.ErrnoException): AppError {
  if (error.code === 'EACCES') {
    return new AppError('address_in_use', `Port ${port} may not be used by this account.`, {
      hint: `Give ${flag} a port above 1023, or leave it out to take a free one.`,
      cause: error,
    });
  }
  return new AppError('address_in_use', `Port ${port} is taken by another program.`, {
    hint: `Give ${flag} another port, or leave it out to take a free one.`,
    cause: error,
  });
}
