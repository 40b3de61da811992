import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Whether one of them is to get connections, as readiness says it; the number is its place among the targets. */
type Serves = (nth: number) => boolean;

/**
 * One port of loopback before several, as a Service is before its pods: TCP goes through as it is, TLS included. Each connection
 * gets one of those that serve in turn, and the next one when that refuses. Where nobody takes it, it is closed.
 */
export class OnePort {
  readonly #targets: readonly string[];
  readonly #serves: Serves;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  private constructor(targets: readonly string[], serves: Serves) {
    this.#targets = targets;
    this.#serves = serves;
    this.#server = createServer({ pauseOnConnect: true }, (near) => {
      this.#keep(near);
      this.#pass(near, this.#turn++, targets.length);
    });
  }

  /** `targets` are HOST:PORT. */
  static async open(targets: readonly string[], serves: Serves = () => true): Promise<OnePort> {
    const port = new OnePort(targets, serves);
    await new Promise<void>((resolve) => port.#server.listen(0, '127.0.0.1', resolve));
    return port;
  }

  /** HOST:PORT. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #pass(near: Socket, turn: number, tries: number): void {
    const nth = turn % this.#targets.length;
    const target = this.#targets[nth];
    if (tries === 0 || target === undefined) return void near.destroy();
    if (!this.#serves(nth)) return this.#pass(near, turn + 1, tries - 1);
    const { hostname: host, port } = new URL(`tcp://${target}`);
    const far = connect({ host, port: Number(port) });
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
