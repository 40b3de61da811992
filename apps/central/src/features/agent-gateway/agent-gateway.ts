import { AppError } from '@ambit/kernel';
import type { Clock, Digests, Logger } from '@ambit/kernel';
import { compilerVersion } from '@ambit/domain';
import type { Touched } from '@ambit/domain';
import {
  CentralSession,
  defaultHeartbeatMs,
  signedEnvelopeCodec,
  wireLimits,
} from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import type { AgentOrder, FeedCommit, StateFacts } from '@ambit/persistence';
import type { AgentCall, EnvelopeSigner, SyncStream } from '@ambit/transport';
import { ClusterState, EncodedIntents } from '../desired-state/public.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { Admission, AdmitAgent } from './admit-agent.ts';
import type { AgentStatus } from './agent-status.ts';
import { AgentStream } from './agent-stream.ts';
import type { AgentStreamEvents } from './agent-stream.ts';
import { Arrival } from './arrival.ts';
import { Delivery } from './delivery.ts';
import type { Delivered } from './delivery.ts';
import type { Departures } from './departures.ts';
import { IdentityFlips } from './identity-flips.ts';
import { SessionSigner } from './session-signer.ts';
import type { RevocationWatch } from '../../platform/revocation-watch.ts';

export interface GatewayPorts {
  readonly world: PolicyWorld;
  readonly admit: AdmitAgent;
  readonly departures: Departures;
  readonly revocations: RevocationWatch;
  readonly events: AgentStreamEvents & {
    connected(stream: AgentStream): void;
    disconnected(stream: AgentStream): void;
    duplicate(stream: AgentStream): void;
    /** A newer stream of another process took its place. */
    fenced(stream: AgentStream): void;
  };
  /** Tells of sessions that a newer one replaced on another replica. */
  readonly status: Pick<AgentStatus, 'onFenced'>;
  readonly signer: EnvelopeSigner;
  readonly digests: Digests;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Served {
  readonly stream: AgentStream;
  readonly state: ClusterState;
}

const orders = {
  release_removals: 'ORDER_RELEASE_REMOVALS',
  release_gains: 'ORDER_RELEASE_GAINS',
} as const satisfies Record<AgentOrder['word'], wire.Order>;

const inventoryIntervalMs = 5_000;
const timeIntervalMs = 5 * 60_000;
const mostAgents = 5_000;

/**
 * The streams of the agents connected to this replica. A commit reaches the streams it touches in the same turn in
 * which the policy took it over, or in the next ones where they are many; there is no timer between.
 */
export class AgentGateway {
  readonly #ports: GatewayPorts;
  readonly #installationUid: string;
  readonly #served = new Map<string, Served>();
  /** Every stream whose end was not noted yet, those that were replaced included. */
  readonly #open = new Set<AgentStream>();
  readonly #signer: SessionSigner;
  readonly #flips = new IdentityFlips();
  readonly #encoded: EncodedIntents;
  readonly #delivery: Delivery;
  #draining = false;

