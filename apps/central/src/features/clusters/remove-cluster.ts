import type {
  AgentRevocation,
  ClusterRemoval,
  GainsReleased,
  RemovalsReleased,
} from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { auditRemoved } from '../policy/public.ts';
import type { CommitPolicy } from '../policy/public.ts';
import type { ClusterReader } from './cluster-reader.ts';

interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/** Tells the agent of a cluster something, if it has a stream here. */
export interface AgentCommands {
  /** False when no agent is connected to this replica. */
  releaseRemovals(clusterUid: string): boolean;
  /** False when no agent is connected to this replica. */
  releaseGains(clusterUid: string): boolean;
  connected(clusterUid: string): boolean;
}

/** Takes clusters and agents out of the fleet. */
export class RemoveCluster {
  readonly #commit: CommitPolicy;
  readonly #unitOfWork: UnitOfWork;
  readonly #clusters: ClusterReader;
  readonly #commands: AgentCommands;

  constructor(
    ports: { readonly commit: CommitPolicy; readonly unitOfWork: UnitOfWork },
    clusters: ClusterReader,
    commands: AgentCommands,
  ) {
    this.#commit = ports.commit;
    this.#unitOfWork = ports.unitOfWork;
    this.#clusters = clusters;
    this.#commands = commands;
  }

  /** An empty state goes to the agent; when it has applied it, its identity ends. With `force` nobody is waited for. */
  async execute(caller: Caller, name: string, force: boolean): Promise<ClusterRemoval> {
    const cluster = await this.#clusters.record(name);
    const connected = this.#clusters.connected(cluster.uid);
    const enrolled = cluster.kubeSystemUid !== undefined;
    const dropAgent = force || !enrolled;
    const result = await this.#commit.run({ ...writer(caller), unguarded: true }, async (tx) => {
      auditRemoved(tx, 'Cluster', await tx.clusters.remove(name, { dropReferences: true }));
      if (dropAgent) await revokeAgents(tx, cluster, 'the cluster was removed');
    });
    const state = force && enrolled ? 'forced' : enrolled ? 'removing' : 'removed';
    return {
      kind: 'ClusterRemoval',
      cluster: name,
      state,
      revision: result.revision,
      connected,
      message: messages[state](connected),
    };
  }

  /** Refuses every certificate of the cluster's agents from now on. Throws `not_found`. */
  async revokeAgent(caller: Caller, name: string, reason: string): Promise<AgentRevocation> {
    const cluster = await this.#clusters.record(name);
    const result = await this.#commit.run(writer(caller), async (tx) => {
      return revokeAgents(tx, cluster, reason);
    });
    return { kind: 'AgentRevocation', cluster: name, agents: [...result.value] };
  }

  /** Audited before it is sent: what an agent lets through stands in the trail. Throws `not_found`, `cluster_offline`. */
  async releaseRemovals(caller: Caller, name: string): Promise<RemovalsReleased> {
    const { uid } = await this.#clusters.record(name);
    const { status } = await this.#clusters.get(name);
    if (!this.#clusters.connected(uid)) throw offline(name);
    await this.#unitOfWork.run(writer(caller), async (tx) =>
      tx.audit.record({
        type: 'cluster.removals_released',
        message: `Held removals of cluster ${name} were released`,
        cluster: name,
      }),
    );
    if (!this.#commands.releaseRemovals(uid)) throw offline(name);
    const released = status.heldRemovals ?? 0;
    return {
      kind: 'RemovalsReleased',
      cluster: name,
      released,
      message: released === 0 ? 'No removal was held.' : `${released} removals go through now.`,
    };
  }

  /** Told to the audit trail before it is told to the agent. Throws `not_found`, `cluster_offline`. */
  async releaseGains(caller: Caller, name: string): Promise<GainsReleased> {
    const { uid } = await this.#clusters.record(name);
    const { status } = await this.#clusters.get(name);
    if (!this.#commands.connected(uid)) throw gainsStayHeld(name);
    await this.#unitOfWork.run(writer(caller), async (tx) =>
      tx.audit.record({
        type: 'cluster.gains_released',
        message: `Held gains of cluster ${name} were released`,
        cluster: name,
      }),
    );
    if (!this.#commands.releaseGains(uid)) throw gainsStayHeld(name);
    const released = status.heldGains ?? 0;
    return {
      kind: 'GainsReleased',
      cluster: name,
      released,
      message: released === 0 ? 'No gain was held.' : `${released} gains go through now.`,
    };
  }
}

const offline = (name: string): AppError =>
  new AppError('cluster_offline', `The agent of cluster ${name} is not connected here.`, {
    hint: 'Removals that are held stay held until it comes back.',
    nextCommand: `ambit cluster status ${name}`,
  });

/** Ends every live identity of the cluster and tells of each. Gives their uids. */
async function revokeAgents(
  tx: Transaction,
  { uid, name }: { readonly uid: string; readonly name: string },
  reason: string,
): Promise<readonly string[]> {
  const agents = await tx.agents.revokeCluster(uid, reason);
  for (const agent of agents) {
    tx.audit.record({
      type: 'agent.revoked',
      message: `The agent of cluster ${name} was revoked: ${reason}`,
      cluster: name,
      object: { kind: 'Agent', name, uid: agent },
    });
  }
  return agents;
}

const gainsStayHeld = (name: string): AppError =>
  new AppError('cluster_offline', `The agent of cluster ${name} is not connected here.`, {
    hint: 'Gains that are held stay held until it comes back.',
    nextCommand: `ambit cluster status ${name}`,
  });

const messages: Readonly<Record<ClusterRemoval['state'], (connected: boolean) => string>> = {
  removing: (connected) =>
    connected
      ? 'Everything of ours is being taken out of the cluster; then its agent is refused.'
      : 'The agent is offline: it empties the cluster when it comes back, and is refused then.',
  removed: () => 'It never had an agent; nothing of ours is in the cluster.',
  forced: () =>
    'The agent is refused from now on. What it wrote stays in the cluster: run "ambit-agent uninstall" there.',
};

const writer = ({
  actor,
  requestId,
}: Caller): { actor: ReturnType<typeof auditActor>; requestId: string } => ({
  actor: auditActor(actor),
  requestId,
});
