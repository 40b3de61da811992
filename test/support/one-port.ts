import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * One port of loopback before several, as a Service is before its pods: TCP goes through as it is, TLS included. Each connection
 * gets one of them in turn, and the next one when that refuses. Where nobody takes it, it is closed.
 */
export class OnePort {
  readonly #targets: readonly number[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  private constructor(targets: readonly number[]) {
    this.#targets = targets;
    this.#server = createServer({ pauseOnConnect: true }, (near) => {
      this.#keep(near);
      this.#pass(near, this.#turn++, targets.length);
    });
  }

  static async open(targets: readonly number[]): Promise<OnePort> {
    const port = new OnePort(targets);
    await new Promise<void>((resolve) => port.#server.listen(0, '127.0.0.1', resolve));
    return port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  #pass(near: Socket, turn: number, tries: number): void {
    const target = this.#targets[turn % this.#targets.length];
    if (tries === 0 || target === undefined) return void near.destroy();
    const far = connect(target, '127.0.0.1');
    this.#keep(far);
    const refused = (): void => this.#pass(near, turn + 1, tries - 1);
    far.once('error', refused);
    far.once('connect', () => {
      far.off('error', refused);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
      near.pipe(far).pipe(near);
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
