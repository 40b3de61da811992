import { AppError, toAppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import {
  answerRequest,
  credentialChannel,
  dropRequest,
  HintListener,
  passRequest,
  readAnswer,
  remindOfRequest,
  takeRequests,
} from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { credentialAnswerCodec, credentialOrderCodec } from '@ambit/protocol';
import type { CredentialWanted, wire } from '@ambit/protocol';
import type { Seal } from '../../platform/keys/sealing.ts';
import type { AskHere } from './ask-here.ts';

export interface CredentialRelayPorts {
  readonly database: Database;
  readonly here: Pick<AskHere, 'ask' | 'reached'>;
  /** Clusters whose agents have a stream here. */
  readonly clusters: () => Iterable<string>;
  readonly seal: Seal;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** A hint that was lost costs no more than this. */
const lookEveryMs: Millis = 1_000;
/** Whoever has the stream takes a request at once: the record that says somebody does is old. */
const mostReminders = 2;

/**
 * Asks for credentials through the database where the stream of an agent is at another replica, and answers for those that
 * are here. Nothing of it is readable in the database, and nothing of it stays there.
 */
export class CredentialRelay {
  readonly #ports: CredentialRelayPorts;
  readonly #listener: HintListener;
  readonly #waiting = new Map<string, () => void>();

  constructor(ports: CredentialRelayPorts) {
    this.#ports = ports;
    this.#listener = new HintListener({
      ...ports,
      channel: credentialChannel,
      random: Math.random,
      onHint: (said) => this.#hint(said),
      onLost: () => undefined,
    });
  }

  start(): Promise<void> {
    return this.#listener.connect();
  }

  stop(): Promise<void> {
    return this.#listener.close();
  }

  /** As `AskHere.ask`, wherever the stream is. */
  async ask(
    clusterUid: string,
    wanted: CredentialWanted,
    withinMs: Millis,
  ): Promise<wire.CredentialAnswer> {
    const { database, seal } = this.#ports;
    const { requestId: id } = wanted;
    const request = seal.close(base64(orderOf(wanted)), requestName(id, clusterUid));
    await passRequest(database, clusterUid, { id, request });
    try {
      return await this.#answer(id, clusterUid, withinMs);
    } finally {
      this.#waiting.delete(id);
      await dropRequest(database, id).catch(() => undefined);
    }
  }

  async #answer(id: string, clusterUid: string, withinMs: Millis): Promise<wire.CredentialAnswer> {
    const { database, seal } = this.#ports;
    const until = performance.now() + withinMs;
    for (let reminders = 0; ;) {
      const hint = this.#nextHint(id, Math.min(lookEveryMs, until - performance.now()));
      const answer = await readAnswer(database, id);
      if (answer !== undefined) {
        return credentialAnswerCodec.decode(bytesOf(seal.open(answer, `answer ${id}`)));
      }
      if (performance.now() >= until) throw silent(withinMs);
      if (await hint) continue;
      if (await remindOfRequest(database, clusterUid, id)) continue;
      if (++reminders > mostReminders) throw nobodyHasIt();
    }
  }

  /** True when a hint came. */
  #nextHint(id: string, withinMs: Millis): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, withinMs));
      this.#waiting.set(id, () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #hint(said: string): void {
    const [word = '', what = ''] = said.split(' ');
    if (word === 'answered') return this.#waiting.get(what)?.();
    // A connection that is new may have missed some.
    const asked = word === 'ask' ? [what] : this.#ports.clusters();
    const here = this.#ports.here.reached(asked);
    if (here.length > 0) void this.#serve(here);
  }

  async #serve(clusterUids: readonly string[]): Promise<void> {
    const { database, logger } = this.#ports;
    try {
      const taken = await takeRequests(database, clusterUids);
      await Promise.all(taken.map((request) => this.#pass(request)));
    } catch (error) {
      logger.error('a credential could not be asked for another replica', { error });
    }
  }

  async #pass({
    id,
    clusterUid,
    request,
  }: Awaited<ReturnType<typeof takeRequests>>[number]): Promise<void> {
    const { database, here, seal, clock } = this.#ports;
    let answer: wire.CredentialAnswer;
    try {
      // What was not sealed by this installation, for this very cluster, is asked of nobody.
      const opened = seal.open(request, requestName(id, clusterUid));
      const wanted = credentialOrderCodec.decode(bytesOf(opened));
      // Who asked and this replica both go by the clock of the database.
      answer = await here.ask(clusterUid, wanted, wanted.notAfter - clock.now());
    } catch (error) {
      answer = refusalFor(id, error);
    }
    const sealed = seal.close(base64(credentialAnswerCodec.encode(answer)), `answer ${id}`);
    await answerRequest(database, id, sealed);
  }
}

/** What a request is sealed under. */
const requestName = (id: string, clusterUid: string): string => `request ${id} ${clusterUid}`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'base64');

/** Which stream it is for is said where that is. */
function orderOf(wanted: CredentialWanted): Uint8Array {
  const place = { instanceId: '', attempt: 0, sessionEpoch: 0, sequence: 0 };
  const whose = { installationUid: '', clusterUid: '', stateEpoch: 0 };
  return credentialOrderCodec.encode({ ...wanted, ...place, ...whose });
}

function refusalFor(requestId: string, error: unknown): wire.CredentialAnswer {
  const { code: reason, message } = toAppError(error);
  const refusal = { reason, message };
  return { requestId, answer: 'refusal', refusal, expiresAt: 0, credentialId: '' };
}

const nobodyHasIt = (): AppError =>
  new AppError('cluster_not_connected', 'The agent of the cluster is not connected.', {
    why: 'It was a moment ago, and no replica of central has its stream now.',
    hint: 'Try again: it comes back by itself.',
  });

const silent = (withinMs: Millis): AppError =>
  new AppError('timed_out', `No replica had an answer of the agent within ${withinMs / 1000} s.`, {
    hint: 'Try again; if it goes on, look at the agent and at the API server of the cluster.',
  });
