import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const simpleQuery = 0x51;
const execute = 0x45;
const headerBytes = 5;

/** A way to a PostgreSQL server on which each statement that is executed is counted, whoever sends it. */
export class StatementCount {
  statements = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      let unread: Buffer = Buffer.alloc(0);
      let started = false;
      client.on('data', (bytes: Buffer) => {
        unread = Buffer.concat([unread, bytes]);
        // The first message has no type.
        for (let end = endOf(unread, started); end <= unread.length; end = endOf(unread, started)) {
          if (started && [simpleQuery, execute].includes(unread[0] ?? 0)) this.statements++;
          started = true;
          unread = unread.subarray(end);
        }
        server.write(bytes);
      });
      server.pipe(client);
      for (const socket of [client, server]) {
        this.#open.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          client.destroy();
          server.destroy();
        });
      }
    });
  }

  static async before(url: string): Promise<{ count: StatementCount; url: string }> {
    const count = new StatementCount(new URL(url));
    const changed = new URL(url);
    await new Promise<void>((resolve) => count.#server.listen(0, '127.0.0.1', resolve));
    changed.hostname = '127.0.0.1';
    changed.port = String((count.#server.address() as AddressInfo).port);
    return { count, url: changed.href };
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
  }
}

/** Where the first message ends; beyond all bytes when it is not whole. */
function endOf(bytes: Buffer, typed: boolean): number {
  const header = typed ? headerBytes : headerBytes - 1;
  if (bytes.length < header) return Infinity;
  return (typed ? 1 : 0) + bytes.readUInt32BE(typed ? 1 : 0);
}
