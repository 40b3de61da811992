import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A port on loopback that is spoken for long before the program that is to listen there starts. */
export interface HeldPort {
  readonly port: number;
  /** To be called just before that program starts; a second time does nothing. */
  release(): Promise<void>;
}

/**
 * Takes a free port and keeps it. One that was only seen to be free is soon given to a connection that some other program opens:
 * on a busy machine within seconds.
 */
export async function holdPort(): Promise<HeldPort> {
  const server = createServer((socket) => socket.destroy());
  // Whoever forgets to release it can end all the same.
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