  constructor(ports: GatewayPorts, installationUid: string) {
    this.#ports = ports;
    this.#encoded = new EncodedIntents(ports.digests);
    this.#installationUid = installationUid;
    this.#signer = new SessionSigner(ports.signer, installationUid);
    this.#delivery = new Delivery((told) => this.#deliver(told), {
      now: () => ports.clock.monotonic(),
      waits: () => ports.world.underWay !== undefined,
    });
    ports.world.subscribe((commit, touched) => this.#follow(commit, touched));
    ports.status.onFenced((sessions) => this.#fence(sessions));
  }

  /** True when the agent of the cluster has a stream to this replica. */
  connected(clusterUid: string): boolean {
    return this.#served.has(clusterUid);
  }

  /** The stream of the agent of a cluster to this replica. */
  streamOf(clusterUid: string): AgentStream | undefined {
    return this.#served.get(clusterUid)?.stream;
  }

  /** The clusters whose agents have a stream to this replica. */
  clusters(): Iterable<string> {
    return this.#served.keys();
  }

  /** Serves one `Sync.Connect` stream: its first message is the Hello, everything after it belongs to the session. */
  connect(stream: SyncStream, call: AgentCall): void {
    new Arrival(stream, {
      admit: (arrival, hello) => this.#admit(arrival, call, hello),
      refusal: (error) => this.#refusal(error, call),
      left: (agent) => this.#left(agent),
    });
  }

  /** Asks agents to reconnect elsewhere at a random time of the window; no new stream is taken. */
  drain(maxWaitMs: number): void {
    this.#draining = true;
    for (const { stream } of this.#served.values()) {
      stream.handle({ on: 'drain', minWaitMs: 0, maxWaitMs, reason: 'central is stopping' });
    }
  }

  /** Another replica holds a newer session of these clusters: what is served here is a relic. */
  #fence(
    sessions: readonly { readonly clusterUid: string; readonly sessionEpoch: number }[],
  ): void {
    for (const { clusterUid, sessionEpoch } of sessions) {
      const stream = this.streamOf(clusterUid);
      if (stream?.sessionEpoch !== sessionEpoch) continue;
      this.#ports.events.fenced(stream);
      stream.cut(takenOver());
    }
  }

