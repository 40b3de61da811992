import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a port of this machine that breaks as networks do. */
export interface ShakyLink {
  readonly port: number;
  /** Connections made so far. */
  readonly dialled: number;
  /** From now on nothing gets through in either direction, and nobody is told; new connections are taken and say nothing. */
  hang(): void;
  /** What hung goes on. */
  release(): void;
  /** Ends every connection of now with a reset. */
  reset(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Leads from a port of its own to `port` on loopback. */
export async function startShakyLink(port: number): Promise<ShakyLink> {
  const pairs = new Set<Pair>();
  let hangs = false;
  let dialled = 0;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    dialled++;
    const far = connect(port, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => void to.write(bytes));
      from.on('end', () => to.end());
      from.on('error', () => undefined);
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
    if (hangs) pause(pair);
    else resume(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get dialled() {
      return dialled;
    },
    hang: () => {
      hangs = true;
      for (const pair of pairs) pause(pair);
    },
    release: () => {
      hangs = false;
      for (const pair of pairs) resume(pair);
    },
    reset: () => {
      for (const { near, far } of pairs) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    },
    close: async () => {
      for (const { near } of pairs) near.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pause({ near, far }: Pair): void {
  near.pause();
  far.pause();
}

function resume({ near, far }: Pair): void {
  near.resume();
  far.resume();
}
