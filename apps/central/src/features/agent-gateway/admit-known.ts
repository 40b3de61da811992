import { AppError } from '@ambit/kernel';
import type { Ids, Logger } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { admitKnownAgents } from '@ambit/persistence';
import type {
  AdmittedHello,
  Database,
  KnownHello,
  NewAuditEvent,
  NewSession,
} from '@ambit/persistence';
import type { PeerIdentity } from '@ambit/transport';
import { Gathered } from '../../platform/gathered.ts';
import type { PolicyWorld } from '../desired-state/public.ts';

export interface AdmitKnownPorts {
  readonly database: Database;
  readonly world: PolicyWorld;
  readonly ids: Ids;
  readonly logger: Logger;
}

/**
 * Admits agents that come back as they went, all that come at about the same time in one statement, so that a storm of
 * them costs the database a dozen. What that statement does not vouch for is judged elsewhere, one by one.
 */
export class AdmitKnown {
  readonly #ports: AdmitKnownPorts;
  readonly #gathered: Gathered<KnownHello, Judged>;

  constructor(ports: AdmitKnownPorts) {
    this.#ports = ports;
    this.#gathered = new Gathered((hellos) => this.#admitAll(hellos));
  }

  /** Undefined when the agent has to be judged alone. Throws already_exists when it came again meanwhile. */
  async admit(
    peer: PeerIdentity,
    hello: wire.Hello,
    session: NewSession,
  ): Promise<AdmittedHello | undefined> {
    const { world, ids } = this.#ports;
    const cluster = world.policy.cluster(hello.clusterUid);
    if (cluster === undefined || !this.#followed(hello.held)) return undefined;
    const time = new Date(session.at).toISOString();
    const { name: clusterName } = cluster;
    const admitted = await this.#gathered.add({
      ...session,
      fingerprint: peer.fingerprint,
      clusterUid: hello.clusterUid,
      clusterName,
      kubeSystemUid: hello.kubeSystemUid,
      ...(hello.held === null ? {} : { held: hello.held }),
      event: {
        id: ids.uuid(),
        time,
        actor: agentActor(clusterName),
        ...connectedEvent(clusterName),
      },
    });
    if (admitted === 'came_again')
      throw new AppError('already_exists', 'A newer stream of this agent took over.');
    return admitted === 'alone' ? undefined : admitted;
  }

  /** An agent may hold what this replica has not heard of yet: who waits for that does not wait in front of others. */
  #followed(held: wire.HeldState | null): boolean {
    if (held === null) return true;
    const { facts, revision } = this.#ports.world;
    if (held.stateEpoch < facts.stateEpoch) return true;
    return held.stateEpoch === facts.stateEpoch && held.revision <= revision;
  }

  /**
   * An agent that came again meanwhile is served on its last stream alone. Two agents of one cluster are never in one
   * statement; which of them is the live one is found out one by one.
   */
  async #admitAll(hellos: readonly KnownHello[]): Promise<Judged[]> {
    const last = new Map(hellos.map((hello) => [hello.fingerprint, hello]));
    const ofCluster = new Map(Array.from(last.values(), (hello) => [hello.clusterUid, hello]));
    const admitted = await this.#together([...ofCluster.values()]);
    return hellos.map((hello) => {
      if (last.get(hello.fingerprint) !== hello) return 'came_again';
      const asked = ofCluster.get(hello.clusterUid) === hello;
      return (asked ? admitted.get(hello.fingerprint) : undefined) ?? 'alone';
    });
  }

  async #together(hellos: readonly KnownHello[]): Promise<ReadonlyMap<string, AdmittedHello>> {
    try {
      return await admitKnownAgents(this.#ports.database, hellos);
    } catch (error) {
      const fields = { agents: hellos.length, error };
      this.#ports.logger.warn(
        'agents could not be admitted together; each is judged alone',
        fields,
      );
      return new Map();
    }
  }
}

/** `alone`: nothing was done for it. */
type Judged = AdmittedHello | 'alone' | 'came_again';

export const agentActor = (clusterName: string): { kind: 'agent'; name: string } => ({
  kind: 'agent',
  name: `agent/${clusterName}`,
});

export const connectedEvent = (clusterName: string): NewAuditEvent => ({
  type: 'cluster.connected',
  message: `The agent of cluster ${clusterName} connected`,
  cluster: clusterName,
});
