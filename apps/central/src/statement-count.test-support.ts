import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const headerBytes = 5;

/** Texts of the statements that one client executes, told as its messages come. */
class Executed {
  readonly #prepared = new Map<string, string>();
  #bound = '';

  /** The text when the message executes one. Its form: PostgreSQL, 54.7 "Message Formats". */
  read(message: Buffer): string | undefined {
    const [first = '', second = ''] = message.toString('latin1', headerBytes).split('\0', 2);
    switch (String.fromCharCode(message[0] ?? 0)) {
      case 'Q':
        return first;
      case 'P':
        this.#prepared.set(first, second);
        return undefined;
      case 'B':
        this.#bound = this.#prepared.get(second) ?? '';
        return undefined;
      case 'E':
        return this.#bound;
      default:
        return undefined;
    }
  }
}

/** A way to a PostgreSQL server on which each statement that is executed is counted, whoever sends it. */
export class StatementCount {
  statements = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(target: URL, ignored: RegExp | undefined) {
    this.#server = createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      let unread: Buffer = Buffer.alloc(0);
      let started = false;
      const executed = new Executed();
      client.on('data', (bytes: Buffer) => {
        unread = Buffer.concat([unread, bytes]);
        // The first message has no type.
        for (let end = endOf(unread, started); end <= unread.length; end = endOf(unread, started)) {
          const text = started ? executed.read(unread.subarray(0, end)) : undefined;
          if (text !== undefined && ignored?.test(text) !== true) this.statements++;
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

  /** `ignored`: texts that are not counted, of what comes and goes beside the work. */
  static async before(
    url: string,
    ignored?: RegExp,
  ): Promise<{ count: StatementCount; url: string }> {
    const count = new StatementCount(new URL(url), ignored);
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
