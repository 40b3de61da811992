import type { AgentIdentity, UnitOfWork } from '@ambit/persistence';
import { Gathered } from '../../platform/gathered.ts';
import { agentActor } from './admit-known.ts';

/** A session that was opened and is over. */
export interface Departed {
  readonly identity: Pick<AgentIdentity, 'clusterUid' | 'clusterName'>;
  readonly sessionEpoch: number;
}

/** Ends the sessions of agents that are gone, with an audit event each; of those that go together in one transaction. */
export class Departures {
  readonly #gathered: Gathered<Departed, true>;

  constructor(unitOfWork: Pick<UnitOfWork, 'run'>) {
    const actor = { kind: 'system', name: 'system/agents' } as const;
    this.#gathered = new Gathered(async (departed) => {
      await unitOfWork.run({ actor }, async (tx) => {
        await tx.agents.endSessions(
          departed.map(({ identity: { clusterUid }, sessionEpoch }) => ({
            clusterUid,
            sessionEpoch,
          })),
        );
        for (const { identity } of departed) {
          const { clusterName } = identity;
          tx.audit.record({
            type: 'cluster.disconnected',
            message: `The agent of cluster ${clusterName} disconnected`,
            cluster: clusterName,
            actor: agentActor(clusterName),
          });
        }
      });
      return departed.map(() => true as const);
    });
  }

  /** Resolves when it is stored. */
  async ended(departed: Departed): Promise<void> {
    await this.#gathered.add(departed);
  }

  /** Waits for nobody else: resolves when all that were told are stored or could not be. */
  settled(): Promise<void> {
    return this.#gathered.settled();
  }
}
