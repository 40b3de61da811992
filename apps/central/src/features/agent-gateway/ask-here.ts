import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { CredentialWanted, wire } from '@ambit/protocol';
import type { AgentStream } from './agent-stream.ts';

interface Pending {
  readonly stream: AgentStream;
  readonly resolve: (answer: wire.CredentialAnswer) => void;
  readonly reject: (error: AppError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Asks the agents whose streams are at this replica for credentials, and matches what they answer. */
export class AskHere {
  readonly #streamOf: (clusterUid: string) => AgentStream | undefined;
  readonly #pending = new Map<string, Pending>();

  constructor(streamOf: (clusterUid: string) => AgentStream | undefined) {
    this.#streamOf = streamOf;
  }

  /** Clusters whose agents have a stream here, of these. */
  reached(clusterUids: Iterable<string>): string[] {
    return [...clusterUids].filter((uid) => this.#streamOf(uid) !== undefined);
  }

  /**
   * Resolves with what the agent says. Throws `cluster_not_connected` when it has no stream here or leaves, `timed_out`, and
   * `credential_refused` for an agent of a version that makes none.
   */
  async ask(
    clusterUid: string,
    wanted: CredentialWanted,
    withinMs: Millis,
  ): Promise<wire.CredentialAnswer> {
    const stream = this.#streamOf(clusterUid);
    if (stream === undefined) throw left();
    if (!stream.makesCredentials) throw tooOld(stream.identity.clusterName);
    const { requestId } = wanted;
    const answer = new Promise<wire.CredentialAnswer>((resolve, reject) => {
      const timer = setTimeout(() => this.#end(requestId)?.reject(silent(withinMs)), withinMs);
      this.#pending.set(requestId, { stream, resolve, reject, timer });
    });
    stream.handle({ on: 'credential', wanted });
    return answer;
  }

  /** An agent answers only what was asked on this very stream. */
  answered(stream: AgentStream, answer: wire.CredentialAnswer): void {
    if (this.#pending.get(answer.requestId)?.stream !== stream) return;
    this.#end(answer.requestId)?.resolve(answer);
  }

  /** The stream is over, and with it everything that was asked on it. */
  left(stream: AgentStream): void {
    for (const [id, pending] of this.#pending) {
      if (pending.stream === stream) this.#end(id)?.reject(left());
    }
  }

  #end(requestId: string): Pending | undefined {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    clearTimeout(pending?.timer);
    return pending;
  }
}

const left = (): AppError =>
  new AppError('cluster_not_connected', 'The agent of the cluster left.', {
    why: 'Its stream ended before it answered.',
    hint: 'Try again: it comes back by itself.',
  });

const silent = (withinMs: Millis): AppError =>
  new AppError(
    'timed_out',
    `The agent of the cluster did not answer within ${withinMs / 1000} s.`,
    {
      hint: 'Try again; if it goes on, look at the agent and at the API server of the cluster.',
    },
  );

const tooOld = (cluster: string): AppError =>
  new AppError('credential_refused', `The agent of ${cluster} makes no credentials.`, {
    why: 'It is of a version that knows none.',
    hint: 'The owner of the cluster updates the agent.',
    nextCommand: `ambit cluster status ${cluster}`,
  });
