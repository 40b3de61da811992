import type {
  AgentRevocation,
  ClusterRemoval,
  ClusterStatus,
  GainsReleased,
  RemovalsReleased,
} from '@ambit/contracts';
import { AppError, counted } from '@ambit/kernel';
import type { AgentOrder, NewAuditEvent, Transaction } from '@ambit/persistence';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { requireRight } from '../policy/public.ts';
import type { CommitPolicy, Connections } from '../policy/public.ts';
import { auditClusterRemoved } from './cluster-kind.ts';
import type { ClusterReader } from './cluster-reader.ts';

interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/** Takes clusters and agents out of the fleet. */
export class RemoveCluster {
  readonly #commit: CommitPolicy;
  readonly #clusters: ClusterReader;
  readonly #connections: Pick<Connections, 'among'>;

  constructor(
    commit: CommitPolicy,
    clusters: ClusterReader,
    connections: Pick<Connections, 'among'>,
  ) {
    this.#commit = commit;
    this.#clusters = clusters;
    this.#connections = connections;
  }

  /** An empty state goes to the agent; when it has applied it, its identity ends. With `force` nobody is waited for. */
  async execute(caller: Caller, name: string, force: boolean): Promise<ClusterRemoval> {
    const cluster = await this.#clusters.record(name);
    const connected = await this.#connected(cluster.uid);
    const enrolled = cluster.kubeSystemUid !== undefined;
    const dropAgent = force || !enrolled;
    const result = await this.#commit.run({ ...writer(caller), unguarded: true }, async (tx) => {
      auditClusterRemoved(tx, await tx.clusters.remove(name, { dropReferences: true }));
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
    const writes = writer(caller);
    const result = await this.#commit.run(writes, async (tx) => {
      await requireRight(tx, writes.actor, 'agents:write');
      return revokeAgents(tx, cluster, reason);
    });
    return { kind: 'AgentRevocation', cluster: name, agents: [...result.value] };
  }

  /** Throws `not_found`, and `cluster_offline` when its agent has a stream to no replica. */
  async releaseRemovals(caller: Caller, name: string): Promise<RemovalsReleased> {
    const status = await this.#order(caller, name, {
      word: 'release_removals',
      event: {
        type: 'cluster.removals_released',
        message: `Held removals of cluster ${name} were released`,
      },
      held: 'Removals',
    });
    const released = status.heldRemovals ?? 0;
    return {
      kind: 'RemovalsReleased',
      cluster: name,
      released,
      message:
        released === 0
          ? 'No removal was held.'
          : `${counted(released, 'removal goes', 'removals go')} through now.`,
    };
  }

  /** Throws `not_found`, and `cluster_offline` when its agent has a stream to no replica. */
  async releaseGains(caller: Caller, name: string): Promise<GainsReleased> {
    const status = await this.#order(caller, name, {
      word: 'release_gains',
      event: {
        type: 'cluster.gains_released',
        message: `Held gains of cluster ${name} were released`,
      },
      held: 'Gains',
    });
    const released = status.heldGains ?? 0;
    return {
      kind: 'GainsReleased',
      cluster: name,
      released,
      message:
        released === 0
          ? 'No gain was held.'
          : `${counted(released, 'gain goes', 'gains go')} through now.`,
    };
  }

  /** Audited with the order: whichever replica holds the stream gives it on when it is committed. */
  async #order(
    caller: Caller,
    name: string,
    order: {
      readonly word: AgentOrder['word'];
      readonly event: Pick<NewAuditEvent, 'type' | 'message'>;
      readonly held: string;
    },
  ): Promise<ClusterStatus> {
    const { uid } = await this.#clusters.record(name);
    const { status } = await this.#clusters.get(name);
    if (!(await this.#connected(uid))) throw offline(name, order.held);
    const writes = writer(caller);
    await this.#commit.run(writes, async (tx) => {
      await requireRight(tx, writes.actor, 'clusters:write');
      tx.agents.order({ clusterUid: uid, word: order.word });
      tx.audit.record({ ...order.event, cluster: name });
    });
    return status;
  }

  async #connected(clusterUid: string): Promise<boolean> {
    return (await this.#connections.among([clusterUid])).has(clusterUid);
  }
}

const offline = (name: string, held: string): AppError =>
  new AppError('cluster_offline', `The agent of cluster ${name} is not connected.`, {
    hint: `${held} that are held stay held until it comes back.`,
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
