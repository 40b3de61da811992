import { AppError } from '@ambit/kernel';
import type { Clock, Ids, Logger } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { findAgentIdentity } from '@ambit/persistence';
import type {
  AdmittedHello,
  AgentIdentity,
  Database,
  NewSession,
  UnitOfWork,
} from '@ambit/persistence';
import type { PeerIdentity } from '@ambit/transport';
import type { SupersededCertificates } from '../clusters/public.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { AdmitKnown, agentActor, connectedEvent } from './admit-known.ts';
import { storableJson } from './from-agents.ts';
import type { RefuseAhead } from './refuse-ahead.ts';

/** `accepted`: what the agent had accepted when it was last heard, where that is known. */
export type Admission = AdmittedHello;

export interface AdmitPorts {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly world: PolicyWorld;
  readonly ahead: RefuseAhead;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly superseded: Pick<SupersededCertificates, 'tell'>;
}

/**
 * Decides whether a stream may be served: by the record of its certificate, compared whole, never by a name that it
 * carries. The newest Hello of an identity owns the cluster's session. Agents that come back as they went are judged many
 * at a time; whoever is new, changed or doubtful is judged alone.
 */
export class AdmitAgent {
  readonly #database: Database;
  readonly #unitOfWork: UnitOfWork;
  readonly #world: PolicyWorld;
  readonly #ahead: RefuseAhead;
  readonly #clock: Clock;
  readonly #superseded: Pick<SupersededCertificates, 'tell'>;
  readonly #replica: string;

  readonly #known: AdmitKnown;

  constructor(ports: AdmitPorts, replica: string) {
    this.#database = ports.database;
    this.#unitOfWork = ports.unitOfWork;
    this.#world = ports.world;
    this.#ahead = ports.ahead;
    this.#clock = ports.clock;
    this.#superseded = ports.superseded;
    this.#replica = replica;
    this.#known = new AdmitKnown(ports);
  }

  /** Throws certificate_revoked, wrong_cluster, state_ahead, timed_out. */
  async admit(peer: PeerIdentity, hello: wire.Hello): Promise<Admission> {
    const session = this.#session(hello);
    const known = await this.#known.admit(peer, hello, session);
    if (known !== undefined) return known;
    const identity = await this.#identifyOrLearn(peer, hello);
    await this.#refuseOtherCluster(identity, hello);
    await this.#ahead.judge(identity, hello.held);
    return this.#take(identity, session);
  }

  #session(hello: wire.Hello): NewSession {
    return {
      replica: this.#replica,
      stateEpoch: this.#world.facts.stateEpoch,
      agentVersion: hello.agentVersion,
      kubernetesVersion: hello.kubernetesVersion,
      ceiling: storableJson(hello.ceilingJson),
      ceilingDigest: hello.ceilingDigest,
      at: this.#clock.now(),
    };
  }

  /** The live record of a certificate that no other of its agent has replaced. Throws certificate_revoked. */
  async identify(peer: PeerIdentity): Promise<AgentIdentity> {
    return this.#live(await findAgentIdentity(this.#database.prepared, peer.fingerprint));
  }

  /** An agent that was enrolled after the backup was made has no record any more, and knows better than the database. */
  async #identifyOrLearn(peer: PeerIdentity, hello: wire.Hello): Promise<AgentIdentity> {
    const identity = await findAgentIdentity(this.#database.prepared, peer.fingerprint);
    if (identity === null) {
      await this.#ahead.judge({ clusterUid: hello.clusterUid }, hello.held);
    }
    return this.#live(identity);
  }

  async #live(identity: AgentIdentity | null): Promise<AgentIdentity> {
    if (identity !== null && identity.revokedAt === undefined && !identity.superseded)
      return identity;
    return this.#refuse(identity);
  }

  async #refuse(identity: AgentIdentity | null): Promise<never> {
    if (identity !== null && identity.revokedAt === undefined)
      await this.#superseded.tell(identity, 'a stream');
    const why =
      identity === null
        ? 'central has no record of it'
        : (identity.revokedBecause ?? 'a later certificate of this agent is in use');
    throw new AppError(
      'certificate_revoked',
      'The certificate of this agent is not accepted any more.',
      {
        why,
        hint: 'Enrol the agent again with a new join token.',
        nextCommand: `ambit cluster join-token ${identity?.clusterName ?? 'NAME'}`,
      },
    );
  }

  async #refuseOtherCluster(identity: AgentIdentity, hello: wire.Hello): Promise<void> {
    if (hello.kubeSystemUid === identity.kubeSystemUid && hello.clusterUid === identity.clusterUid)
      return;
    await this.#unitOfWork.run(
      { actor: { kind: 'agent', name: `agent/${identity.clusterName}` } },
      async (tx) => {
        tx.audit.record({
          type: 'agent.duplicate',
          message: `An agent with the identity of cluster ${identity.clusterName} runs in another cluster and was refused`,
          cluster: identity.clusterName,
          details: { kubeSystemUid: hello.kubeSystemUid },
        });
      },
    );
    throw new AppError(
      'wrong_cluster',
      `This identity belongs to the cluster ${identity.clusterName}.`,
      {
        why: 'The uid of the namespace kube-system differs: the agent runs in another cluster, or the cluster was made anew.',
        nextCommand: `ambit cluster join-token ${identity.clusterName}`,
      },
    );
  }

  /**
   * One transaction judges the certificate, ends what the first Hello of a new one ends, and opens the session: between
   * them no Hello of another certificate gets in.
   */
  async #take({ clusterName, certificate }: AgentIdentity, hello: NewSession): Promise<Admission> {
    const { value, commit } = await this.#unitOfWork.run(
      { actor: agentActor(clusterName) },
      async (tx) => {
        const taken = await tx.agents.takeHello(certificate.fingerprint, hello);
        if (!taken.ok) return taken;
        tx.audit.record(connectedEvent(clusterName));
        for (const uid of taken.replaced) {
          tx.audit.record({
            type: 'agent.revoked',
            message: `An older agent of cluster ${clusterName} was replaced by a newly enrolled one`,
            cluster: clusterName,
            object: { kind: 'Agent', name: clusterName, uid },
          });
        }
        return taken;
      },
    );
    this.#world.offer(commit);
    return value.ok ? value : this.#refuse(value.identity);
  }
}
