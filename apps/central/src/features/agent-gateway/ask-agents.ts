import { AppError } from '@ambit/kernel';
import type { Clock, ErrorCode, Millis } from '@ambit/kernel';
import { readClusterSync } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { CredentialWanted, wire } from '@ambit/protocol';
import type { Connections } from '../policy/public.ts';
import type { AskHere } from './ask-here.ts';
import type { CredentialRelay } from './credential-relay.ts';

export interface AskAgentsPorts {
  readonly here: Pick<AskHere, 'ask'>;
  readonly elsewhere: Pick<CredentialRelay, 'ask'>;
  readonly connections: Pick<Connections, 'connected' | 'among'>;
  readonly sql: Sql;
  readonly clock: Pick<Clock, 'now'>;
}

/** An answer of an agent that holds a credential. */
export type AgentGave = Extract<
  wire.CredentialAnswer,
  { readonly answer: 'certificates' } | { readonly answer: 'token' }
>;

/** What somebody wants, but for until when they wait. */
type CredentialWish = WithoutEnd<CredentialWanted>;
type WithoutEnd<T> = T extends unknown ? Omit<T, 'notAfter'> : never;

/** Who is asked. */
interface AskedCluster {
  readonly uid: string;
  readonly name: string;
}

/** How long somebody waits for a credential that an agent makes. */
const agentAnswersWithinMs: Millis = 10_000;
/** Requests that wait at this replica: of one cluster, whose agent makes ten a second, and of one person or program. */
const most = { ofCluster: 100, ofPrincipal: 50 };

/** Asks the agent of a cluster for a credential, whichever replica has its stream. */
export class AskAgents {
  readonly #ports: AskAgentsPorts;
  readonly #waiting = new Map<string, number>();

  constructor(ports: AskAgentsPorts) {
    this.#ports = ports;
  }

  /**
   * Throws `cluster_not_connected`, `rate_limited` when too many wait already, `timed_out`, and what the agent says against it
   * by its code, as `credential_refused` where that is not known here.
   */
  async ask(cluster: AskedCluster, wanted: CredentialWish): Promise<AgentGave> {
    const ofCluster = this.#hold(cluster.uid, most.ofCluster);
    try {
      const ofPrincipal = this.#hold(wanted.principalUid, most.ofPrincipal);
      try {
        return given(cluster, await this.#answer(cluster, wanted));
      } finally {
        ofPrincipal();
      }
    } finally {
      ofCluster();
    }
  }

  async #answer({ uid, name }: AskedCluster, wish: CredentialWish): Promise<wire.CredentialAnswer> {
    const { here, elsewhere, connections, clock } = this.#ports;
    const wanted = { ...wish, notAfter: clock.now() + agentAnswersWithinMs };
    if (connections.connected(uid)) return here.ask(uid, wanted, agentAnswersWithinMs);
    const reached = await connections.among([uid]);
    if (reached.has(uid)) return elsewhere.ask(uid, wanted, agentAnswersWithinMs);
    throw await this.#notConnected(uid, name);
  }

  /** Returns what lets go of it. */
  #hold(key: string, atMost: number): () => void {
    const count = this.#waiting.get(key) ?? 0;
    if (count >= atMost) throw tooMany();
    this.#waiting.set(key, count + 1);
    return () => {
      const now = (this.#waiting.get(key) ?? 1) - 1;
      if (now > 0) this.#waiting.set(key, now);
      else this.#waiting.delete(key);
    };
  }

  async #notConnected(uid: string, name: string): Promise<AppError> {
    const [sync] = await readClusterSync(this.#ports.sql, [uid]);
    const last = sync?.disconnectedAt ?? sync?.lastSeenAt;
    const age = last === undefined ? undefined : Math.max(0, this.#ports.clock.now() - last);
    return new AppError('cluster_not_connected', `The agent of ${name} is not connected.`, {
      why:
        age === undefined
          ? 'None ever was, and this cluster gives credentials through its agent alone.'
          : `It was heard last ${Math.round(age / 1000)} s ago, and this cluster gives credentials through its agent alone.`,
      hint: 'What was got before goes on until it ends.',
      nextCommand: `ambit cluster status ${name}`,
      ...(age === undefined ? {} : { details: { ageSeconds: Math.round(age / 1000) } }),
    });
  }
}

function given({ name }: AskedCluster, answer: wire.CredentialAnswer): AgentGave {
  if (answer.answer === 'certificates' || answer.answer === 'token') return answer;
  const { reason = '', message = '' } = answer.answer === 'refusal' ? answer.refusal : {};
  throw new AppError(
    passedOn.has(reason) ? (reason as ErrorCode) : 'credential_refused',
    message || 'The agent gave nothing.',
    {
      why: `The agent of ${name} says so.`,
      nextCommand: `ambit cluster status ${name}`,
    },
  );
}

/** What an agent may say in a word of ours; whatever else it says is a refusal and no more. */
const passedOn: ReadonlySet<string> = new Set<ErrorCode>([
  'ceiling_refused',
  'cluster_not_connected',
  'credential_refused',
  'kubernetes_unavailable',
  'no_access',
  'rate_limited',
  'storage_full',
  'timed_out',
]);

const tooMany = (): AppError =>
  new AppError('rate_limited', 'Too many credentials are being made at this moment.', {
    why: 'Those that were asked for before wait for the agent of the cluster.',
    hint: 'Try again in a second.',
    details: { retryAfterSeconds: 1 },
  });
