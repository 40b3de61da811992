import type { AuditActor } from '@ambit/domain';
import { AppError, bytesEqual, Seldom } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { AgentSessionPorts, wire } from '@ambit/protocol';
import { readStanding } from '@ambit/persistence';
import type { Database, NewAuditEvent, Standing, UnitOfWork } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import { heldStanding } from './held-standing.ts';

export interface RefuseAheadPorts {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly world: PolicyWorld;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens what this installation signed. */
  readonly openManifest: AgentSessionPorts['openManifest'];
}

/** Whose state it is; the database may not know the cluster any more. */
export interface StateHolder {
  readonly clusterUid: string;
  readonly clusterName?: string;
}

/** How long a replica may need to read what another one committed. */
const catchUpMs = 3_000;
/** A claim is told, and a proof asked for, once in this time. */
const againAfterMs: Millis = 10 * 60_000;

/**
 * Finds at the Hello that the database was restored: the agent holds a state that the database does not know. With that
 * state's signed manifest as the proof, nothing is committed from then on; a bare claim refuses its own agent and nobody
 * else. Agents leave the proof out while they are welcome, and bring it when they come again after such a refusal.
 */
export class RefuseAhead {
  readonly #ports: RefuseAheadPorts;
  readonly #claims: Seldom;
  readonly #asked: Seldom;

  constructor(ports: RefuseAheadPorts) {
    this.#ports = ports;
    this.#claims = new Seldom(ports.clock, againAfterMs);
    this.#asked = new Seldom(ports.clock, againAfterMs);
  }

  /** Throws `state_ahead`, and `timed_out` when this replica is behind the agent and the database is not. */
  async judge(holder: StateHolder, held: wire.HeldState | null): Promise<void> {
    if (held === null) return;
    const ours = await readStanding(this.#ports.database, held.revision);
    const standing = heldStanding(held, ours);
    if (standing === 'behind') return this.#followed(held, ours);
    if (this.#proves(holder, held)) await this.#remember(holder, held);
    else if (this.#asksForProof(holder, held)) throw refusal(held, ours);
    else if (holder.clusterName === undefined) return;
    else await this.#tellClaim(holder, held, ours);
    throw refusal(held, ours);
  }

  /** An agent may hold what this replica has not heard of yet: answering before would look like a step back. */
  async #followed(held: wire.HeldState, ours: Standing): Promise<void> {
    const { world } = this.#ports;
    if (ours.stateEpoch !== world.facts.stateEpoch) await world.reached(ours.revision, catchUpMs);
    if (held.stateEpoch === ours.stateEpoch) await world.reached(held.revision, catchUpMs);
  }

  /** Once in a while: who comes without it again has none. */
  #asksForProof({ clusterUid }: StateHolder, { manifest }: wire.HeldState): boolean {
    return manifest === null && this.#asked.passes(clusterUid) !== undefined;
  }

  #proves({ clusterUid }: StateHolder, held: wire.HeldState): boolean {
    if (held.manifest === null) return false;
    const opened = this.#ports.openManifest(held.manifest);
    if (!opened.ok) return false;
    const { value } = opened;
    return (
      value.clusterUid === clusterUid &&
      value.stateEpoch === held.stateEpoch &&
      value.revision === held.revision &&
      bytesEqual(value.lineage, held.lineage)
    );
  }

  async #remember(holder: StateHolder, held: wire.HeldState): Promise<void> {
    const { unitOfWork, logger } = this.#ports;
    const { clusterUid, clusterName } = holder;
    const { stateEpoch: heldEpoch, revision: heldRevision } = held;
    const proof = {
      holder: clusterName === undefined ? `cluster ${clusterUid}, unknown here` : clusterUid,
      ...(clusterName === undefined ? {} : { cluster: clusterName }),
      heldEpoch,
      heldRevision,
    };
    await unitOfWork.run({ actor: actorOf(holder) }, async (tx) => {
      const ahead = await tx.installation.proveAhead(
        proof,
        (ours) => heldStanding(held, ours) !== 'behind',
      );
      if (ahead === undefined) return;
      const { stateEpoch, revision } = ahead;
      logger.error('an agent proved to hold a newer state than the database', { ...ahead });
      tx.audit.record({
        type: 'installation.state_ahead',
        message: `The agent of ${nameOf(holder)} holds revision ${heldRevision} of epoch ${heldEpoch}, which this database does not know: it was restored. No change is taken until the epoch is raised`,
        ...clusterOf(holder),
        result: { code: 'state_ahead' },
        details: { heldEpoch, heldRevision, stateEpoch, revision },
      });
    });
  }

  /** Anybody can claim; it is told, but not each time that the agent dials. */
  async #tellClaim(holder: StateHolder, held: wire.HeldState, ours: Standing): Promise<void> {
    const { unitOfWork, logger } = this.#ports;
    if (this.#claims.passes(holder.clusterUid) === undefined) return;
    const { stateEpoch: heldEpoch, revision: heldRevision } = held;
    const facts = { heldEpoch, heldRevision, stateEpoch: ours.stateEpoch, revision: ours.revision };
    logger.error('an agent claims a newer state than the database and proves nothing', {
      cluster: nameOf(holder),
      ...facts,
    });
    await unitOfWork.run({ actor: actorOf(holder) }, async (tx) =>
      tx.audit.record({
        type: 'cluster.state_refused',
        message: `The agent of ${nameOf(holder)} claims revision ${heldRevision} of epoch ${heldEpoch}, newer than the database, without a manifest that central signed; it was refused`,
        ...clusterOf(holder),
        result: { code: 'state_ahead' },
        details: facts,
      }),
    );
  }
}

const nameOf = ({ clusterName, clusterUid }: StateHolder): string =>
  clusterName === undefined
    ? `a cluster that is not known here (${clusterUid})`
    : `cluster ${clusterName}`;

const clusterOf = ({ clusterName }: StateHolder): Pick<NewAuditEvent, 'cluster'> =>
  clusterName === undefined ? {} : { cluster: clusterName };

const actorOf = ({ clusterName }: StateHolder): AuditActor =>
  clusterName === undefined
    ? { kind: 'anonymous', name: 'anonymous' }
    : { kind: 'agent', name: `agent/${clusterName}` };

function refusal(held: wire.HeldState, ours: Standing): AppError {
  return new AppError(
    'state_ahead',
    `The agent holds revision ${held.revision} of epoch ${held.stateEpoch}, and central's database is at revision ${ours.revision} of epoch ${ours.stateEpoch}.`,
    {
      why: 'The database of central was restored to an older state.',
      hint: 'Access stays as it is. Raise the epoch on the machine of central; the agent then goes on by itself.',
      nextCommand: 'ambit-central epoch raise',
    },
  );
}
