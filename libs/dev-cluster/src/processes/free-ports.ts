import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';

/** Systems give the ports above to connections that programs open: none below is lost to one of those. */
const range = { first: 20_000, end: 32_768 };
const mostTries = 100;

/**
 * Ports of loopback that were free a moment ago, all different. Only another program that listens can take one: whoever
 * binds it must be ready for that.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  while (servers.length < count) servers.push(await listenOnFreePort(createServer()));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** The server, listening on a free port of loopback. Rejects when a hundred ports cannot be bound. */
export async function listenOnFreePort(server: Server): Promise<Server> {
  for (let tries = 1; ; tries++) {
    try {
      await once(server.listen(randomInt(range.first, range.end), '127.0.0.1'), 'listening');
      return server;
    } catch (error) {
      if (tries === mostTries) throw error;
    }
  }
}
