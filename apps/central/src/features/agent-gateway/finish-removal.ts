import type { Clock, Millis } from '@ambit/kernel';
import type { UnitOfWork } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { AgentStream } from './agent-stream.ts';
import { elapsed } from './paced-stream.ts';

export interface FinishRemovalPorts {
  readonly unitOfWork: Pick<UnitOfWork, 'run'>;
  readonly world: Pick<PolicyWorld, 'offer'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Up to which sequence number each audit spool of a cluster is stored. */
  readonly spoolsRead: (clusterUid: string) => Promise<ReadonlyMap<string, number>>;
}

type Emptied = Pick<AgentStream, 'identity' | 'over' | 'spool'>;

/** How often it is looked whether the last events are stored. */
const lookEveryMs: Millis = 100;
/** An agent that does not tell where its events end has told them all when none came for so long. */
const quietMs: Millis = 2_000;
/** An agent that cannot bring its events keeps its identity no longer than this. */
const mostMs: Millis = 30_000;

/**
 * The agent of a removed cluster says that nothing of ours is left there: once the events that tell of it are stored, its
 * identity ends, which cuts its streams. When the stream ends before, nothing is done: the agent comes back with its
 * events and says it again.
 */
export async function finishRemoval(
  ports: FinishRemovalPorts,
  stream: Emptied,
  revision: number,
): Promise<void> {
  if (!(await lastEventsCame(ports, stream, revision))) return;
  const { clusterUid, clusterName } = stream.identity;
  const actor = { kind: 'system', name: 'system/cluster-rm' } as const;
  const { commit } = await ports.unitOfWork.run({ actor }, async (tx) => {
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
  ports.world.offer(commit);
}

/** They come on a connection of their own. False when the stream ended first. */
async function lastEventsCame(
  { clock, spoolsRead }: FinishRemovalPorts,
  stream: Emptied,
  revision: number,
): Promise<boolean> {
  const began = clock.monotonic();
  let moved = { stored: 0, at: began };
  while (!stream.over) {
    const read = await spoolsRead(stream.identity.clusterUid);
    const stored = Array.from(read.values()).reduce((sum, last) => sum + last, 0);
    const now = clock.monotonic();
    if (stored > moved.stored) moved = { stored, at: now };
    const { spool } = stream;
    const told =
      spool === undefined
        ? now - moved.at >= quietMs
        : spool.revision >= revision && (read.get(spool.spoolEpoch) ?? 0) >= spool.sequence;
    if (told || now - began >= mostMs) return !stream.over;
    await elapsed(lookEveryMs);
  }
  return false;
}
