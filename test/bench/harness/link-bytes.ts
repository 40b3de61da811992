import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A way to a port of this machine on which bytes are counted, encrypted or not. */
export class LinkBytes {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #up = 0;
  #down = 0;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      near.on('data', (part: Buffer) => (this.#up += part.length));
      far.on('data', (part: Buffer) => (this.#down += part.length));
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from.setNoDelay(true));
        from.once('close', () => this.#open.delete(from));
        // Whatever ends one way ends the other.
        pipeline(from, to, () => undefined);
      }
    });
  }

  static async to(address: string): Promise<LinkBytes> {
    const link = new LinkBytes(Number(address.split(':')[1]));
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    return link;
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What callers sent so far. */
  get up(): number {
    return this.#up;
  }

  /** What callers were sent so far. */
  get down(): number {
    return this.#down;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
