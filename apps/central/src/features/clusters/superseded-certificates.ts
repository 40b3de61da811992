import type { Seldom } from '@ambit/kernel';
import type { AgentIdentity, UnitOfWork } from '@ambit/persistence';

/** Tells that somebody came with a certificate whose successor is in use: a copy of it may be in other hands. */
export class SupersededCertificates {
  readonly #unitOfWork: UnitOfWork;
  readonly #seldom: Seldom;

  constructor(unitOfWork: UnitOfWork, seldom: Seldom) {
    this.#unitOfWork = unitOfWork;
    this.#seldom = seldom;
  }

  /** Records it, for one agent not again before a while. `wanted` is what was refused. */
  async tell(
    { agentUid, clusterName, certificate }: AgentIdentity,
    wanted: 'a stream' | 'a renewal',
  ): Promise<void> {
    const heldBack = this.#seldom.passes(agentUid);
    if (heldBack === undefined) return;
    const actor = { kind: 'anonymous', name: 'anonymous' } as const;
    await this.#unitOfWork.run({ actor }, async (tx) =>
      tx.audit.record({
        type: 'agent.superseded_certificate',
        message: `A certificate of the agent of cluster ${clusterName} that a later one replaced asked for ${wanted} and was refused`,
        cluster: clusterName,
        object: { kind: 'Agent', name: clusterName, uid: agentUid },
        details: { fingerprint: certificate.fingerprint, wanted, heldBack },
      }),
    );
  }
}
