import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** What passed on its way to the database. */
export interface StatementCounts {
  /** Executed, also those that were prepared before, and BEGIN and COMMIT where they are sent. */
  readonly statements: number;
  /** Times somebody waited for an answer: pipelined statements share one. */
  readonly roundTrips: number;
  /** How often each text was executed. */
  readonly byText: Readonly<Record<string, number>>;
}

/**
 * A way to a PostgreSQL server on which everything that clients execute is counted: exactly, for any server and any
 * client, without a right in the database. It costs CPU time on the way, so no time is measured over it.
 */
export class StatementTap {
  readonly #server: Server;
  readonly #target: URL;
  readonly #open = new Set<Socket>();
  readonly #byText = new Map<string, number>();
  #statements = 0;
  #roundTrips = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#pass(client));
  }

  /** `url` is the database's own; programs are given `through` of theirs instead. */
  static async open(url: string): Promise<StatementTap> {
    const tap = new StatementTap(new URL(url));
    await new Promise<void>((resolve, reject) => {
      tap.#server.once('error', reject);
      tap.#server.listen(0, '127.0.0.1', resolve);
    });
    return tap;
  }

  /** A URL of the same server, by way of the tap. Secret. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.#server.address() as AddressInfo).port);
    return changed.href;
  }

  /** So far, of all clients. */
  counts(): StatementCounts {
    const byText = Object.fromEntries(this.#byText);
    return { statements: this.#statements, roundTrips: this.#roundTrips, byText };
  }

  /** What is executed from now until the work is done, also by others. */
  async during(work: () => Promise<unknown>): Promise<StatementCounts> {
    const before = this.counts();
    await work();
    const after = this.counts();
    const byText = Object.entries(after.byText)
      .map(([text, count]) => [text, count - (before.byText[text] ?? 0)] as const)
      .filter(([, count]) => count > 0);
    return {
      statements: after.statements - before.statements,
      roundTrips: after.roundTrips - before.roundTrips,
      byText: Object.fromEntries(byText),
    };
  }

  /** Cuts off whoever is connected. */
  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(client: Socket): void {
    const server = connect(Number(this.#target.port || 5432), this.#target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#open.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        this.#open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
    const messages = new FrontendMessages(
      (text) => this.#count(text),
      () => this.#roundTrips++,
    );
    client.on('data', (part: Buffer) => messages.read(part));
  }

  #count(text: string): void {
    this.#statements++;
    const said = text.replaceAll(/\s+/g, ' ').trim();
    this.#byText.set(said, (this.#byText.get(said) ?? 0) + 1);
  }
}

const headBytes = 5;

/** The half of the protocol that clients speak (PostgreSQL, "Message Formats"), once the connection is started up. */
class FrontendMessages {
  readonly #executed: (text: string) => void;
  readonly #waited: () => void;
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  #rest: Buffer = Buffer.alloc(0);
  #started = false;

  constructor(executed: (text: string) => void, waited: () => void) {
    this.#executed = executed;
    this.#waited = waited;
  }

  read(part: Buffer): void {
    let rest = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    for (;;) {
      // Messages before the start have a length and no type; an SSL request has one of eight bytes.
      const head = this.#started ? headBytes : headBytes - 1;
      if (rest.length < head) break;
      const length = rest.readUInt32BE(head - 4) + head - 4;
      if (rest.length < length) break;
      const body = rest.subarray(head, length);
      if (this.#started) this.#message(String.fromCharCode(rest[0] ?? 0), body);
      else this.#started = length !== 8;
      rest = rest.subarray(length);
    }
    this.#rest = rest;
  }

  #message(type: string, body: Buffer): void {
    const [first, second] = words(body);
    switch (type) {
      case 'Q':
        this.#executed(first);
        this.#waited();
        break;
      case 'P':
        this.#prepared.set(first, second);
        break;
      case 'B':
        this.#portals.set(first, this.#prepared.get(second) ?? '');
        break;
      case 'E':
        this.#executed(this.#portals.get(first) ?? '');
        break;
      case 'S':
        this.#waited();
        break;
      default:
    }
  }
}

/** The first two strings of a message, each of which ends with a zero. */
function words(body: Buffer): readonly [string, string] {
  const one = body.indexOf(0);
  const two = body.indexOf(0, one + 1);
  return [body.toString('utf8', 0, one), body.toString('utf8', one + 1, two)];
}
