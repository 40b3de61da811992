import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import type { BareProgress, ToBareServer } from './messages.ts';

const program = fileURLToPath(new URL('./bare-server.ts', import.meta.url));

export interface BareCertificates {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** The floor: grpc-js with mutual TLS and nothing else, as a process. */
export class BareCentral {
  readonly #certificates: BareCertificates;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #acknowledged = 0;
  #number = 0;

  private constructor(certificates: BareCertificates, port: number) {
    this.#certificates = certificates;
    this.#port = port;
  }

  static async start(certificates: BareCertificates): Promise<BareCentral> {
    const [port = 0] = await freePorts(1);
    const bare = new BareCentral(certificates, port);
    await bare.startAgain();
    return bare;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the bare server does not run');
    return pid;
  }

  async startAgain(): Promise<void> {
    const child = fork(program, [String(this.#port)], { execArgv: ['--no-warnings'] });
    this.#child = child;
    let listening = false;
    child.on('message', ({ port, acknowledged }: BareProgress) => {
      listening ||= port !== undefined;
      this.#acknowledged = acknowledged ?? this.#acknowledged;
    });
    child.send(this.#certificates);
    await eventually(
      async () => {
        if (!listening) throw new Error('not yet');
      },
      { withinMs: 30_000, everyMs: 5, what: 'the bare server to listen' },
    );
  }

  async kill(): Promise<void> {
    const ended = this.#child === undefined ? undefined : once(this.#child, 'exit');
    this.#child?.kill('SIGKILL');
    this.#acknowledged = 0;
    await ended;
  }

  /** Sends so many bytes on every stream; resolves with the number that agents acknowledge. */
  broadcast(bytes: number): number {
    const order: ToBareServer = { do: 'broadcast', number: ++this.#number, bytes };
    this.#child?.send(order);
    return this.#number;
  }
}
