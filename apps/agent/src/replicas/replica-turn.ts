import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import { KubeClient } from '@ambit/kube';
import type { KubeConnection } from '@ambit/kube';
import { systemClock } from '../platform/clock-and-ids.ts';
import type { DataFolder } from '../platform/data-folder.ts';
import { showActing, showStandingBy } from '../platform/observation.ts';
import type { Observation } from '../platform/observation.ts';
import type { OpenKubernetes } from '../platform/open-kubernetes.ts';
import { namespaceOfAccount } from '../platform/own-account.ts';
import type { Teardown } from '../platform/teardown.ts';
import { version } from '../version.ts';
import { followReplica } from './follow-replica.ts';
import { LeaseElection } from './lease-election.ts';
import type { LeaseTerm } from './lease-term.ts';
import { SharedSecret } from './shared-secret.ts';

/** Of one try to renew: two of them go into the time in which it has to work. */
const leaseCallMs: Millis = 2_500;

/** What this process is called among replicas: by the name of its pod, and unlike the one that had that name before. */
export function newReplica(): string {
  return `${hostname()}_${randomUUID()}`;
}

export interface TurnGround {
  readonly kubernetes: OpenKubernetes;
  readonly folder: DataFolder;
  readonly observation: Observation;
  readonly signal: AbortSignal;
  readonly teardown: Teardown;
}

/** One turn of one replica: it waits for the Lease, goes on from where the last one was, and writes only while it holds it. */
export class ReplicaTurn {
  readonly #connection: KubeConnection;
  readonly #replica: string;
  readonly #logger: Logger;
  #term: LeaseTerm | undefined;

  constructor(connection: KubeConnection, replica: string, logger: Logger) {
    this.#connection = connection;
    this.#replica = replica;
    this.#logger = logger;
  }

  /** In how many milliseconds a write that begins now has to be over; 0 before the turn and after it. */
  writesWithin(): Millis {
    return this.#term?.writesWithin() ?? 0;
  }

  /** Why the turn is over; undefined before it. */
  get lost(): Promise<string> | undefined {
    return this.#term?.lost;
  }

  /**
   * Resolves when this replica may act, with where the next one finds what it needs; with undefined when `signal` came
   * first. Throws `config_invalid` for an account that has no namespace, and what keeps it from following the last replica.
   */
  async begin(ground: TurnGround): Promise<SharedSecret | undefined> {
    const { kubernetes, folder, observation, signal, teardown } = ground;
    const logger = this.#logger;
    const replica = this.#replica;
    const namespace = kubernetes.account && namespaceOfAccount(kubernetes.account);
    if (namespace === undefined) throw noNamespace(kubernetes.account);
    const client = new KubeClient({
      connection: this.#connection,
      userAgent: `ambit-agent/${version}`,
      timeoutMs: leaseCallMs,
    });
    teardown.add('client of the Lease', () => client.close());
    let known = '';
    const standsBy = (holder: string): void => {
      if (holder !== known) logger.info('this replica stands by', { acts: holder });
      known = holder;
      showStandingBy(observation, holder);
    };
    const own = { client, namespace, replica, logger, standsBy };
    const election = new LeaseElection({ ...own, clock: systemClock, random: Math.random });
    const term = await election.lead(signal);
    if (term === undefined) return undefined;
    this.#term = term;
    teardown.add('Lease', () => term.release());
    showActing(observation);
    logger.info('this replica acts from now on', { replica });
    const shared = new SharedSecret({ ...own, client: kubernetes.client });
    const { kubeSystemUid } = kubernetes;
    await followReplica(shared, folder, { kubeSystemUid, replica, logger });
    return shared;
  }
}

function noNamespace(account: string | undefined): AppError {
  return new AppError('config_invalid', 'Only a ServiceAccount has a namespace for the Lease.', {
    why: `The API server knows this agent as ${account ?? 'nobody it tells'}.`,
    hint: 'Run it as a ServiceAccount, or without --leader-elect as the only one.',
  });
}
