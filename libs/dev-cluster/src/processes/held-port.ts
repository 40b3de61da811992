import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { listenOnFreePort } from './free-ports.ts';

/** A port on loopback that is spoken for long before the program that is to listen there starts. */
export interface HeldPort {
  readonly port: number;
  /** To be called just before that program starts; a second time does nothing. */
  release(): Promise<void>;
}

/** Takes a free port and keeps it. */
export async function holdPort(): Promise<HeldPort> {
  const server = await listenOnFreePort(createServer((socket) => socket.destroy()));
  // Whoever forgets to release it can end all the same.
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