  async #admit(arrival: Arrival, call: AgentCall, hello: wire.Hello): Promise<void> {
    this.#refuseWhenFull();
    const admission = await this.#ports.admit.admit(call.peer, hello);
    // What an agent is told is signed as one revision.
    await this.#ports.world.whole();
    if (arrival.over || this.#draining) {
      await this.#ports.departures.ended(admission);
      throw new AppError('not_ready', 'The stream ended before it was admitted.');
    }
    this.#serve(arrival, hello, admission);
  }

  /** Nothing in here waits, so that no commit falls between the state and the stream. */
  #serve(arrival: Arrival, hello: wire.Hello, admission: Admission): void {
    const { identity, sessionEpoch, accepted } = admission;
    const { clusterUid } = identity;
    this.#supersede(clusterUid, hello.instanceId, sessionEpoch);
    this.#delivery.forget(clusterUid);
    const { policy, lineage, facts } = this.#ports.world;
    const { stateEpoch, explainedFrom } = facts;
    const state = new ClusterState(
      clusterUid,
      { ...this.#ports, policy, lineage, encoded: this.#encoded },
      { installationUid: this.#installationUid, stateEpoch, explainedFrom },
    );
    const session = new CentralSession(
      { desired: () => state, ...this.#signer.ports(clusterUid, stateEpoch) },
      this.#settings(clusterUid),
      this.#ports.clock.monotonic(),
    );
    const { stream } = arrival;
    const agent = new AgentStream({
      ...this.#ports,
      stream,
      session,
      identity,
      instanceId: hello.instanceId,
      sessionEpoch,
      accepted,
      hold: (work) => arrival.hold(work),
    });
    if (policy.cluster(clusterUid) === undefined) agent.clusterRemoved(state.revision);
    this.#served.set(clusterUid, { stream: agent, state });
    this.#open.add(agent);
    this.#ports.events.connected(agent);
    if (this.#flips.note(clusterUid, agent.instanceId, this.#ports.clock.monotonic()))
      this.#ports.events.duplicate(agent);
    arrival.admitted(agent);
    this.#watchRevocation(arrival, agent);
    agent.start(hello);
  }

  #watchRevocation(arrival: Arrival, agent: AgentStream): void {
    const revoked = (): void =>
      agent.cut(new AppError('certificate_revoked', 'The certificate of this agent was revoked.'));
    arrival.atEnd(this.#ports.revocations.watch(agent.identity.agentUid, revoked));
  }

  #refuseWhenFull(): void {
    if (this.#draining) throw new AppError('not_ready', 'This replica is stopping.');
    if (this.#served.size < mostAgents) return;
    throw new AppError('rate_limited', `This replica serves ${mostAgents} agents, its most.`, {
      hint: 'Start another replica of central.',
    });
  }

  #settings(clusterUid: string): ConstructorParameters<typeof CentralSession>[1] {
    const { stateEpoch, epochRaise } = this.#ports.world.facts;
    return {
      clusterUid,
      stateEpoch,
      heartbeatIntervalMs: defaultHeartbeatMs,
      inventoryIntervalMs,
      backoffBaseMs: 500,
      // A larger fleet comes back over a longer time: about 150 streams a second.
      backoffCapMs: Math.max(8_000, Math.ceil(this.#served.size / 150) * 1_000),
      maxChunkBytes: wireLimits.chunkBytes,
      timeIntervalMs,
      epochRaise: epochRaise === undefined ? null : signedEnvelopeCodec.decode(epochRaise),
    };
  }

  #follow(commit: FeedCommit, touched: Touched): void {
    if (commit.installation !== undefined) return this.#begunAnew(commit.installation);
    for (const { clusterUid, word } of commit.orders) {
      this.streamOf(clusterUid)?.handle({ on: 'command', order: orders[word] });
    }
    for (const change of commit.changes) {
      if (change.op !== 'delete' || change.kind !== 'Cluster') continue;
      this.streamOf(change.uid)?.clusterRemoved(commit.revision);
      this.#flips.forget(change.uid);
    }
    const here = Array.from(touched).filter(([clusterUid]) => this.#served.has(clusterUid));
    this.#delivery.commit(commit.revision, new Map(here));
  }

  /** Every state follows first, so that the manifests of all are signed together where the agents take that. */
  #deliver(told: ReadonlyMap<string, Delivered>): void {
    const { revision, lineage } = this.#ports.world;
    const followed = Array.from(told, ([clusterUid, what]) => {
      const served = this.#served.get(clusterUid);
      const revoked = served?.state.follow({ revision, lineage }, what.keys) ?? [];
      return { served, what, revoked };
    });
    const compact = followed.flatMap(({ served }) =>
      served?.stream.compact ? [served.state] : [],
    );
    ClusterState.signedTogether(compact, this.#ports.signer, () => {
      for (const { served, what, revoked } of followed) served?.stream.changed(what, revoked);
    });
  }

  /**
   * A raised epoch or another compiler: what is served here is signed for the time before. Agents come back by themselves
   * and are told by their Welcome; to a replica whose compiler is not the one of the installation they come no more.
   */
  #begunAnew(facts: StateFacts): void {
    if (facts.compilerVersion !== compilerVersion) this.#draining = true;
    for (const { stream } of this.#served.values()) stream.cut(begunAnew());
  }

  /** Another process with the same identity is told to stay away; the same process merely came back. */
  #supersede(clusterUid: string, instanceId: string, sessionEpoch: number): void {
    const old = this.streamOf(clusterUid);
    if (old === undefined) return;
    if (old.sessionEpoch > sessionEpoch) throw takenOver();
    if (old.instanceId === instanceId) old.cut(takenOver());
    else {
      this.#ports.events.fenced(old);
      old.handle({ on: 'superseded', newerSessionEpoch: sessionEpoch });
    }
  }

  #left(agent: AgentStream): void {
    if (!this.#open.delete(agent)) return;
    agent.ended();
    const { clusterUid } = agent.identity;
    if (this.streamOf(clusterUid) === agent) this.#served.delete(clusterUid);
    this.#ports.events.disconnected(agent);
  }

  #refusal(error: unknown, call: AgentCall): AppError {
    const { remote, requestId } = call;
    if (error instanceof AppError && error.kind !== 'internal') {
      this.#ports.logger.warn('an agent was refused', { remote, requestId, error });
      return error;
    }
    this.#ports.logger.error('an agent could not be admitted', { remote, requestId, error });
    return new AppError('internal', 'Something went wrong on our side.', { cause: error });
  }
}

const begunAnew = (): AppError =>
  new AppError('not_ready', 'The state epoch was raised, or another compiler took over.', {
    hint: 'The agent connects again by itself.',
  });

const takenOver = (): AppError =>
  new AppError('already_exists', 'A newer stream of this agent took over.');
