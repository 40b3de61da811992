import type { Socket } from 'node:net';
import type { Millis } from '@ambit/kernel';
import { callerGroup } from './caller-group.ts';
import { FairQueue } from './fair-queue.ts';
import { HandshakePace } from './handshake-pace.ts';

/** What strangers may cost before they have shown a certificate, and one certificate after. */
export interface ConnectionLimits {
  /** TLS handshakes begun in a second, over all addresses, by a process at leisure; what comes above waits its turn. */
  readonly handshakesPerSecond: number;
  /** Connections that wait for their handshake, in all and of one address; what comes above is closed. */
  readonly waiting: number;
  readonly waitingPerAddress: number;
  /** How long one may wait for its handshake. */
  readonly waitAtMostMs: Millis;
  /**
   * Connections open of which no certificate of ours is known, in all and of one address. One more closes the oldest:
   * strangers that stay would otherwise lock out whoever shares their address.
   */
  readonly unidentified: number;
  readonly unidentifiedPerAddress: number;
  /** How long such a connection may live, and how many of its calls may be refused. */
  readonly identifyWithinMs: Millis;
  readonly refusedCalls: number;
  /** Connections of one certificate; the oldest gives way. */
  readonly perCertificate: number;
}

interface Connection {
  readonly socket: Socket;
  readonly group: string;
  /** address:port, as gRPC names the peer of a call. */
  readonly remote: string;
  stage: 'waiting' | 'unidentified' | 'identified' | 'closed';
  due: NodeJS.Timeout | undefined;
  certificate: string | undefined;
  refusals: number;
}

const tickMs: Millis = 20;
/** How long the last answer may take to leave: whoever does not wait for it asks on until then. */
const lastAnswerMs: Millis = 10;

/**
 * Decides when an accepted TCP connection may begin its TLS handshake, which is what costs. Handshakes are dealt out in
 * turn among addresses: a flood from one waits behind itself and not in front of the others.
 */
export class ConnectionGate {
  readonly #begin: (socket: Socket) => void;
  readonly #limits: ConnectionLimits;
  readonly #pace: HandshakePace;
  readonly #waiting = new FairQueue<Connection>();
  readonly #open = new Map<string, Connection>();
  readonly #unidentified = new Map<string, Set<Connection>>();
  readonly #strangers = new Set<Connection>();
  readonly #byCertificate = new Map<string, Set<Connection>>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `begin` starts the handshake on a connection of which nothing was read. */
  constructor(begin: (socket: Socket) => void, limits: ConnectionLimits) {
    this.#begin = begin;
    this.#limits = limits;
    this.#pace = new HandshakePace(limits.handshakesPerSecond);
  }

  /** Connections that wait, and those that run without a certificate. */
  get strangers(): { readonly waiting: number; readonly unidentified: number } {
    return { waiting: this.#waiting.size, unidentified: this.#strangers.size };
  }

  arrived(socket: Socket): void {
    const group = callerGroup(socket.remoteAddress);
    const { waiting, waitingPerAddress, waitAtMostMs } = this.#limits;
    const full = this.#waiting.size >= waiting || this.#waiting.sizeOf(group) >= waitingPerAddress;
    if (this.#closed || full) {
      socket.resetAndDestroy();
      return;
    }
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const due = setTimeout(() => socket.destroy(), waitAtMostMs).unref();
    const connection: Connection = {
      socket,
      group,
      remote,
      stage: 'waiting',
      due,
      certificate: undefined,
      refusals: 0,
    };
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#gone(connection));
    this.#waiting.add(group, connection);
    this.#pump();
  }

  /**
   * A call from `remote` (address:port) showed a certificate of ours: its connection may stay. When the certificate has
   * more than its share, its oldest connection is closed.
   */
  identified(remote: string, certificate: string): void {
    const connection = this.#open.get(remote);
    if (connection?.stage !== 'unidentified') return;
    clearTimeout(connection.due);
    this.#known(connection);
    connection.stage = 'identified';
    connection.certificate = certificate;
    const all = this.#byCertificate.get(certificate) ?? new Set();
    this.#byCertificate.set(certificate, all.add(connection));
    const [oldest] = all;
    if (all.size > this.#limits.perCertificate) oldest?.socket.destroy();
  }

  /**
   * A call from `remote` was refused, or taken back before it was answered. A stranger that goes on asking is sent away once the answer is out: to ask again it
   * needs another handshake, and waits its turn for that.
   */
  refused(remote: string): void {
    const connection = this.#open.get(remote);
    if (connection?.stage !== 'unidentified') return;
    if (++connection.refusals !== this.#limits.refusedCalls) return;
    setTimeout(() => connection.socket.destroy(), lastAnswerMs).unref();
  }

  /** Closes what waits and what is open; nothing is let in any more. */
  closeAll(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { socket } of [...this.#waiting, ...this.#open.values()]) socket.destroy();
  }

  #pump(): void {
    while (this.#waiting.size > 0 && !this.#closed && this.#pace.take()) {
      const next = this.#waiting.take();
      if (next?.socket.destroyed === false) this.#admit(next);
    }
    if (this.#waiting.size === 0 || this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, tickMs).unref();
  }

  #admit(connection: Connection): void {
    const { socket, group, remote } = connection;
    clearTimeout(connection.due);
    connection.due = setTimeout(() => socket.destroy(), this.#limits.identifyWithinMs).unref();
    connection.stage = 'unidentified';
    this.#open.set(remote, connection);
    this.#strangers.add(connection);
    const ofGroup = this.#unidentified.get(group) ?? new Set();
    this.#unidentified.set(group, ofGroup.add(connection));
    this.#makeRoom(ofGroup, this.#limits.unidentifiedPerAddress);
    this.#makeRoom(this.#strangers, this.#limits.unidentified);
    this.#begin(socket);
  }

  #gone(connection: Connection): void {
    const { stage, group, remote, certificate } = connection;
    clearTimeout(connection.due);
    connection.stage = 'closed';
    if (stage === 'waiting') this.#waiting.remove(group, connection);
    if (stage === 'unidentified') this.#known(connection);
    if (this.#open.get(remote) === connection) this.#open.delete(remote);
    if (certificate !== undefined) this.#leave(certificate, connection);
    this.#pump();
  }

  #leave(certificate: string, connection: Connection): void {
    const all = this.#byCertificate.get(certificate);
    all?.delete(connection);
    if (all?.size === 0) this.#byCertificate.delete(certificate);
  }

  #makeRoom(among: ReadonlySet<Connection>, most: number): void {
    const [oldest] = among;
    if (oldest === undefined || among.size <= most) return;
    this.#known(oldest);
    oldest.stage = 'closed';
    oldest.socket.destroy();
  }

  #known(connection: Connection): void {
    this.#strangers.delete(connection);
    const ofGroup = this.#unidentified.get(connection.group);
    ofGroup?.delete(connection);
    if (ofGroup?.size === 0) this.#unidentified.delete(connection.group);
  }
}
