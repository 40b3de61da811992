import type { UnitOfWork } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { AgentStream } from './agent-stream.ts';

/** The last audit events of the agent come on a connection of their own: they get this long to arrive. */
const lastEventsMs = 2_000;

/** The agent of a removed cluster says that nothing of ours is left there: its identity ends, which cuts its streams. */
export async function finishRemoval(
  { unitOfWork, world }: { readonly unitOfWork: UnitOfWork; readonly world: PolicyWorld },
  { identity }: Pick<AgentStream, 'identity'>,
): Promise<void> {
  const { clusterUid, clusterName } = identity;
  await new Promise((resolve) => setTimeout(resolve, lastEventsMs));
  const actor = { kind: 'system', name: 'system/cluster-rm' } as const;
  const { commit } = await unitOfWork.run({ actor }, async (tx) => {
    const agents = await tx.agents.revokeCluster(clusterUid, 'the cluster was removed');
    for (const uid of agents) {
      tx.audit.record({
        type: 'agent.revoked',
        message: `Cluster ${clusterName} is empty of everything ours; its agent is refused from now on`,
        cluster: clusterName,
        object: { kind: 'Agent', name: clusterName, uid },
      });
    }
  });
  world.offer(commit);
}
